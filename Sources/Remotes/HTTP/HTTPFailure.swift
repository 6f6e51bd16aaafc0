package import Vocabulary

/// Why there is no answer to a request.
package struct HTTPFailure: Error, Sendable, CustomStringConvertible {
    /// What went wrong.
    package enum Kind: String, Hashable, Sendable {
        /// libcurl cannot be used.
        case noLibrary
        /// The request makes no sense.
        case badRequest
        /// The name of the host (or of the proxy) means no address.
        case cannotResolve
        /// Nobody listens there, or connecting took too long.
        case cannotConnect
        /// The other side's certificate is not trusted, or no encryption was agreed on.
        case untrusted
        /// Nothing moved for too long.
        case timedOut
        /// The connection broke.
        case connectionLost
        /// The answer ended before its stated length.
        case truncated
        /// The answer is longer than allowed.
        case tooLarge
        /// The answer is no HTTP.
        case badAnswer
        /// Redirected too often, to nowhere, or from https to http.
        case badRedirect
        /// What was to be sent could not be read: see `cause`.
        case sourceFailed
        /// The sink refused what came: see `cause`.
        case sinkFailed
        /// A signal came.
        case interrupted
        /// Anything else.
        case other
    }

    /// What went wrong.
    package let kind: Kind
    /// Why, in words, without secrets.
    package let reason: String
    /// What failed underneath.
    package let cause: (any Error)?

    /// Makes a failure.
    package init(_ kind: Kind, _ reason: String, cause: (any Error)? = nil) {
        self.kind = kind
        self.reason = reason
        self.cause = cause
    }

    package var description: String { "\(kind.rawValue): \(reason)" }

    /// Whether the request may have had its effect all the same.
    package var mayHaveArrived: Bool {
        switch kind {
        case .noLibrary, .badRequest, .cannotResolve, .cannotConnect, .untrusted: false
        default: true
        }
    }

    /// Whether the same request may succeed a moment later.
    package var isTransient: Bool {
        switch kind {
        case .cannotResolve, .cannotConnect, .timedOut, .connectionLost, .truncated: true
        default: false
        }
    }

    /// The error for people: `what` failed at `place`, neither with a secret in it. The kind is
    /// `.remoteUnreachable` when there was no answer, `.corrupt` for an answer that cannot be
    /// right, and that of the cause for failures on this side. `goesOn`: whether another attempt goes on
    /// where this one ended.
    package func storeError(_ what: String, place: String, goesOn: Bool = true) -> StoreError {
        if let cause = cause as? StoreError, kind == .sourceFailed || kind == .sinkFailed {
            return cause
        }
        if kind == .interrupted {
            return StoreError(
                .interrupted, "stopped by a signal before the end",
                safety: "what was committed before is safe; the rest can be repeated")
        }
        return StoreError(
            storeKind, "\(what): \(reason)", subject: place, advice: advice(place, goesOn),
            cause: cause)
    }

    private var storeKind: StoreError.Kind {
        switch kind {
        case .truncated, .tooLarge, .badAnswer: .corrupt
        case .badRequest: .badUsage
        case .noLibrary: .notFound
        case .badRedirect: .remoteRefused
        default: .remoteUnreachable
        }
    }

    private func advice(_ place: String, _ goesOn: Bool) -> String? {
        switch kind {
        case .noLibrary: "install it ('apt-get install libcurl4' or 'brew install curl')"
        case .cannotResolve: "check the name in '\(place)' and your network"
        case .cannotConnect: "check that '\(place)' is right, that it runs, and your network"
        case .untrusted:
            "if its certificate comes from an authority of your own, name the file of that "
                + "authority in SSL_CERT_FILE"
        case .timedOut, .connectionLost, .truncated:
            goesOn
                ? "try again; what had arrived is not sent or fetched twice"
                : "try again; it begins from the first byte"
        default: nil
        }
    }
}
