import Bytes
import Platform
import Remotes
import Synchronization
import TestSupport
import Testing
import Vocabulary

/// Where keys come from: seen by the key that the first request is signed with.
@Suite struct AWSCredentialTests {
    /// Answers requests to services by what stands in their URL or body, and notes who asked.
    private final class Services: HTTPTransport {
        let answers: [(part: String, answer: String)]
        private let seen = Mutex<[HTTPRequest]>([])

        init(_ answers: [(String, String)] = []) {
            self.answers = answers.map { (part: $0.0, answer: $0.1) }
        }

        var requests: [HTTPRequest] { seen.withLock { $0 } }

        func send(_ request: HTTPRequest) throws(HTTPFailure) -> HTTPResponse {
            seen.withLock { $0.append(request) }
            var text = "\(request.method.rawValue) \(request.url.text) "
            if case .bytes(let bytes) = request.body {
                text += String(decoding: bytes, as: UTF8.self)
            }
            if request.url.host == "bucket" || text.contains("/bucket") {
                return HTTPResponse(status: 404, url: request.url)
            }
            guard let found = answers.first(where: { text.contains($0.part) }) else {
                throw HTTPFailure(.cannotConnect, "nobody there")
            }
            return HTTPResponse(status: 200, body: Array(found.answer.utf8), url: request.url)
        }
    }

    /// The access key that signs, with these variables and files.
    private func key(
        _ variables: [String: String] = [:], files: [String: String] = [:],
        services: Services = Services(), profile: String? = nil
    ) throws -> String {
        try withTemporaryFolder { folder in
            for (name, text) in files {
                let path = folder / name
                try LocalDisk().makeDirectories(path.parent)
                try writeAtomically(
                    Array(
                        text.split(separator: "HOME", omittingEmptySubsequences: false)
                            .joined(separator: "\(folder)").utf8), to: path, on: LocalDisk(),
                    durable: false)
            }
            var own = variables
            for (name, value) in variables where value.hasPrefix("HOME") {
                own[name] = "\(folder)" + value.dropFirst(4)
            }
            var settings = S3Settings(bucket: "bucket")
            settings.endpoint = "http://server"
            settings.profile = profile
            let remote = try S3Remote(
                settings,
                .forTests(variables: own, home: folder, transport: services, clock: .forTests))
            _ = try remote.size(try remoteName("f"))
            let signed = services.requests.last?.secrets["authorization"] ?? ""
            return String(signed.split(separator: "=")[1].prefix { $0 != "/" })
        }
    }

    private static let config = """
        [default]
        region = eu-central-1
        [profile team]
        credential_process = /bin/echo '{"AccessKeyId":"PROCESS","SecretAccessKey":"s"}'
        [profile role]
        role_arn = arn:aws:iam::1:role/r
        source_profile = base
        [profile loop]
        role_arn = arn:aws:iam::1:role/r
        source_profile = loop2
        [profile loop2]
        role_arn = arn:aws:iam::1:role/r
        source_profile = loop
        [profile web]
        role_arn = arn:aws:iam::1:role/w
        web_identity_token_file = HOME/token
        [profile login]
        sso_session = one
        sso_account_id = 1
        sso_role_name = r
        [sso-session one]
        sso_start_url = https://x.example/start
        sso_region = us-east-1
        """
    private static let credentials = """
        [default]
        aws_access_key_id = SHARED
        aws_secret_access_key = s
        [base]
        aws_access_key_id = BASE
        aws_secret_access_key = s
        """
    private static let files = [
        ".aws/config": config, ".aws/credentials": credentials, "token": "w3b\n",
    ]

    private static func role(_ name: String, _ key: String) -> String {
        """
        <\(name)Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><\(name)Result><Credentials>
        <AccessKeyId>\(key)</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
        <SessionToken>t</SessionToken><Expiration>2027-01-01T00:00:00Z</Expiration>
        </Credentials></\(name)Result></\(name)Response>
        """
    }

    @Test func `the environment comes first, then the default profile`() throws {
        let variables = ["AWS_ACCESS_KEY_ID": "ENV", "AWS_SECRET_ACCESS_KEY": "s"]
        #expect(try key(variables, files: Self.files) == "ENV")
        #expect(try key(files: Self.files) == "SHARED")
        #expect(try key(variables, files: Self.files, profile: "base") == "BASE")
        #expect(try key(["AWS_PROFILE": "base"], files: Self.files) == "BASE")
        let half = #expect(throws: StoreError.self) { try key(["AWS_ACCESS_KEY_ID": "ENV"]) }
        #expect(half?.kind == .remoteRefused)
    }

    @Test func `a profile may name a program, a role, a token or a login`() throws {
        #expect(try key(files: Self.files, profile: "team") == "PROCESS")
        let services = Services([
            ("Action=AssumeRole&", Self.role("AssumeRole", "ROLE")),
            ("Action=AssumeRoleWithWebIdentity", Self.role("AssumeRoleWithWebIdentity", "WEB")),
            (
                "/federation/credentials?account_id=1&role_name=r",
                """
                {"roleCredentials":{"accessKeyId":"SSO","secretAccessKey":"s","sessionToken":"t",
                "expiration":1800000000000}}
                """
            ),
        ])
        #expect(try key(files: Self.files, services: services, profile: "role") == "ROLE")
        #expect(try key(files: Self.files, services: services, profile: "web") == "WEB")
        var files = Self.files
        files[".aws/sso/cache/0a.json"] = """
            {"startUrl":"https://x.example/start","accessToken":"l0gin","expiresAt":"2026-06-01T00:00:00Z"}
            """
        #expect(try key(files: files, services: services, profile: "login") == "SSO")
        let sent = services.requests.compactMap { $0.secrets["x-amz-sso_bearer_token"] }
        #expect(sent == ["l0gin"])
        #expect(services.requests.allSatisfy { !$0.url.text.contains("w3b") })
    }

