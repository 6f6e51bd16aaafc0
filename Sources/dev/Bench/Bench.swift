import Platform
import Vocabulary

/// The places and programs of one measurement, and the rows so far.
final class Bench {
    let group: BenchGroup
    let mlstore: String
    let peers: Peers
    /// A folder on a disk.
    let disk: DiskPath
    /// A folder in memory.
    let memory: DiskPath
    let repeats: Int
    /// What sizes and counts are multiplied by.
    let scale: Double
    let files = LocalDisk()
    private(set) var rows: [BenchRow] = []
    /// The most private memory that any run of ours had, of those that `race` measured.
    private(set) var peakBytes = 0

    init(
        group: BenchGroup, mlstore: String, peers: Peers, disk: DiskPath, memory: DiskPath,
        repeats: Int, scale: Double
    ) {
        self.group = group
        self.mlstore = mlstore
        self.peers = peers
        self.disk = disk
        self.memory = memory
        self.repeats = repeats
        self.scale = scale
    }

    /// A size or count under the scale of this run, never below `minimum`.
    func scaled(_ full: Int, minimum: Int = 1) -> Int {
        max(minimum, Int(Double(full) * scale))
    }

    /// Calls `body` with a fresh folder below `place`, and removes it.
    func withFolder(on place: DiskPath, _ body: (DiskPath) throws -> Void) throws {
        let path = place / "work"
        try files.removeTree(path)
        try files.makeDirectories(path)
        defer { try? files.removeTree(path) }
        try body(path)
    }

    /// An empty folder with a workspace in it.
    func freshWorkspace(_ path: DiskPath) throws {
        try files.removeTree(path)
        try files.makeDirectories(path)
        try run([mlstore, "init", "--quiet"], in: path)
    }

    /// Commits all that git sees in a workspace, and gives the commit a tag.
    func commitAll(in workspace: DiskPath, tag: String) throws {
        try run(["git", "add", "-A"], in: workspace)
        try run(
            [
                "git", "-c", "user.name=bench", "-c", "user.email=bench@example.com", "commit",
                "-qm", tag,
            ], in: workspace)
        try run(["git", "tag", tag], in: workspace)
    }

    func run(_ arguments: [String], in directory: DiskPath) throws {
        _ = try output(of: arguments, in: directory)
    }

    /// Writes out what earlier steps left in the page cache of `place`, so that nobody's run pays
    /// for somebody else's.
    func settle(_ place: DiskPath) throws { try run(["sync", "-f", "\(place)"], in: place) }

    /// Waits until the clock of a file system has moved on, so that the stat table believes what
    /// was written before.
    func letTimePass() { pause(milliseconds: 30) }

    // MARK: - Rows

    /// Somebody to compare with.
    struct Rival {
        let name: String
        var targets = Targets()
        /// Fewer runs than ours, for the slow ones.
        var runs: Int?
        /// Why there is nothing to run.
        var missing: String?
        var run: () throws -> Measurement = { Measurement(seconds: 0, peakBytes: 0) }
    }

    /// A rival that is a program which may not be installed.
    func rival(
        _ name: String, _ program: String?, _ targets: Targets = Targets(), runs: Int? = nil,
        _ run: @escaping (String) throws -> Measurement
    ) -> Rival {
        guard let program else {
            return Rival(name: name, targets: targets, missing: "not installed")
        }
        return Rival(name: name, targets: targets, runs: runs) { try run(program) }
    }

    /// Medians of ours and of each rival, run by turns so that a slow moment meets all of them. The
    /// median of ours.
    @discardableResult
    func race(
        _ work: String, runs: Int? = nil, ours: () throws -> Measurement, against rivals: [Rival]
    ) throws -> Double {
        let runs = runs ?? repeats
        var own: [Measurement] = []
        var others = rivals.map { _ in [Double]() }
        for round in 0..<runs {
            own.append(try ours())
            for (index, rival) in rivals.enumerated()
            where rival.missing == nil && round < (rival.runs ?? runs) {
                others[index].append(try rival.run().seconds)
            }
        }
        let peak = own.map(\.peakBytes).max() ?? 0
        peakBytes = max(peakBytes, peak)
        let ourMedian = median(own.map(\.seconds))
        for (rival, seconds) in zip(rivals, others) {
            if let missing = rival.missing {
                skip(work, rival.name, missing)
                continue
            }
            let other = median(seconds)
            add(
                BenchRow(
                    work: work, measured: secondsText(ourMedian),
                    other: "\(rival.name): \(secondsText(other))", ours: ourMedian,
                    limit: other, target: rival.targets[group], peakBytes: peak))
        }
        return ourMedian
    }

    /// Two sizes.
    func compareSizes(_ work: String, _ ours: Int, _ name: String, _ other: Int, _ targets: Targets)
    {
        add(
            BenchRow(
                work: work, measured: "\(ByteCount(ours))", other: "\(name): \(ByteCount(other))",
                ours: Double(ours), limit: Double(max(1, other)), target: targets[group],
                peakBytes: 0))
    }

    /// Two numbers of anything.
    func compare(
        _ work: String, _ ours: (Double, String), _ name: String, _ other: (Double, String),
        _ targets: Targets
    ) {
        add(
            BenchRow(
                work: work, measured: ours.1, other: "\(name): \(other.1)", ours: ours.0,
                limit: other.0, target: targets[group], peakBytes: 0))
    }

    /// Says aloud that a row is not measured.
    func skip(_ work: String, _ name: String, _ why: String) {
        add(BenchRow(work: work, skipped: "\(name): \(why)"))
    }

    private func add(_ row: BenchRow) {
        rows.append(row)
        print(row.markdown)
        // Runs are long, and whoever waits reads along, in a file too.
        Environment.flushOutput()
    }
}

/// One line of the table: ours beside somebody else's, both from this run.
struct BenchRow {
    static let heading = """
        | work | mlstore | beside | ratio | target | | peak private memory |
        |---|---|---|---|---|---|---|
        """

    let markdown: String
    /// Nil where there is no target.
    let isMet: Bool?

    init(
        work: String, measured: String, other: String, ours: Double, limit: Double,
        target: Target?, peakBytes: Int
    ) {
        let ratio = target?.ratio(ours: ours, other: limit) ?? ours / limit
        isMet = target?.isMet(by: ratio)
        let verdict = isMet.map { $0 ? "met" : "**missed**" } ?? ""
        let peak = peakBytes > 0 ? "\(ByteCount(peakBytes))" : ""
        markdown =
            "| \(work) | \(measured) | \(other) | \(shortText(ratio)) | \(target?.text ?? "") "
            + "| \(verdict) | \(peak) |"
    }

    init(work: String, skipped: String) {
        isMet = nil
        markdown = "| \(work) | | \(skipped) | | | **skipped** | |"
    }
}
