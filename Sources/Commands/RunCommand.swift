import ArgumentParser
import Bytes
import Pipelines
import Platform
import Vocabulary
import Workspaces

struct RunCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a command and record what it read and wrote.",
        discussion: helpText(
            examples: [
                "mlstore run -- python train.py",
                "mlstore run -d train.py -d data/flights.csv -o models/flights.bin -- python train.py",
                "mlstore run --name sweep -p train.l2 -m scores.json -- sh sweep.sh",
                "mlstore run -o sorted.csv -- 'sort data.csv | uniq > sorted.csv'",
            ],
            notes: """
                The command runs once, in the folder where you are, as a stage would: its \
                former outputs are put back if it fails, and what it wrote is stored and tracked. \
                'mlstore runs', 'lineage' and 'repro --verify' know it by its name. A single \
                argument goes to the shell as it is; several are its words. What is to be run \
                again when something changes belongs in mlstore.yaml.
                """))

    @Option(help: ArgumentHelp("What to call it; the program's name.", valueName: "name"))
    var name: String?

    @Option(
        name: [.customShort("d"), .customLong("dep")], parsing: .singleValue,
        help: ArgumentHelp("A file or folder that it reads.", valueName: "path"),
        completion: .file())
    var dependencies: [String] = []

    @Option(
        name: [.customShort("o"), .customLong("out")], parsing: .singleValue,
        help: ArgumentHelp("A file or folder that it writes.", valueName: "path"),
        completion: .file())
    var outputs: [String] = []

    @Option(
        name: [.customShort("m"), .customLong("metric")], parsing: .singleValue,
        help: ArgumentHelp("A file of measurements that it writes.", valueName: "path"),
        completion: .file())
    var metrics: [String] = []

    @Option(
        name: [.customShort("p"), .customLong("param")], parsing: .singleValue,
        help: ArgumentHelp("A key of params.yaml that it reads.", valueName: "key"))
    var parameters: [String] = []

    @Option(
        name: [.customShort("e"), .customLong("env")], parsing: .singleValue,
        help: ArgumentHelp("An environment variable that it depends on.", valueName: "name"))
    var variables: [String] = []

    @Option(help: ArgumentHelp("Its MLSTORE_SEED; 0.", valueName: "number"))
    var seed: Int64?

    @Argument(parsing: .postTerminator, help: "The command, behind '--'.")
    var command: [String] = []

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        guard !command.isEmpty else {
            throw StoreError(
                .badUsage, "there is no command to run",
                advice: "put it behind '--': mlstore run -- python train.py",
                safety: "nothing was run")
        }
        let place = try context.workspace()
        var tracked = TrackedCommand(
            name: name ?? RunCommand.programName(command), line: try line(in: place, context))
        tracked.dependencies = try paths(dependencies, in: place, context)
        tracked.outputs = try paths(outputs, in: place, context)
        tracked.metrics = try paths(metrics, in: place, context)
        tracked.parameters = parameters
        tracked.environment = variables
        tracked.seed = seed
        tracked.threads = place.machine.threads
        let console = context.console
        let report = try Pipelines.run(tracked, in: place) { event in
            ReproText.lines(event, explaining: false).forEach { try? console.printLine($0) }
        }
        return ReproText.report(report, isDryRun: false)
    }

    private func paths(
        _ arguments: [String], in place: Workspace, _ context: CommandContext
    ) throws -> [RepoPath] {
        guard !arguments.isEmpty else { return [] }
        guard let paths = try context.paths(arguments, in: place) else {
            throw StoreError(
                .badUsage, "a command cannot read or write the whole workspace",
                advice: "name the files and folders", safety: "nothing was run")
        }
        return paths
    }

    /// The line for the shell, which starts at the top of the workspace.
    private func line(in place: Workspace, _ context: CommandContext) throws -> String {
        let words = command.map(RunCommand.quoted).joined(separator: " ")
        let line = command.count == 1 ? command[0] : words
        let folder = try place.path(
            of: Array(".".utf8), from: try Environment.realPath(context.directory))
        return folder.map { "cd \(RunCommand.quoted($0.description)) && \(line)" } ?? line
    }

    /// A word for the shell.
    private static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
                    || (0x61...0x7a).contains(byte) || Array("_-./=:,@%+".utf8).contains(byte)
            }
        return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }

    /// The last part of the first word, without what is behind its dot, as far as it can be a name:
    /// `train` for `python train.py`, `sort` for `/usr/bin/sort x`.
    static func programName(_ command: [String]) -> String {
        let words = command.count == 1 ? command[0].split(separator: " ").map(String.init) : command
        let stems = words.map { word in
            let last = word.split(separator: "/").last.map(String.init) ?? ""
            return String(last.split(separator: ".").first ?? "")
        }
        let isScript = words.dropFirst().first.map {
            $0.hasSuffix(".py") || $0.hasSuffix(".R") || $0.hasSuffix(".sh")
        }
        let stem = isScript ?? false ? stems[1] : stems.first ?? ""
        let name = stem.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_") }
        return name.isEmpty ? "run" : String(name.prefix(100))
    }
}
