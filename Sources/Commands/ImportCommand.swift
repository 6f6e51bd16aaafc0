import ArgumentParser
import Bytes
import Pipelines
import Platform
import Transfer
import Vocabulary
import Workspaces

struct ImportCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Bring a file or folder from elsewhere, and keep where it is from.",
        discussion: helpText(
            examples: [
                "mlstore import https://example.org/data/planes.csv",
                "mlstore import https://example.org/data/planes.csv -o data/planes.csv",
                "mlstore import ../other-project models/delay.mlmodel --rev v1",
                "mlstore import s3://bucket/project data/images -o images",
                "mlstore import s3://bucket/raw/planes.csv",
                "mlstore import ../dvc-project data/train.csv --rev v2",
                "mlstore import git+ssh://git@example.org/team/project.git data/a.csv --rev main",
            ],
            notes: """
                SOURCE is the URL of a file or of an object of a bucket; or, with PATH, the folder of a \
                repository with an mlstore workspace or of a DVC project, a remote, or 'git+' and the URL \
                of a repository on a git server. What DVC tracks comes from its cache or remote. \
                What comes is added, and its pointer keeps the \
                source and its version: 'mlstore update' takes it again when that has changed. User, \
                password and query of a URL are never kept. Nothing that exists is overwritten, and a \
                failure leaves nothing.
                """))

    @Argument(help: "The URL of a file, a repository or a remote.", completion: .directory)
    var source: String

    @Argument(help: "What to take, seen from the top of the repository.")
    var path: String?

    @Option(
        name: [.customLong("rev")],
        help: ArgumentHelp(
            "A revision of the repository, or a ref of the remote.", valueName: "revision"))
    var revision: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Where to put it; its own name where none is given.", valueName: "path"),
        completion: .file())
    var output: String?

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let wanted = ImportSource(
            place: source, path: try path.map { try RepoPath(fromTop: $0) }, revision: revision)
        let folder = try Environment.realPath(context.directory)
        let typed = try output ?? wanted.name
        guard let target = try workspace.path(of: Array(typed.utf8), from: folder) else {
            throw StoreError(
                .badUsage, "nothing can be imported in the place of the workspace itself",
                advice: "name a file or folder in it with '--output'", safety: "nothing was changed"
            )
        }
        try checkNoOutput(target, of: workspace)
        let done = try importContent(
            wanted, to: target, in: workspace, from: folder, progress: context.showTransfer)
        return Report(
            lines: [ImportText.line(done, "imported")], json: .object(ImportText.json(done)))
    }

    /// Refuses a place that a stage will write to, whether or not it has run.
    private func checkNoOutput(_ target: RepoPath, of workspace: Workspace) throws {
        let file = workspace.root / StageFile.fileName
        guard try workspace.disk.status(of: file, followingLinks: true) != nil else { return }
        for stage in try stageFile(in: workspace).stages {
            let product = stage.products.first { target.isInside($0) || $0.isInside(target) }
            guard let product else { continue }
            throw StoreError(
                .badUsage,
                "cannot import to '\(target)': stage '\(stage.name)' writes '\(product)'",
                subject: target.description, advice: "choose another place with '--output'",
                safety: "nothing was changed")
        }
    }
}
