import Bytes
package import Vocabulary

/// Keys that sign requests to AWS and to stores that are like it.
package struct AWSCredentials: Hashable, Sendable {
    /// The public half.
    package var accessKey: String
    /// The secret half: never shown.
    package var secretKey: String
    /// Of a session that ends; sent along, and as secret as the key.
    package var sessionToken: String?
    /// When they end; nil: never.
    package var expiry: Timestamp?

    /// Makes credentials.
    package init(
        accessKey: String, secretKey: String, sessionToken: String? = nil, expiry: Timestamp? = nil
    ) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.expiry = expiry
    }
}

extension AWSCredentials: CustomStringConvertible, CustomDebugStringConvertible {
    /// Without anything secret, whoever prints it.
    package var description: String { "credentials" }
    package var debugDescription: String { description }
}

/// AWS's signature, version 4, in the header `Authorization`.
package struct SignatureV4: Sendable {
    /// Whose keys.
    package var credentials: AWSCredentials
    /// For which region.
    package var region: String
    /// For which service: `s3`, `sts`.
    package var service: String
    /// When, by the signer's clock; servers allow a difference of 15 minutes.
    package var moment: Timestamp

    /// What stands for the digest of a body that is not signed.
    package static let unsignedPayload = "UNSIGNED-PAYLOAD"

    /// Makes a signer.
    package init(
        credentials: AWSCredentials, region: String, service: String, moment: Timestamp
    ) {
        self.credentials = credentials
        self.region = region
        self.service = service
        self.moment = moment
    }

    /// Signs the request with all of its headers, the host and the time; `payload` is the digest of
    /// the body in hexadecimal, or `unsignedPayload`. For `s3` the payload is sent as a header
    /// too, and the path is taken as it is sent; for others it is encoded once more.
    package func sign(_ request: inout HTTPRequest, payload: String) {
        request.headers["x-amz-date"] = time
        if service == "s3" { request.headers["x-amz-content-sha256"] = payload }
        if let token = credentials.sessionToken { request.secrets["x-amz-security-token"] = token }
        let text = canonicalRequest(request, payload: payload)
        let names = signedHeaders(request).map(\.name).joined(separator: ";")
        request.secrets["authorization"] =
            "AWS4-HMAC-SHA256 Credential=\(credentials.accessKey)/\(scope), "
            + "SignedHeaders=\(names), Signature=\(signature(of: text))"
    }

    /// The text whose digest is signed.
    package func canonicalRequest(_ request: HTTPRequest, payload: String) -> String {
        let headers = signedHeaders(request)
        let path =
            service == "s3"
            ? request.url.path : PercentEncoding.encode(request.url.path.utf8, keeping: "/")
        let lines =
            [request.method.rawValue, path, request.url.query]
            + headers.map { "\($0.name):\($0.value)" }
            + ["", headers.map(\.name).joined(separator: ";"), payload]
        return lines.joined(separator: "\n")
    }

    /// The signature of a canonical request.
    package func signature(of canonicalRequest: String) -> String {
        let text = [
            "AWS4-HMAC-SHA256", time, scope, sha256(Array(canonicalRequest.utf8)).hex,
        ].joined(separator: "\n")
        var key = Array("AWS4\(credentials.secretKey)".utf8)
        for part in [day, region, service, "aws4_request"] {
            key = hmacSHA256(key: key, Array(part.utf8)).bytes
        }
        return hmacSHA256(key: key, Array(text.utf8)).hex
    }

    /// A query in the order and the encoding that are signed; it is sent in the same form.
    package static func query(_ items: [(name: String, value: String)]) -> String {
        items.map {
            (PercentEncoding.encode($0.name.utf8), PercentEncoding.encode($0.value.utf8))
        }
        .sorted {
            $0.0 == $1.0
                ? $0.1.utf8.lexicographicallyPrecedes($1.1.utf8)
                : $0.0.utf8.lexicographicallyPrecedes($1.0.utf8)
        }
        .map { "\($0)=\($1)" }.joined(separator: "&")
    }

    private func signedHeaders(_ request: HTTPRequest) -> [(name: String, value: String)] {
        let all = [("host", request.url.authority)] + request.headers.list + request.secrets.list
        return all.map { ($0.0.lowercased(), SignatureV4.folded($0.1)) }
            .filter { $0.0 != "authorization" && $0.0 != "user-agent" }
            .sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
            .map { (name: $0.0, value: $0.1) }
    }

    /// Without blanks at the ends, and with one for several.
    private static func folded(_ value: String) -> String {
        value.split { $0 == " " || $0 == "\t" }.joined(separator: " ")
    }

    private var scope: String { "\(day)/\(region)/\(service)/aws4_request" }
    private var day: String { String(time.prefix(8)) }

    /// `20260131T120000Z`.
    private var time: String {
        moment.description.prefix(19).filter { $0 != "-" && $0 != ":" } + "Z"
    }
}
