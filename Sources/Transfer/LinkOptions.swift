import Remotes

/// How an exchange uses the link to a remote.
package struct LinkOptions: Hashable, Sendable {
    /// How many packs, or ranges of packs, are on their way at once; nil: as `RemoteContext` says.
    package var jobs: Int?
    /// How many bytes may go in a second, both ways together, on average; nil: as many as can.
    package var bytesPerSecond: Int?

    /// The defaults.
    package init(jobs: Int? = nil, bytesPerSecond: Int? = nil) {
        self.jobs = jobs
        self.bytesPerSecond = bytesPerSecond
    }
}

extension RemoteContext {
    /// Goes by these options from now on.
    mutating func use(_ link: LinkOptions) {
        jobs = link.jobs
        if let rate = link.bytesPerSecond {
            remote = LimitedRemote(remote, RateLimit(bytesPerSecond: rate))
        }
    }

    /// The result of `body` with a context that counts, and how many requests it took.
    func counting<Result>(
        _ body: (RemoteContext) throws -> Result
    ) throws -> (result: Result, requests: Int) {
        let counted = CountingRemote(remote)
        let before = counted.sentRequests ?? 0
        var context = self
        context.remote = counted
        let result = try body(context)
        return (result, (counted.sentRequests ?? 0) - before)
    }
}
