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
            ],
            notes: """
                REPOSITORY is the folder of a git repository with an mlstore workspace, or a \
                remote. Of a repository the last commit is meant, of a remote its newest snapshot. \
                Only what the path needs is fetched, and every byte is checked. Nothing that \
                exists is overwritten.
                """))

    @Argument(help: "The folder of a repository, or a remote.", completion: .directory)
    var repository: String

    @Argument(help: "What to take, seen from the top of the repository.")
    var path: String

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
        let wanted = try RepoPath(fromTop: path)
        let done = try get(
            wanted, from: repository, in: try Environment.realPath(context.directory),
            on: try context.machine(),
            options: GetOptions(revision: revision, output: output.map { context.path($0) }),
            progress: context.showTransfer)
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
}
