import Bytes
import Platform
import Vocabulary

/// What a server says about a request that it did not do.
struct S3Fault: Sendable {
    let status: Int
    /// The word that S3 has for it; empty where the answer has none, as to a HEAD.
    let code: String
    /// The server's sentence.
    let text: String
    /// The region to ask in instead.
    let region: String?
    /// The server's clock.
    let serverTime: Timestamp?

    init(_ response: HTTPResponse) {
        let document = try? XMLElement(parsing: response.body)
        let error = document?.name == "Error" ? document : document?["Error"]
        self.init(
            status: response.status, error: error, headers: response.headers,
            isRegionWrong: response.status == 301 || response.status == 307
                || response.status == 400)
    }

    /// The fault in the body of an answer that began as a success.
    init(inside document: XMLElement) {
        self.init(status: 200, error: document, headers: HTTPHeaders(), isRegionWrong: false)
    }

    private init(
        status: Int, error: XMLElement?, headers: HTTPHeaders, isRegionWrong: Bool
    ) {
        self.status = status
        code = error?["Code"]?.text ?? ""
        text = error?["Message"]?.text ?? ""
        let named = headers["x-amz-bucket-region"] ?? error?["Region"]?.text
        region = isRegionWrong ? named.flatMap { $0.isEmpty ? nil : $0 } : nil
        serverTime =
            error?["ServerTime"].flatMap { Timestamp($0.text) }
            ?? headers["date"].flatMap(S3Fault.moment)
    }

    /// Whether the same request may be granted a moment later.
    var isTransient: Bool {
        if status == 501 { return false }
        return status >= 500 || status == 429 || status == 408 || code == "RequestTimeout"
            || code == "SlowDown" || code == "InternalError" || code == "ServiceUnavailable"
            || code == "ConditionalRequestConflict" || code == "OperationAborted"
    }

    var isExpiredToken: Bool {
        ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"].contains(code)
    }

    /// Whether it says that a condition does not hold.
    var isUnmetCondition: Bool { status == 412 }

    /// Whether the object is missing, and not its bucket.
    var isMissingObject: Bool { status == 404 && code != "NoSuchBucket" }

    /// Whether the server does not know what was asked for.
    var isUnsupported: Bool { status == 501 || code == "NotImplemented" }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, as HTTP writes times.
    static func moment(_ text: String) -> Timestamp? {
        let parts = text.split(separator: " ")
        let months = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ]
        guard parts.count == 6, let month = months.firstIndex(of: String(parts[2])) else {
            return nil
        }
        let number = month + 1 < 10 ? "0\(month + 1)" : "\(month + 1)"
        return Timestamp("\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z")
    }
}

extension S3Fault {
    /// The error for people: `purpose` was refused by the remote called `title`.
    func storeError(_ purpose: String, _ client: S3Client) -> StoreError {
        let title = client.title
        let (reason, advice) = explanation(client)
        let kind: StoreError.Kind =
            status >= 500 && !isUnsupported ? .remoteUnreachable : .remoteRefused
        return StoreError(
            kind, "cannot \(purpose) on remote '\(title)': \(reason)", subject: title,
            advice: advice, safety: "what had been sent is not sent twice",
            cause: isUnsupported ? UnsupportedByRemote() : nil)
    }

    private func explanation(_ client: S3Client) -> (reason: String, advice: String?) {
        let bucket = client.settings.bucket
        switch code {
        case "InvalidAccessKeyId", "SignatureDoesNotMatch":
            return (
                "the keys are wrong (\(status) \(code))",
                "check the access key and the secret key, and that they are for this server"
            )
        case _ where isExpiredToken:
            return ("the session's token has expired", "log in again, then run the command again")
        case "InvalidToken": return ("the session's token is not valid", "log in again")
        case "NoSuchBucket":
            return (
                "there is no bucket '\(bucket)'",
                "check its name, and the server in 'remote.NAME.endpoint'; mlstore makes no buckets"
            )
        case "RequestTimeTooSkewed", "RequestExpired":
            return (skew(client), "set this machine's clock right, then run the command again")
        case "NotImplemented":
            return ("the server cannot do this (501)", "set 'remote.NAME.writers' to \"one\"")
        default: break
        }
        if status == 403 || status == 401 {
            return (
                "access denied (\(status)\(code.isEmpty ? "" : " \(word)"))",
                client.settings.isAnonymous
                    ? "without keys only public buckets can be read"
                    : "the keys need the rights s3:ListBucket on '\(bucket)' and s3:GetObject, "
                        + "s3:PutObject and s3:DeleteObject on what is in it"
            )
        }
        let said = text.isEmpty ? "" : ": \(printable(Array(text.prefix(200).utf8)))"
        return ("the server answered \(status)\(code.isEmpty ? "" : " \(word)")\(said)", nil)
    }

    private var word: String { printable(Array(code.prefix(64).utf8)) }

    private func skew(_ client: S3Client) -> String {
        guard let serverTime else { return "this machine's clock is wrong" }
        let seconds =
            (client.surroundings.clock.now().milliseconds - serverTime.milliseconds) / 1000
        let size = abs(seconds)
        let amount =
            size >= 7200
            ? "\(size / 3600) hours" : size >= 120 ? "\(size / 60) minutes" : "\(size) s"
        return
            "this machine's clock is \(amount) \(seconds < 0 ? "behind" : "ahead of") the server's"
    }
}
