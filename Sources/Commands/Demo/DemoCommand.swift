import ArgumentParser
import Bytes
import Platform
import Vocabulary

struct DemoCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show everything once, on a real table, in a temporary folder.",
        discussion: helpText(
            examples: [
                "mlstore demo", "mlstore demo --keep ~/delays-demo", "mlstore demo --tables data",
            ],
            notes: """
                Runs the tutorial: makes a git repository, adds 327,346 flights to it, trains a \
                model, changes the data, and shows what mlstore says at each step. Every command \
                is printed before its output. Nothing outside the folder is touched.
                """))

    @Option(
        help: ArgumentHelp("Work in this new folder and keep it.", valueName: "dir"),
        completion: .directory)
    var keep: String?

    @Option(
        help: ArgumentHelp(
            "Only write the demo's two tables into this folder.", valueName: "dir"),
        completion: .directory)
    var tables: String?

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let files = try DemoFiles(on: context.disk)
        if let tables { return try writeTables(files, into: context.path(tables), context) }
        let folder = try makeFolder(context)
        let tour = DemoTour(folder: folder, context: context)
        do {
            let report = try tour.run(try files.tutorial(), keeping: keep != nil)
            if keep == nil { try removeTree(folder, on: context.disk) }
            return report
        } catch {
            if keep == nil { try? removeTree(folder, on: context.disk) }
            throw error
        }
    }

    private func writeTables(
        _ files: DemoFiles, into folder: DiskPath, _ context: CommandContext
    ) throws -> Report {
        try context.disk.makeDirectories(folder)
        var lines: [String] = []
        var json: [JSONValue] = []
        for table in try files.tables() {
            try writeAtomically(
                table.bytes, to: folder / table.name, on: context.disk, permissions: 0o644,
                durable: false)
            lines.append("\(tables ?? "")/\(table.name)  \(ByteCount(table.bytes.count))")
            json.append(["name": .string(table.name), "size": JSONValue(table.bytes.count)])
        }
        return Report(lines: lines, json: ["tables": .array(json)])
    }

    private func makeFolder(_ context: CommandContext) throws -> DiskPath {
        if let keep {
            let folder = context.path(keep)
            try context.disk.makeDirectory(folder)
            return try Environment.realPath(folder)
        }
        let parent = DiskPath(Environment.variable("TMPDIR") ?? "/tmp")
        let folder = parent / ("mlstore-demo-" + Hex.encode(context.entropy.bytes(6)))
        try context.disk.makeDirectory(folder)
        return try Environment.realPath(folder)
    }

    private func removeTree(_ folder: DiskPath, on disk: any Disk) throws {
        for entry in try disk.entriesWithStatus(of: folder) {
            let path = folder.appending(entry.name)
            if entry.status.kind == .directory {
                try removeTree(path, on: disk)
            } else {
                try disk.removeFile(path)
            }
        }
        try disk.removeDirectory(folder)
    }
}
