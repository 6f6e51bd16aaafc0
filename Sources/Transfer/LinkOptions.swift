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
            remote.slow(to: RateLimit(bytesPerSecond: rate))
        }
    }

    /// The report of `body` with a context that counts, with the requests that it took added.
    func counting<Report>(
        in requests: WritableKeyPath<Report, Int>, _ body: (RemoteContext) throws -> Report
    ) throws -> Report {
        let counted = CountingRemote(remote)
        let before = counted.sentRequests ?? 0
        var context = self
        context.remote = counted
        var report = try body(context)
        report[keyPath: requests] += (counted.sentRequests ?? 0) - before
        return report
    }
}
