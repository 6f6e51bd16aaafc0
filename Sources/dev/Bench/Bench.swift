import Platform
import Vocabulary

/// A place and programs to measure with, and the rows measured so far.
struct Bench {
    /// One line of the table: ours beside a peer's, both from this run.
    struct Row {
        let workload: String
        let ours: String
        let peer: String
        let ratio: String
        let target: String
        let peakBytes: Int
    }

    let mlstore: String
    /// Where DVC is, if anywhere.
    let dvc: String?
    /// Where data and stores are made; removed at the end.
    let scratch: DiskPath
    let repeats: Int
    /// Divides the sizes of data, to try the workloads themselves.
    let shrink: Int
    let disk = LocalDisk()
    private(set) var rows: [Row] = []

    init(mlstore: String, dvc: String?, scratch: DiskPath, repeats: Int, shrink: Int) {
        self.mlstore = mlstore
        self.dvc = dvc
        self.scratch = scratch
        self.repeats = repeats
        self.shrink = shrink
    }

    /// A fresh, empty folder.
    func folder(_ name: String) throws -> DiskPath {
        let path = scratch / name
        if try disk.status(of: path, followingLinks: false) != nil { try disk.removeTree(path) }
        try disk.makeDirectories(path)
        return path
    }

    func runQuietly(_ arguments: [String], in directory: DiskPath) throws {
        _ = try output(of: arguments, in: directory)
    }

    /// Medians of ours and the peer's, run by turns so that a slow moment meets both.
    mutating func compare(
        _ workload: String, target: String, repeats: Int? = nil,
        ours: () throws -> Measurement, peer: () throws -> Measurement
    ) throws {
        var own: [Measurement] = []
        var other: [Measurement] = []
        for _ in 0..<(repeats ?? self.repeats) {
            own.append(try ours())
            other.append(try peer())
        }
        let ownTime = median(own.map(\.seconds))
        let otherTime = median(other.map(\.seconds))
        add(
            Row(
                workload: workload, ours: "\(shortText(ownTime)) s",
                peer: "\(shortText(otherTime)) s", ratio: shortText(ownTime / otherTime),
                target: target, peakBytes: own.map(\.peakBytes).max() ?? 0))
    }

    /// A ratio of sizes.
    mutating func compareSizes(_ workload: String, target: String, ours: Int, raw: Int) {
        add(
            Row(
                workload: workload, ours: "\(ByteCount(ours))", peer: "\(ByteCount(raw))",
                ratio: shortText(Double(ours) / Double(max(1, raw))), target: target,
                peakBytes: 0))
    }

    private mutating func add(_ row: Row) {
        rows.append(row)
        print(Bench.markdown(row))
    }

    static let heading =
        "| workload | mlstore | peer | ratio | target | peak memory |\n|---|---|---|---|---|---|"

    private static func markdown(_ row: Row) -> String {
        let peak = row.peakBytes > 0 ? "\(ByteCount(row.peakBytes))" : ""
        return "| \(row.workload) | \(row.ours) | \(row.peer) | \(row.ratio) | \(row.target) "
            + "| \(peak) |"
    }
}
