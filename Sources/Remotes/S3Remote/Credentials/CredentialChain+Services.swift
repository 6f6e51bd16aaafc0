import Bytes
import Platform
import Vocabulary

/// Credentials that a service gives out: STS, IAM Identity Center, the container, the machine.
extension CredentialChain {
    // MARK: - Roles

    func fromWebIdentity() throws -> AWSCredentials? {
        guard let file = variable("AWS_WEB_IDENTITY_TOKEN_FILE"),
            let role = variable("AWS_ROLE_ARN")
        else { return nil }
        return try assumeRole(
            role, session: variable("AWS_ROLE_SESSION_NAME") ?? "mlstore", tokenFile: file)
    }

    func assumeRole(_ role: String, session: String, tokenFile: String) throws -> AWSCredentials {
        let token = try surroundings.disk.readFile(DiskPath(tokenFile), maximumBytes: 1 << 16)
        let text = String(decoding: token, as: UTF8.self).filter { !$0.isWhitespace }
        let request = try tokenService([
            ("Action", "AssumeRoleWithWebIdentity"), ("RoleArn", role),
            ("RoleSessionName", session), ("WebIdentityToken", text),
        ])
        return try roleCredentials(request, in: "AssumeRoleWithWebIdentityResult", role)
    }

    func assumeRole(
        _ role: String, session: String, externalID: String?, as source: AWSCredentials
    ) throws -> AWSCredentials {
        var fields = [("Action", "AssumeRole"), ("RoleArn", role), ("RoleSessionName", session)]
        if let externalID { fields.append(("ExternalId", externalID)) }
        var request = try tokenService(fields)
        guard case .bytes(let body) = request.body else { throw StoreError.noCredentials() }
        SignatureV4(
            credentials: source, region: region, service: "sts", moment: surroundings.clock.now()
        ).sign(&request, payload: sha256(body).hex)
        return try roleCredentials(request, in: "AssumeRoleResult", role)
    }

    private func tokenService(_ fields: [(String, String)]) throws -> HTTPRequest {
        let place =
            variable("AWS_ENDPOINT_URL_STS") ?? variable("AWS_ENDPOINT_URL")
            ?? "https://sts.\(region).amazonaws.com"
        guard let url = HTTPURL(place) else {
            throw StoreError.badCredentials("the endpoint of STS is no URL")
        }
        let form = SignatureV4.query(
            ([("Version", "2011-06-15")] + fields).map { (name: $0.0, value: $0.1) })
        var request = HTTPRequest(.post, url, body: .bytes(Array(form.utf8)))
        request.headers["content-type"] = "application/x-www-form-urlencoded"
        return request
    }

    private func roleCredentials(
        _ request: HTTPRequest, in result: String, _ role: String
    ) throws -> AWSCredentials {
        let response = try ask(request, "STS")
        let document = try? XMLElement(parsing: response.body)
        guard response.isSuccess, let found = document?[result]?["Credentials"],
            let access = found["AccessKeyId"]?.text, let secret = found["SecretAccessKey"]?.text
        else {
            let code = document?["Error"]?["Code"]?.text ?? "status \(response.status)"
            throw StoreError.badCredentials(
                "STS refused role '\(printed(role))' (\(printed(code)))")
        }
        return AWSCredentials(
            accessKey: access, secretKey: secret, sessionToken: found["SessionToken"]?.text,
            expiry: found["Expiration"].flatMap { CredentialChain.moment($0.text) })
    }

    // MARK: - IAM Identity Center

    /// By the token that `aws sso login` left in `~/.aws/sso/cache`.
    func fromSSO(_ settings: [String: String], _ name: String) throws -> AWSCredentials? {
        let session = settings["sso_session"].flatMap { profiles.sessions[$0] } ?? settings
        guard let start = session["sso_start_url"], let region = session["sso_region"],
            let account = settings["sso_account_id"], let role = settings["sso_role_name"]
        else { return nil }
        guard let token = try ssoToken(of: start) else {
            throw StoreError.badCredentials(
                "the login of profile '\(printed(name))' has ended or was never made",
                advice: "run 'aws sso login --profile \(name)'")
        }
        let place =
            variable("AWS_ENDPOINT_URL_SSO") ?? "https://portal.sso.\(region).amazonaws.com"
        guard var url = HTTPURL(place) else {
            throw StoreError.badCredentials("the endpoint of SSO is no URL")
        }
        url.path = "/federation/credentials"
        url.query = SignatureV4.query([("account_id", account), ("role_name", role)])
        var request = HTTPRequest(.get, url)
        request.secrets["x-amz-sso_bearer_token"] = token
        let response = try ask(request, "IAM Identity Center")
        guard response.isSuccess, let value = try? JSONValue(parsing: response.body),
            let found = value["roleCredentials"].flatMap({
                CredentialChain.credentials(
                    $0, access: "accessKeyId", secret: "secretAccessKey", token: "sessionToken",
                    expiry: "expiration")
            })
        else {
            throw StoreError.badCredentials(
                "IAM Identity Center refused profile '\(printed(name))' (status \(response.status))",
                advice: "run 'aws sso login --profile \(name)'")
        }
        return found
    }

