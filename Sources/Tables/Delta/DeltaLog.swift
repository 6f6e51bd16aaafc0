import Bytes

/// Which files of the log of a Delta Lake table make which version.
struct DeltaLog {
    /// The folder with the log.
    static let folder = "_delta_log"

    /// The files of the log that a version takes, in the order in which they are read.
    struct Version {
        let number: Int
        /// The parts of the checkpoint that it begins with; none where it begins with nothing.
        var checkpoint: [[String]] = []
        var commits: [[String]] = []
    }

    private var commits: [Int: [String]] = [:]
    /// Of each version that has any: how many parts there are to be, and which there are.
    private var checkpoints: [Int: [Int: [Int: [String]]]] = [:]
    private var hasOtherCheckpoints = false

    /// The log among the files of a folder.
    init(_ paths: [[String]]) {
        for path in paths where path.count == 2 && path[0] == DeltaLog.folder { add(path) }
    }

    private mutating func add(_ path: [String]) {
        let parts = path[1].split(separator: ".", omittingEmptySubsequences: false)
        guard parts[0].count == 20, let version = DeltaLog.number(parts[0]) else { return }
        switch (parts.count, parts.last) {
        case (2, "json"): commits[version] = path
        case (3, "parquet") where parts[1] == "checkpoint":
            checkpoints[version, default: [:]][1, default: [:]][1] = path
        case (5, "parquet") where parts[1] == "checkpoint":
            guard let part = DeltaLog.number(parts[2]), let count = DeltaLog.number(parts[3]),
                (1...max(1, count)).contains(part)
            else { return }
            checkpoints[version, default: [:]][count, default: [:]][part] = path
        case (4, "parquet"), (4, "json"):
            if parts[1] == "checkpoint" { hasOtherCheckpoints = true }
        default: break
        }
    }

    private static func number(_ text: Substring) -> Int? {
        // Far from where a sum could overflow.
        guard text.allSatisfy({ $0.isASCII && $0.isNumber }), let number = Int(text),
            number < 1 << 53
        else { return nil }
        return number
    }

    /// The parts of the checkpoint of a version, all of which are there.
    private func checkpoint(_ version: Int) -> [[String]]? {
        let whole = (checkpoints[version] ?? [:]).filter { $0.key == $0.value.count }
        guard let fewest = whole.min(by: { $0.key < $1.key }) else { return nil }
        return fewest.value.sorted { $0.key < $1.key }.map(\.value)
    }

    /// The newest version that there is; nil for none.
    var newest: Int? {
        let whole = checkpoints.keys.filter { checkpoint($0) != nil }
        return [commits.keys.max(), whole.max()].compactMap { $0 }.max()
    }

    /// What a version takes, the newest for nil. Throws `TableError` where some of it is missing.
    func version(_ wanted: Int?) throws(TableError) -> Version {
        guard let newest else { throw TableError(line: nil, "its log has no version") }
        let number = wanted ?? newest
        guard number <= newest else {
            throw TableError(line: nil, "it has no version \(number): its newest one is \(newest)")
        }
        let start = checkpoints.keys.filter { $0 <= number && checkpoint($0) != nil }.max()
        var version = Version(
            number: number, checkpoint: start.flatMap { checkpoint($0) } ?? [])
        for commit in ((start ?? -1) + 1)..<(number + 1) {
            guard let path = commits[commit] else {
                let why = hasOtherCheckpoints ? ", and checkpoints of version 2 are not read" : ""
                throw TableError(
                    line: nil,
                    "version \(number) cannot be made: its log has no commit \(commit)\(why)")
            }
            version.commits.append(path)
        }
        return version
    }
}

/// What actions that follow each other leave.
///
/// Bounded: a log that would take more than `maximumFiles` or `maximumTextBytes` is refused.
struct DeltaReplay {
    static let maximumFiles = 200_000
    static let maximumActions = 20_000_000
    static let maximumTextBytes = 128 << 20

    /// The files that are part of the table.
    private(set) var files: [String: DeltaEntry] = [:]
    private(set) var metaData: DeltaMetaData?
    private(set) var needs: DeltaProtocol?
    private var actionCount = 0
    private var textBytes = 0

    /// Takes the next action.
    mutating func take(_ action: DeltaAction) throws(TableError) {
        actionCount += 1
        guard actionCount <= DeltaReplay.maximumActions else {
            throw TableError(
                line: nil, "is one of more than \(DeltaReplay.maximumActions) actions")
        }
        switch action {
        case .add(let entry):
            if let old = files.updateValue(entry, forKey: entry.id) { textBytes -= old.textBytes }
            textBytes += entry.textBytes
        case .remove(let id):
            if let old = files.removeValue(forKey: id) { textBytes -= old.textBytes }
        case .metaData(let metaData): self.metaData = metaData
        case .needs(let needs): self.needs = needs
        }
        guard files.count <= DeltaReplay.maximumFiles, textBytes <= DeltaReplay.maximumTextBytes
        else {
            throw TableError(
                line: nil,
                "is one too many: more than \(DeltaReplay.maximumFiles) files are not read")
        }
    }
}
