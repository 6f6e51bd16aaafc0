import Bytes
import Platform
import Synchronization
import Vocabulary

/// A request about a bucket, before it is signed.
struct S3Request: Sendable {
    var method: HTTPRequest.Method
    /// The object; nil: the bucket itself.
    var key: String?
    var query: [(name: String, value: String)] = []
    var headers = HTTPHeaders()
    var body = HTTPBody.none
    /// The SHA-256 of the body.
    var digest = S3Request.emptyDigest
    var maximumBytes = 1 << 20
    /// What is being done, for messages: `read 'x'`.
    var purpose: String

    init(_ method: HTTPRequest.Method, _ key: String?, purpose: String) {
        self.method = method
        self.key = key
        self.purpose = purpose
    }

    private static let emptyDigest = sha256([])
}

/// The answer to an `S3Request`.
struct S3Answer: Sendable {
    var response: HTTPResponse
    /// Whether the request was sent more than once, so that an earlier one may have had its effect.
    var isRepeated: Bool
    /// What the server says is wrong; nil where nothing is.
    var fault: S3Fault?
}

/// Sends signed requests about one bucket, and repeats those that failed by bad luck.
final class S3Client: Sendable {
    let address: S3Address
    let settings: S3Settings
    let surroundings: S3Surroundings
    private let transport: any HTTPTransport
    private let credentials: CredentialCache?
    private let region: Mutex<String>
    private let limit = AdaptiveLimit()

    init(_ settings: S3Settings, _ surroundings: S3Surroundings) throws {
        self.settings = settings
        self.surroundings = surroundings
        let variable = surroundings.variable
        let profiles = try AWSProfiles(surroundings)
        let profile = settings.profile ?? variable("AWS_PROFILE")
        let chosen = profiles.profiles[profile ?? "default"] ?? [:]
        var endpoint = settings.endpoint
        if endpoint == nil, variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")?.lowercased() != "true"
        {
            endpoint =
                variable("AWS_ENDPOINT_URL_S3") ?? variable("AWS_ENDPOINT_URL")
                ?? chosen["endpoint_url"]
        }
        let url = try endpoint.map { text in
            guard let url = HTTPURL(text) else {
                throw StoreError.badSetting("endpoint", text, "http://host:port or https://host")
            }
            return url
        }
        address = S3Address(settings, endpoint: url)
        let place =
            settings.region ?? variable("AWS_REGION") ?? variable("AWS_DEFAULT_REGION")
            ?? chosen["region"] ?? "us-east-1"
        region = Mutex(place)
        var options = HTTPClientOptions.fromEnvironment(variable)
        options.authorities =
            settings.authorities ?? variable("AWS_CA_BUNDLE") ?? chosen["ca_bundle"]
            ?? options.authorities
        transport = surroundings.transport(options)
        var near = options
        near.usesProxies = false
        credentials =
            settings.isAnonymous
            ? nil
            : CredentialCache(
                CredentialChain(
                    surroundings: surroundings, profiles: profiles, profile: settings.profile,
                    region: place, transport: transport, direct: surroundings.transport(near)),
                clock: surroundings.clock)
    }

    /// The remote for messages.
    var title: String {
        let prefix = settings.prefix.isEmpty ? "" : "/" + settings.prefix
        return "s3://\(settings.bucket)\(prefix)" + (address.server.map { " on \($0)" } ?? "")
    }

    /// How many requests were sent, those for keys among them; nil where nobody counts.
    var sentRequests: Int? { (transport as? HTTPClient)?.requestCount }

    /// From now on no more bytes go than the limit lets pass.
    func slow(to limit: RateLimit) { transport.slow(to: limit) }

    /// How many requests may be under way at this moment.
    var concurrency: Int { limit.current }

    /// Sends a request until there is an answer worth having: faults of the server and of the way
    /// to it are tried again with growing pauses, all other answers are returned. Throws
    /// `.remoteUnreachable` when there is none in the end.
    func send(_ request: S3Request) throws -> S3Answer {
        var course = Course()
        while true {
            course.attempt += 1
            let keys = try credentials?.current()
            let number = try limit.begin()
            let outcome = attempt(request, keys)
            limit.end(number, wasTooMuch: outcome.isTooMuch)
            switch outcome {
            case .failure(let failure):
                guard failure.isTransient, course.attempt < surroundings.backoff.attempts else {
                    throw failure.storeError(
                        "cannot \(request.purpose) on remote '\(title)'", place: title)
                }
                if failure.mayHaveArrived { course.isRepeated = true }
                try surroundings.backoff.wait(after: course.attempt)
            case .success(let response):
                let fault = response.isSuccess ? nil : S3Fault(response)
                if let fault, try shouldRepeat(fault, response, keys, &course) { continue }
                return S3Answer(
                    response: response, isRepeated: course.isRepeated || response.wasSentTwice,
                    fault: fault)
            }
        }
    }

    /// What has happened to a request so far.
    private struct Course {
        var attempt = 0
        var isRepeated = false
        var hasMoved = false
        var hasNewKeys = false
    }

    private func attempt(
        _ request: S3Request, _ keys: AWSCredentials?
    ) -> Result<HTTPResponse, HTTPFailure> {
        let region = region.withLock { $0 }
        var signed = HTTPRequest(
            request.method, address.url(key: request.key, query: request.query, region: region),
            headers: request.headers, body: request.body, maximumBytes: request.maximumBytes)
        if settings.requesterPays { signed.headers["x-amz-request-payer"] = "requester" }
        signed.headers["user-agent"] = "mlstore"
        if let keys {
            SignatureV4(
                credentials: keys, region: region, service: "s3", moment: surroundings.clock.now()
            ).sign(&signed, payload: request.digest.hex)
        }
        return Result { () throws(HTTPFailure) in try transport.send(signed) }
    }

    private func shouldRepeat(
        _ fault: S3Fault, _ response: HTTPResponse, _ keys: AWSCredentials?, _ course: inout Course
    ) throws -> Bool {
        if let other = fault.region, !course.hasMoved {
            course.hasMoved = true
            let isNew = region.withLock { region in
                defer { region = other }
                return region != other
            }
            if isNew { return true }
        }
        if fault.isExpiredToken, !course.hasNewKeys, let keys {
            course.hasNewKeys = true
            credentials?.forget(keys)
            return true
        }
        guard fault.isTransient, course.attempt < surroundings.backoff.attempts else {
            return false
        }
        if response.status >= 500 { course.isRepeated = true }
        try surroundings.backoff.wait(
            after: course.attempt, atLeast: response.askedMilliseconds)
        return true
    }
}

extension Result where Success == HTTPResponse, Failure == HTTPFailure {
    /// Whether the server said that requests come too fast.
    fileprivate var isTooMuch: Bool {
        if case .success(let response) = self {
            return response.status == 503 || response.status == 429
        }
        return false
    }
}