    private func ssoToken(of start: String) throws -> String? {
        guard let folder = surroundings.home.map({ $0 / ".aws/sso/cache" }),
            let entries = try? surroundings.disk.entries(of: folder)
        else { return nil }
        let now = surroundings.clock.now()
        for entry in entries.sorted(by: { $0.name.precedes($1.name) }) {
            guard
                let bytes = try? surroundings.disk.readFile(
                    folder.appending(entry.name), maximumBytes: 1 << 16),
                let value = try? JSONValue(parsing: bytes), value["startUrl"]?.stringValue == start,
                let token = value["accessToken"]?.stringValue,
                let end = value["expiresAt"]?.stringValue.flatMap(CredentialChain.moment),
                now < end
            else { continue }
            return token
        }
        return nil
    }

    // MARK: - Containers and machines

    func fromContainer() throws -> AWSCredentials? {
        let url: HTTPURL?
        if let path = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") {
            url = HTTPURL("http://169.254.170.2" + path)
        } else if let full = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") {
            url = HTTPURL(full)
            // Who else would hear the token.
            let near = ["127.0.0.1", "localhost", "::1", "169.254.170.2", "169.254.170.23"]
            guard let url, url.isSecure || near.contains(url.host) || url.host == "fd00:ec2::23"
            else {
                throw StoreError.badCredentials(
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI is neither https nor on this machine")
            }
        } else {
            return nil
        }
        guard let url else {
            throw StoreError.badCredentials("AWS_CONTAINER_CREDENTIALS_… is no URL")
        }
        var request = quick(HTTPRequest(.get, url))
        if let file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            let token = try surroundings.disk.readFile(DiskPath(file), maximumBytes: 1 << 16)
            request.secrets["authorization"] = String(decoding: token, as: UTF8.self)
                .filter { !$0.isNewline }
        } else if let token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
            request.secrets["authorization"] = token
        }
        let response = try ask(request, "the container's service", isNear: true)
        guard response.isSuccess, let found = CredentialChain.machineCredentials(response.body)
        else {
            throw StoreError.badCredentials(
                "the container's service gave none (status \(response.status))")
        }
        return found
    }

    /// The role of an EC2 machine, by the second version of its metadata service; nil on other
    /// machines, which costs at most a second.
    func fromInstance() throws -> AWSCredentials? {
        guard variable("AWS_EC2_METADATA_DISABLED")?.lowercased() != "true",
            let base = HTTPURL(
                variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? "http://169.254.169.254")
        else { return nil }
        var request = quick(HTTPRequest(.put, base))
        request.url.path = "/latest/api/token"
        request.headers["x-aws-ec2-metadata-token-ttl-seconds"] = "21600"
        guard let token = try? direct.send(request), token.isSuccess else { return nil }
        request = quick(HTTPRequest(.get, base))
        request.secrets["x-aws-ec2-metadata-token"] = String(decoding: token.body, as: UTF8.self)
        request.url.path = "/latest/meta-data/iam/security-credentials/"
        let roles = try ask(request, "the machine's metadata service", isNear: true)
        let text = String(decoding: roles.body, as: UTF8.self)
        guard roles.isSuccess, let role = text.split(whereSeparator: \.isNewline).first else {
            return nil
        }
        request.url.path += PercentEncoding.encode(role.utf8)
        let response = try ask(request, "the machine's metadata service", isNear: true)
        guard response.isSuccess, let found = CredentialChain.machineCredentials(response.body)
        else {
            throw StoreError.badCredentials(
                "the machine's role '\(printed(String(role)))' gave none")
        }
        return found
    }

    private static func machineCredentials(_ body: [UInt8]) -> AWSCredentials? {
        (try? JSONValue(parsing: body)).flatMap {
            credentials(
                $0, access: "AccessKeyId", secret: "SecretAccessKey", token: "Token",
                expiry: "Expiration")
        }
    }

    /// These answer at once or not at all.
    private func quick(_ request: HTTPRequest) -> HTTPRequest {
        var request = request
        request.connectMilliseconds = 1000
        request.totalMilliseconds = 3000
        return request
    }

    private func ask(
        _ request: HTTPRequest, _ whom: String, isNear: Bool = false
    ) throws -> HTTPResponse {
        var attempt = 1
        while true {
            do throws(HTTPFailure) {
                let response = try (isNear ? direct : transport).send(request)
                guard response.status >= 500, attempt < 3 else { return response }
            } catch {
                guard error.isTransient, attempt < 3 else {
                    throw error.storeError(
                        "cannot get credentials from \(whom)", place: request.url.description)
                }
            }
            try surroundings.backoff.wait(after: attempt)
            attempt += 1
        }
    }
}
