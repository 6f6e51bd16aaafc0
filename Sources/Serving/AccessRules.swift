import HTTPTypes
import Remotes

/// Who may do what.
struct AccessRules: Sendable {
    /// The tokens; nil: none are asked for.
    let tokens: AccessTokens?
    /// Whether one may read without.
    let isPublic: Bool

    /// What a request may do, and in whose name.
    enum Verdict: Equatable {
        /// Go on; the name is for the log.
        case allowed(String)
        /// No token, or none that is known.
        case unknown
        /// A token without that right.
        case forbidden(String)
    }

    /// Judges a request that needs the right.
    func judge(_ headers: HTTPFields, needs right: AccessTokens.Right) -> Verdict {
        guard let tokens else { return .allowed("-") }
        if let header = headers[.authorization] {
            // One that is wrong is never taken for none.
            guard let token = AccessTokens.token(inHeader: header),
                let holder = tokens.holder(of: token)
            else { return .unknown }
            return right <= holder.right ? .allowed(holder.name) : .forbidden(holder.name)
        }
        return isPublic && right == .read ? .allowed("-") : .unknown
    }
}
