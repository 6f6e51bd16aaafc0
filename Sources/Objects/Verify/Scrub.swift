import Bytes
import Platform
package import Vocabulary

/// How to scrub.
package struct ScrubOptions: Sendable {
    /// How long to go on, by the store's clock; nil: until every pack was looked at. At least one
    /// pack is, so that any number of short runs comes to an end.
    package var maximumMilliseconds: Int64?

    /// Everything.
    package init() {}
}

/// What a scrub found.
package struct ScrubReport: Sendable {
    /// Packs that were looked at now.
    package var packs = 0
    /// Bytes of these.
    package var bytes = 0
    /// Packs that were not, for lack of time.
    package var remaining = 0
    /// When the pack was looked at that was last looked at longest ago; nil where one never was.
    package var oldest: Timestamp?
    /// What is not as it should be.
    package var problems: [VerifyProblem] = []
}

extension ObjectStore {
    /// Reads every pack and compares the checksums of its frames: at the speed of the disk, without
    /// decoding. Packs that were never looked at come first, then those of longest ago.
    ///
    /// When each was is kept in the file `scrub`, which is derived: without it all are new. A pack with
    /// a problem is not remembered, so the next scrub begins with it. Changes nothing else.
    package func scrub(
        _ options: ScrubOptions = ScrubOptions(),
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> ScrubReport {
        try refresh()
        let packs = view.journal.packs
        var log = ScrubLog(layout, disk)
        log.forget { packs[$0] == nil }
        let order = packs.keys.sorted { (log.age($0), $0) < (log.age($1), $1) }
        let start = clock.now().milliseconds
        var report = ScrubReport()
        let batch = max(1, threads)
        var done = 0
        while done < order.count {
            try SignalWatch.check()
            if let limit = options.maximumMilliseconds, done > 0,
                clock.now().milliseconds - start >= limit
            {
                break
            }
            let some = Array(order[done..<min(done + batch, order.count)])
            let outcomes = try parallelMap(count: some.count, threads: threads) { index in
                PackVerifier(self, some[index]).run(.checksums)
            }
            let now = clock.now()
            for (id, outcome) in zip(some, outcomes) {
                report.problems += outcome.problems
                report.bytes += packs[id] ?? 0
                log.times[id] = outcome.problems.isEmpty ? now : nil
            }
            done += some.count
            log.write()
            progress(done, order.count)
        }
        report.packs = done
        report.remaining = order.count - done
        let known = order.map { log.times[$0] }
        report.oldest = known.contains(nil) ? nil : known.compactMap { $0 }.min()
        return report
    }
}

/// When each pack was last scrubbed: canonical JSON, `{"packs":{"<id>":"<time>"},"version":1}`.
struct ScrubLog {
    static let fileName = "scrub"

    private let layout: StoreLayout
    private let disk: any Disk
    var times: [PackID: Timestamp] = [:]

    /// Reads the file; what cannot be read was never scrubbed.
    init(_ layout: StoreLayout, _ disk: any Disk) {
        self.layout = layout
        self.disk = disk
        guard
            let bytes = try? disk.readFile(layout.root / ScrubLog.fileName, maximumBytes: 1 << 28),
            let json = try? JSONValue(parsing: bytes), json["version"]?.integerValue == 1
        else { return }
        for (id, time) in json["packs"]?.objectValue ?? [:] {
            guard let digest = Digest(hex: id),
                let time = time.stringValue.flatMap({ Timestamp($0) })
            else { continue }
            times[PackID(digest)] = time
        }
    }

    /// When the pack was last looked at, as a number: the lowest where it never was.
    func age(_ id: PackID) -> Int64 { times[id]?.milliseconds ?? .min }

    mutating func forget(where isGone: (PackID) -> Bool) {
        times = times.filter { !isGone($0.key) }
    }

    /// Writes the file; a failure costs no more than a scrub again.
    func write() {
        var packs: [String: JSONValue] = [:]
        for (id, time) in times { packs[id.digest.hex] = .string(time.description) }
        let json: JSONValue = ["version": 1, "packs": .object(packs)]
        try? writeAtomically(
            json.canonical, to: layout.root / ScrubLog.fileName, on: disk, durable: false)
    }
}
