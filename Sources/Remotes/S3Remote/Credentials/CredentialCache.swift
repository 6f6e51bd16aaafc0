import Platform
import Synchronization
import Vocabulary

/// The credentials of a remote: found when the first request needs them, and again before they
/// end. Many threads ask; one of them looks.
final class CredentialCache: Sendable {
    private let found = Mutex<AWSCredentials?>(nil)
    private let chain: CredentialChain
    private let clock: WallClock

    /// So long before their end credentials are replaced.
    private static let marginMilliseconds: Int64 = 5 * 60_000

    init(_ chain: CredentialChain, clock: WallClock) {
        self.chain = chain
        self.clock = clock
    }

    /// Valid credentials; throws `.remoteRefused` with advice when there are none.
    func current() throws -> AWSCredentials {
        try found.withLock { found in
            let now = clock.now().milliseconds
            if let known = found {
                guard let end = known.expiry?.milliseconds else { return known }
                if now < end - CredentialCache.marginMilliseconds { return known }
                // While the old ones hold, a source that is down for a moment does not matter.
                if now < end {
                    return (try? chain.load()).map { fresh in
                        found = fresh
                        return fresh
                    } ?? known
                }
            }
            let fresh = try chain.load()
            found = fresh
            return fresh
        }
    }

    /// Forgets credentials that a server called expired; the next request looks for others.
    func forget(_ credentials: AWSCredentials) {
        found.withLock { if $0 == credentials { $0 = nil } }
    }
}
