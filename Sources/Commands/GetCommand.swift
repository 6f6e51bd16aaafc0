import ArgumentParser
import Bytes
import Platform
import Transfer
import Vocabulary
import Workspaces

struct GetCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "get",
        abstract: "Take a file or folder out of a repository or remote, without a workspace.",
        discussion: helpText(
            examples: [
                "mlstore get /mnt/share/project models/delay.mlmodel",
                "mlstore get /mnt/share/project data/ --revision v1 --output old-data",
                "mlstore get file:///mnt/bucket models/delay.mlmodel",
                "mlstore get https://example.org/data/planes.csv",
            ],
            notes: """
                REPOSITORY is the folder of a git repository with an mlstore workspace, or a \
                remote; without PATH the URL of a file of any web server. Of a repository the \
                last commit is meant, of a remote its newest snapshot. Only what the path needs is fetched, and every byte is checked. Nothing that \
                exists is overwritten.
                """))

    @Argument(
        help: "The folder of a repository, a remote, or the URL of a file.", completion: .directory)
    var repository: String

    @Argument(help: "What to take, seen from the top of the repository.")
    var path: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "A revision of the repository, or a ref of the remote.", valueName: "revision"))
    var revision: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Where to write; the last part of the path where none is given.", valueName: "path"),
        completion: .file())
    var output: String?

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let done = try bring(to: output.map { context.path($0) }, in: context)
        let id = done.content.map { "  sha256:\($0.short)" } ?? ""
        let size = ByteCount(done.sizeBytes)
        return Report(
            lines: ["wrote \(done.output): \(counted(done.files, "file")), \(size)\(id)"],
            json: [
                "output": .string(done.output.description), "files": JSONValue(done.files),
                "size": JSONValue(done.sizeBytes),
                "receivedBytes": JSONValue(done.receivedBytes),
                "id": done.content.map { .string($0.description) } ?? .null,
            ])
    }

    private func bring(to output: DiskPath?, in context: CommandContext) throws -> GetReport {
        let folder = try Environment.realPath(context.directory)
        guard let path else {
            guard revision == nil else {
                throw StoreError(
                    .badUsage, "a URL has no revisions", advice: "leave '--revision' out",
                    safety: "nothing was written")
            }
            return try getFile(
                at: repository, in: folder, on: try context.machine(), output: output)
        }
        return try get(
            try RepoPath(fromTop: path), from: repository, in: folder, on: try context.machine(),
            options: GetOptions(revision: revision, output: output),
            progress: context.showTransfer)
    }
}
