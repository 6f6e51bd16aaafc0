import Bytes
import Platform
import Vocabulary

/// Where credentials come from, in the order in which AWS's own tools look: the environment, a web
/// identity, a profile, the container's or the machine's role.
struct CredentialChain: Sendable {
    let surroundings: S3Surroundings
    let profiles: AWSProfiles
    /// The profile that was asked for; then the environment's keys do not count.
    let profile: String?
    let region: String
    /// For the few small requests that some sources need.
    let transport: any HTTPTransport
    /// For services on this machine, which no proxy reaches.
    let direct: any HTTPTransport

    func variable(_ name: String) -> String? { surroundings.variable(name) }

    /// Looks in each place; throws when a place that is set up fails, and when none is.
    func load() throws -> AWSCredentials {
        if profile == nil {
            if let found = try fromEnvironment() { return found }
        }
        let name = profile ?? variable("AWS_PROFILE") ?? variable("AWS_DEFAULT_PROFILE")
        if name == nil, let found = try fromWebIdentity() { return found }
        if let name {
            guard let found = try fromProfile(name) else { throw StoreError.noSuchProfile(name) }
            return found
        }
        if let found = try fromProfile("default") { return found }
        if let found = try fromContainer() { return found }
        if let found = try fromInstance() { return found }
        throw StoreError.noCredentials()
    }

    private func fromEnvironment() throws -> AWSCredentials? {
        guard let access = variable("AWS_ACCESS_KEY_ID") else { return nil }
        guard let secret = variable("AWS_SECRET_ACCESS_KEY") else {
            throw StoreError.badCredentials(
                "AWS_ACCESS_KEY_ID is set and AWS_SECRET_ACCESS_KEY is not")
        }
        return AWSCredentials(
            accessKey: access, secretKey: secret, sessionToken: variable("AWS_SESSION_TOKEN"))
    }

    // MARK: - Profiles

    /// The credentials of a profile, or nil when there is none of that name or it says nothing of
    /// credentials.
    func fromProfile(_ name: String, depth: Int = 0) throws -> AWSCredentials? {
        guard let settings = profiles.profiles[name] else { return nil }
        guard depth < 5 else {
            throw StoreError.badCredentials("the profiles behind '\(printed(name))' go in circles")
        }
        if settings["role_arn"] != nil { return try fromRole(settings, name, depth) }
        if let found = try fromSSO(settings, name) { return found }
        if let access = settings["aws_access_key_id"],
            let secret = settings["aws_secret_access_key"]
        {
            return AWSCredentials(
                accessKey: access, secretKey: secret, sessionToken: settings["aws_session_token"])
        }
        if let command = settings["credential_process"] { return try fromProcess(command, name) }
        return nil
    }

    private func fromRole(
        _ settings: [String: String], _ name: String, _ depth: Int
    ) throws -> AWSCredentials {
        let role = settings["role_arn"] ?? ""
        let session = settings["role_session_name"] ?? "mlstore"
        if let file = settings["web_identity_token_file"] {
            return try assumeRole(role, session: session, tokenFile: file)
        }
        let source: AWSCredentials?
        switch (settings["source_profile"], settings["credential_source"]) {
        case (let profile?, _) where profile == name:
            // A profile that names itself means its own keys.
            var own = settings
            own["role_arn"] = nil
            source = own["aws_access_key_id"].flatMap { access in
                own["aws_secret_access_key"].map {
                    AWSCredentials(accessKey: access, secretKey: $0)
                }
            }
        case (let profile?, _): source = try fromProfile(profile, depth: depth + 1)
        case (nil, "Environment"): source = try fromEnvironment()
        case (nil, "EcsContainer"): source = try fromContainer()
        case (nil, "Ec2InstanceMetadata"): source = try fromInstance()
        default: source = nil
        }
        guard let source else {
            throw StoreError.badCredentials(
                "profile '\(printed(name))' assumes a role, and there are no credentials for that")
        }
        return try assumeRole(
            role, session: session, externalID: settings["external_id"], as: source)
    }

    /// Runs the program that a profile names; it prints JSON.
    private func fromProcess(_ command: String, _ name: String) throws -> AWSCredentials {
        let program = CredentialChain.words(of: command)
        let outcome = try ChildProcess(
            arguments: program, directory: DiskPath("/"),
            standardOutput: .capture(limit: 1 << 16), standardError: .discard
        ).run()
        guard outcome.succeeded, let value = try? JSONValue(parsing: outcome.standardOutput),
            let found = CredentialChain.credentials(
                value, access: "AccessKeyId", secret: "SecretAccessKey", token: "SessionToken",
                expiry: "Expiration")
        else {
            throw StoreError.badCredentials(
                "the 'credential_process' of profile '\(printed(name))' gave none",
                advice: "run it by hand to see why; it is in your AWS config file")
        }
        return found
    }

    /// The words of a command line, with quotes as a shell has them, and nothing else.
    static func words(of command: String) -> [String] {
        var words: [String] = []
        var current: String?
        var quote: Character?
        for character in command {
            if let open = quote {
                if character == open {
                    quote = nil
                } else {
                    current = (current ?? "") + [character]
                }
            } else if character == "\"" || character == "'" {
                quote = character
                current = current ?? ""
            } else if character == " " || character == "\t" {
                if let word = current { words.append(word) }
                current = nil
            } else {
                current = (current ?? "") + [character]
            }
        }
        return words + (current.map { [$0] } ?? [])
    }

    /// Credentials in JSON, in whose names the sources differ; nil where some are missing.
    static func credentials(
        _ value: JSONValue, access: String, secret: String, token: String, expiry: String
    ) -> AWSCredentials? {
        guard let key = value[access]?.stringValue, let hidden = value[secret]?.stringValue,
            !key.isEmpty, !hidden.isEmpty
        else { return nil }
        let end =
            value[expiry]?.integerValue.map { Timestamp(milliseconds: $0) }
            ?? value[expiry]?.stringValue.flatMap(moment)
        return AWSCredentials(
            accessKey: key, secretKey: hidden, sessionToken: value[token]?.stringValue, expiry: end)
    }

    /// A time in any of the ways in which AWS's tools write UTC.
    static func moment(_ text: String) -> Timestamp? {
        for suffix in ["+00:00", "UTC"] where text.hasSuffix(suffix) {
            return Timestamp(text.dropLast(suffix.count) + "Z")
        }
        return Timestamp(text)
    }

    func printed(_ text: String) -> String { printable(Array(text.utf8)) }
}

extension StoreError {
    static func noCredentials() -> StoreError {
        StoreError(
            .remoteRefused,
            "there are no credentials for AWS: none in the environment, in a "
                + "profile, or from this machine's role",
            advice:
                "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile in ~/.aws; for a "
                + "public bucket set 'remote.NAME.anonymous'", safety: "nothing was changed")
    }

    static func noSuchProfile(_ name: String) -> StoreError {
        StoreError(
            .remoteRefused,
            "AWS profile '\(printable(Array(name.utf8)))' has no credentials, or does not exist",
            subject: name, advice: "see ~/.aws/config and ~/.aws/credentials",
            safety: "nothing was changed")
    }

    static func badCredentials(_ why: String, advice: String? = nil) -> StoreError {
        StoreError(
            .remoteRefused, "cannot get credentials for AWS: \(why)", advice: advice,
            safety: "nothing was changed")
    }
}
