import ArgumentParser
import Bytes
import Objects
import Transfer
import Vocabulary
import Workspaces

struct FsckCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsck",
        abstract: "Check the store, and mend it.",
        discussion: helpText(
            examples: [
                "mlstore fsck",
                "mlstore fsck --level structure",
                "mlstore fsck --scrub --max-duration 600",
                "mlstore fsck --repair --from origin",
                "mlstore fsck --remote origin",
                "mlstore fsck --remote origin --sample 5",
                "mlstore fsck --remote origin --repair",
            ],
            notes: """
                Tells what is damaged and what depends on it. It changes nothing, but with \
                --repair: that copies what is intact out of damaged packs, moves these aside, and \
                stores what is missing again, from the work tree and from a remote. Nothing is \
                deleted.

                A scrub only compares checksums, as fast as the disk reads. It begins with the packs \
                that were not looked at for longest, so that short runs get around.

                With --remote it is a remote that is checked, from what is there alone. 'structure' \
                looks whether every pack is there; 'connectivity', the default then, reads all \
                metadata; 'checksums' asks the remote for the digests that it keeps, if it \
                does; 'full' reads everything. --repair takes what is damaged out of its \
                index, and the next push of whoever has it sends it again.
                """))

    @Option(
        help: ArgumentHelp(
            "structure, connectivity, checksums or full (hashes everything again, the default).",
            valueName: "level"))
    var level: String?

    @Flag(help: "Compare the checksums of packs, those of longest ago first.")
    var scrub = false

    @Option(
        help: ArgumentHelp("Stop a scrub after so many seconds.", valueName: "seconds"))
    var maxDuration: Int?

    @Flag(help: "Mend what is damaged.")
    var repair = false

    @Option(
        help: ArgumentHelp("Fetch what is missing from this remote, to mend.", valueName: "remote"))
    var from: String?

    @Option(
        help: ArgumentHelp("Check a remote instead of this store.", valueName: "name"))
    var remote: String?

    @Option(
        help: ArgumentHelp(
            "With --remote: read so many of a hundred frames of data.", valueName: "percent"))
    var sample: Int?

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        try checkOptions()
        let workspace = try context.workspace()
        if let remote { return try checkRemote(remote, of: workspace, context) }
        if scrub { return try runScrub(workspace, context) }
        if repair { return try runRepair(workspace, context) }
        let wanted = try verifyLevel() ?? .full
        let contents = try workspace.presentContents()
        let store = try workspace.store()
        let known = contents.filter { store.contains($0) }
        let found = try store.verify(wanted, roots: known.map { .content($0) }) { done, total in
            context.console.progress.update(
                "checking", done: done, total: total, unit: .items("pack"))
        }
        return report(found, missing: contents.count - known.count)
    }

    /// The level that was asked for; nil for none.
    func verifyLevel() throws -> VerifyLevel? {
        guard let level else { return nil }
        if let known = VerifyLevel.allCases.first(where: { "\($0)" == level }) { return known }
        let names = VerifyLevel.allCases.map { "\($0)" }
        throw bad("there is no level '\(level)'", "use one of \(names.joined(separator: ", "))")
    }

    private func checkOptions() throws {
        if remote != nil, scrub || from != nil {
            throw bad("'--remote' goes with neither '--scrub' nor '--from'", nil)
        }
        if sample != nil, remote == nil { throw bad("'--sample' needs '--remote'", nil) }
        if let sample, !(1...100).contains(sample) {
            throw bad("'--sample' takes a number from 1 to 100", nil)
        }
        if scrub, repair {
            throw bad("'--scrub' and '--repair' exclude each other", "run one first")
        }
        if maxDuration != nil, !scrub { throw bad("'--max-duration' needs '--scrub'", nil) }
        if from != nil, !repair { throw bad("'--from' needs '--repair'", nil) }
        if let maxDuration, maxDuration < 1 {
            throw bad("'--max-duration' must be 1 or more", nil)
        }
    }

    private func bad(_ message: String, _ advice: String?) -> StoreError {
        StoreError(.badUsage, message, advice: advice, safety: "nothing was done")
    }

    // MARK: - Scrub

    private func runScrub(_ workspace: Workspace, _ context: CommandContext) throws -> Report {
        var options = ScrubOptions()
        options.maximumMilliseconds = maxDuration.map { Int64($0) * 1000 }
        let found = try workspace.store().scrub(options) { done, total in
            context.console.progress.update(
                "reading", done: done, total: total, unit: .items("pack"))
        }
        var lines = described(found.problems)
        let isSound = found.problems.isEmpty
        lines.append(
            "\(isSound ? "sound" : "damaged"): \(counted(found.packs, "pack")), "
                + "\(ByteCount(found.bytes)) read")
        if found.remaining > 0 {
            lines.append("\(counted(found.remaining, "pack")) left for the next scrub")
        }
        return Report(
            lines: lines,
            json: [
                "sound": .bool(isSound), "packs": JSONValue(found.packs),
                "bytes": JSONValue(found.bytes), "remaining": JSONValue(found.remaining),
                "oldest": found.oldest.map { .string($0.description) } ?? nil,
                "problems": .array(found.problems.map(json)),
            ], status: isSound ? .done : .failed)
    }

    // MARK: - Repair

    private func runRepair(_ workspace: Workspace, _ context: CommandContext) throws -> Report {
        let done = try Workspaces.repair(in: workspace) {
            guard let from else { return }
            _ = try fetch(
                into: workspace, from: from, options: FetchOptions(isThorough: true),
                progress: context.showTransfer)
        }
        var lines: [String] = []
        if !done.quarantine.packs.isEmpty {
            lines.append(
                "moved \(counted(done.quarantine.packs.count, "damaged pack")) to "
                    + "'.mlstore/store/quarantine', after copying "
                    + "\(counted(done.quarantine.rescued, "intact object"))")
        }
        lines += done.restored.map { "stored again from the work tree: \($0)" }
        let left = done.left.problems.filter {
            $0.severity == .damaged || $0.severity == .missing
        }
        lines += described(left).map { "not mended: \($0)" }
        lines.append(
            done.left.isSound
                ? done.found.isSound ? "sound: there was nothing to mend" : "sound again"
                : "damaged still: try '--from' a remote that has the rest")
        if done.found.isSound, done.absent > 0 { lines.append(absence(done.absent)) }
        return Report(
            lines: lines,
            json: [
                "sound": .bool(done.left.isSound),
                "quarantined": .array(
                    done.quarantine.packs.map { .string($0.digest.hex) }),
                "rescuedObjects": JSONValue(done.quarantine.rescued),
                "restored": .array(done.restored.map { .string($0.description) }),
                "notHere": JSONValue(done.absent),
                "problems": .array(done.left.problems.map(json)),
            ], status: done.left.isSound ? .done : .failed)
    }

    // MARK: - Check

    private func report(_ found: VerifyReport, missing: Int) -> Report {
        var lines = described(found.problems)
        lines.append(
            "\(found.isSound ? "sound" : "damaged"): \(counted(found.commits, "commit")), "
                + "\(counted(found.packs, "pack")), \(counted(found.objects, "object")), "
                + "level \(found.level)")
        if missing > 0 { lines.append(absence(missing)) }
        let json: JSONValue = [
            "sound": .bool(found.isSound), "level": .string("\(found.level)"),
            "commits": JSONValue(found.commits), "packs": JSONValue(found.packs),
            "objects": JSONValue(found.objects), "notHere": JSONValue(missing),
            "problems": .array(found.problems.map(json)),
        ]
        return Report(lines: lines, json: json, status: found.isSound ? .done : .failed)
    }

    /// A line for each problem; what a pack and the blobs in it say alike is said once.
    private func described(_ problems: [VerifyProblem]) -> [String] {
        var told: Set<String> = []
        return problems.map(\.description).filter { told.insert($0).inserted }
    }

    private func absence(_ count: Int) -> String {
        "\(counted(count, "tracked path")) not in this store: 'mlstore pull'"
    }

    func json(_ problem: VerifyProblem) -> JSONValue {
        [
            "severity": .string(problem.severity.rawValue), "file": .string(problem.file),
            "offset": problem.offset.map { JSONValue($0) } ?? nil,
            "message": .string(problem.message),
            "affected": .array(problem.affected.map { .string($0.description) }),
        ]
    }
}
