import ArgumentParser
import Bytes
import Objects
import Vocabulary
import Workspaces

struct FsckCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "fsck",
        abstract: "Check the store.",
        discussion: helpText(
            examples: [
                "mlstore fsck",
                "mlstore fsck --level structure",
                "mlstore fsck --level full",
            ],
            notes: """
                Changes nothing. It tells what is damaged and what depends on it.
                """))

    @Option(
        help: ArgumentHelp(
            "structure, connectivity or full (hashes everything again).", valueName: "level"))
    var level = "full"

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        guard let wanted = VerifyLevel.allCases.first(where: { "\($0)" == level }) else {
            let names = VerifyLevel.allCases.map { "\($0)" }
            throw StoreError(
                .badUsage, "there is no level '\(level)'", subject: level,
                advice: "use one of \(names.joined(separator: ", "))",
                safety: "nothing was done")
        }
        let contents = try workspace.tracked().paths.map(\.content)
        let store = try workspace.store()
        let known = contents.filter { store.contains($0) }
        let found = try store.verify(wanted, roots: known.map { .content($0) })
        return report(found, missing: contents.count - known.count)
    }

    private func report(_ found: VerifyReport, missing: Int) -> Report {
        var lines = found.problems.map(\.description)
        lines.append(
            "\(found.isSound ? "sound" : "damaged"): \(counted(found.commits, "commit")), "
                + "\(counted(found.packs, "pack")), \(counted(found.objects, "object")), "
                + "level \(found.level)")
        if missing > 0 {
            lines.append("\(counted(missing, "tracked path")) not in this store: 'mlstore pull'")
        }
        let json: JSONValue = [
            "sound": .bool(found.isSound), "level": .string("\(found.level)"),
            "commits": JSONValue(found.commits), "packs": JSONValue(found.packs),
            "objects": JSONValue(found.objects), "notHere": JSONValue(missing),
            "problems": .array(
                found.problems.map { problem in
                    [
                        "severity": .string(problem.severity.rawValue),
                        "file": .string(problem.file),
                        "offset": problem.offset.map { JSONValue($0) } ?? nil,
                        "message": .string(problem.message),
                        "affected": .array(problem.affected.map { .string($0.description) }),
                    ]
                }),
        ]
        return Report(lines: lines, json: json, status: found.isSound ? .done : .failed)
    }
}