    @Test func `what cannot work is said, without secrets`() throws {
        for (profile, word) in [
            ("nobody", "does not exist"), ("loop", "in circles"), ("login", "has ended"),
        ] {
            let error = #expect(throws: StoreError.self) {
                _ = try key(files: Self.files, profile: profile)
            }
            #expect(
                error?.message.contains(word) == true, "\(profile): \(String(describing: error))")
            #expect(error?.kind == .remoteRefused)
        }
        let refused = Services([
            (
                "Action=AssumeRole&",
                "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>"
            )
        ])
        let error = #expect(throws: StoreError.self) {
            _ = try key(files: Self.files, services: refused, profile: "role")
        }
        #expect(error?.message.contains("AccessDenied") == true)
        let none = #expect(throws: StoreError.self) { _ = try key() }
        #expect(none?.advice?.contains("AWS_ACCESS_KEY_ID") == true)
    }

    @Test func `roles of a web identity, a container and a machine are used`() throws {
        let machine = """
            {"AccessKeyId":"NEAR","SecretAccessKey":"s","Token":"t","Expiration":"2027-01-01T00:00:00Z"}
            """
        let services = Services([
            ("Action=AssumeRoleWithWebIdentity", Self.role("AssumeRoleWithWebIdentity", "WEB")),
            ("/v2/credentials", machine), ("PUT http://169.254.169.254/latest/api/token", "t0ken"),
            ("security-credentials/my-role", machine), ("security-credentials/ ", "my-role\n"),
        ])
        let web = ["AWS_WEB_IDENTITY_TOKEN_FILE": "HOME/token", "AWS_ROLE_ARN": "arn:r"]
        #expect(try key(web, files: ["token": "w3b"], services: services) == "WEB")
        let container = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials"]
        #expect(try key(container, services: services) == "NEAR")
        #expect(try key(services: services) == "NEAR")
        #expect(services.requests.contains { $0.secrets["x-aws-ec2-metadata-token"] == "t0ken" })
        let far = ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://evil.example/v2/credentials"]
        #expect(throws: StoreError.self) { _ = try key(far, services: services) }
        let off = ["AWS_EC2_METADATA_DISABLED": "true"]
        #expect(throws: StoreError.self) { _ = try key(off, services: services) }
    }

    @Test func `keys that end are fetched again before they do`() throws {
        let now = Mutex(WallClock.testMoment.milliseconds)
        let services = Services([
            (
                "/v2/credentials",
                """
                {"AccessKeyId":"NEAR","SecretAccessKey":"s","Token":"t","Expiration":"2026-01-01T01:00:00Z"}
                """
            )
        ])
        let variables = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials"]
        var settings = S3Settings(bucket: "bucket")
        settings.endpoint = "http://server"
        let clock = WallClock { Timestamp(milliseconds: now.withLock { $0 }) }
        let remote = try S3Remote(
            settings, .forTests(variables: variables, transport: services, clock: clock))
        func ask() throws -> Int {
            _ = try remote.size(try remoteName("f"))
            return services.requests.count { $0.url.path == "/v2/credentials" }
        }
        #expect(try ask() == 1)
        #expect(try ask() == 1)
        now.withLock { $0 += 54 * 60_000 }
        #expect(try ask() == 1)
        now.withLock { $0 += 2 * 60_000 }
        #expect(try ask() == 2)
    }

    @Test func `places follow from region, endpoint and style`() throws {
        let cases: [(String, [String: String], (inout S3Settings) -> Void, String)] = [
            ("b", [:], { _ in }, "https://b.s3.us-east-1.amazonaws.com/p/f"),
            (
                "b", ["AWS_REGION": "eu-west-1"], { _ in },
                "https://b.s3.eu-west-1.amazonaws.com/p/f"
            ),
            (
                "b", [:], { $0.region = "cn-north-1" },
                "https://b.s3.cn-north-1.amazonaws.com.cn/p/f"
            ),
            ("b.c", [:], { _ in }, "https://s3.us-east-1.amazonaws.com/b.c/p/f"),
            ("b", ["AWS_ENDPOINT_URL": "http://h:9000"], { _ in }, "http://h:9000/b/p/f"),
            (
                "b", ["AWS_ENDPOINT_URL": "http://h", "AWS_ENDPOINT_URL_S3": "https://i/x/"],
                { _ in },
                "https://i/x/b/p/f"
            ),
            (
                "b", [:],
                {
                    $0.endpoint = "https://h"
                    $0.addressing = .virtual
                }, "https://b.h/p/f"
            ),
        ]
        for (bucket, variables, change, expected) in cases {
            let services = Services([("https://", ""), ("http://", "")])
            var settings = S3Settings(bucket: bucket, prefix: "p")
            change(&settings)
            var all = variables
            all["AWS_ACCESS_KEY_ID"] = "K"
            all["AWS_SECRET_ACCESS_KEY"] = "s"
            let remote = try S3Remote(settings, .forTests(variables: all, transport: services))
            try? remote.remove(try remoteName("f"))
            #expect(services.requests.first?.url.text == expected)
        }
    }
}
