import ArgumentParser
import Bytes
import Pipelines
import Vocabulary

struct StageAddCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Write a stage into the stage file.",
        discussion: helpText(
            examples: [
                "mlstore stage add -n train -d train.py -d data/train.csv -o model.bin python train.py",
                "mlstore stage add -n report -d metrics.json -p plots.dpi -O report.html 'make report'",
                "mlstore stage add -n thumbs --map-over images --map-out 'thumbs/${item.path}' "
                    + "'convert ${item} -resize 64x64 ${item.out}'",
                "mlstore stage add -n fit --force --retries 2 --timeout 30m ./fit.sh",
            ],
            notes: """
                The options stand before the command. What is in mlstore.yaml stays as it is, \
                comments too; 'mlstore undo' takes the change back. Nothing is run: 'mlstore repro' \
                does that. Paths are relative to the top of the workspace, or to --wdir.
                """))

    @Option(name: .shortAndLong, help: "Its name.")
    var name: String

    @Option(
        name: [.customShort("d"), .customLong("deps")],
        help: ArgumentHelp("A file or folder that it reads, or a pattern.", valueName: "path"),
        completion: .file())
    var dependencies: [String] = []

    @Option(
        name: [.customShort("o"), .customLong("outs")],
        help: ArgumentHelp("A file or folder that it writes.", valueName: "path"),
        completion: .file())
    var outputs: [String] = []

    @Option(
        name: [.customShort("O"), .customLong("outs-no-cache")],
        help: ArgumentHelp("One that the store does not keep.", valueName: "path"),
        completion: .file())
    var uncachedOutputs: [String] = []

    @Option(
        help: ArgumentHelp(
            "Run it once for each file of this folder, or for what a pattern matches.",
            valueName: "path"), completion: .directory)
    var mapOver: String?

    @Option(
        help: ArgumentHelp(
            "With --map-over, where the output for '${item.path}' goes.", valueName: "path"))
    var mapOut: String?

    @Option(
        name: [.customLong("outs-persist")],
        help: ArgumentHelp("One that stays in place while it runs.", valueName: "path"),
        completion: .file())
    var persistentOutputs: [String] = []

    @Option(
        help: ArgumentHelp("A file that it writes for plots.", valueName: "path"),
        completion: .file())
    var plots: [String] = []

    @Option(
        name: [.customShort("m"), .customShort("M"), .customLong("metrics")],
        help: ArgumentHelp("A file of measurements that it writes.", valueName: "path"),
        completion: .file())
    var metrics: [String] = []

    @Option(
        name: [.customShort("p"), .customLong("params")],
        help: ArgumentHelp("Parameters that it reads by itself.", valueName: "[file:]key,…"))
    var parameters: [String] = []

    @Option(help: ArgumentHelp("An environment variable that it depends on.", valueName: "name"))
    var env: [String] = []

    @Option(
        name: [.customShort("w"), .customLong("wdir")],
        help: ArgumentHelp("The folder that it runs in.", valueName: "path"),
        completion: .directory)
    var directory: String?

    @Option(help: ArgumentHelp("Its MLSTORE_SEED.", valueName: "number"))
    var seed: Int64?

    @Option(help: ArgumentHelp("How often to try again.", valueName: "count"))
    var retries: Int?

    @Option(help: ArgumentHelp("How long it may take: 45s, 30m, 2h.", valueName: "time"))
    var timeout: String?

    @Flag(name: [.long, .customLong("always-changed")], help: "Run it every time.")
    var always = false

    @Option(name: .customLong("desc"), help: ArgumentHelp("What it is for.", valueName: "text"))
    var summary: String?

    @Flag(name: .shortAndLong, help: "Replace a stage of that name.")
    var force = false

    @OptionGroup var common: CommonOptions

    @Argument(parsing: .captureForPassthrough, help: "The command, as one text or in words.")
    var command: [String] = []

    func perform(in context: CommandContext) throws -> Report {
        let words = command.first == "--" ? Array(command.dropFirst()) : command
        guard !words.isEmpty else {
            throw StoreError(
                .badUsage, "stage '\(name)' has no command", subject: name,
                advice:
                    "write it behind the options: 'mlstore stage add -n \(name) python train.py'",
                safety: "nothing was changed")
        }
        guard (mapOver == nil) == (mapOut == nil) else {
            throw StoreError(
                .badUsage, "'--map-over' and '--map-out' go together", subject: name,
                advice: "write \"--map-over images --map-out 'thumbs/${item.path}'\"",
                safety: "nothing was changed")
        }
        try addStage(declaration(ShellWords.line(words)), replacing: force, in: context.workspace())
        return Report(
            lines: [
                "wrote stage '\(name)' into \(StageFile.fileName)  ('mlstore repro \(name)' runs it)"
            ],
            json: ["stage": .string(name)])
    }

    private func declaration(_ line: String) -> StageDeclaration {
        var stage = StageDeclaration(name: name, command: line)
        if let mapOver, let mapOut { stage.map = (mapOver, mapOut) }
        stage.dependencies = dependencies
        stage.outputs =
            outputs.map { .init($0) }
            + uncachedOutputs.map { .init($0, flags { $0.isCached = false }) }
            + persistentOutputs.map { .init($0, flags { $0.isPersistent = true }) }
        stage.plots = plots.map { .init($0) }
        stage.metrics = metrics.map { .init($0) }
        stage.parameters = parameters
        stage.environment = env
        stage.directory = directory
        stage.seed = seed
        stage.retries = retries
        stage.timeout = timeout
        stage.isAlwaysRun = always
        stage.description = summary
        return stage
    }

    private func flags(_ change: (inout OutputFlags) -> Void) -> OutputFlags {
        var flags = OutputFlags()
        change(&flags)
        return flags
    }
}

/// Words as a line for a shell.
enum ShellWords {
    /// The words with blanks between, quoted where a shell would take them apart; a single word is
    /// a line already.
    static func line(_ words: [String]) -> String {
        words.count == 1 ? words[0] : words.map(quoted).joined(separator: " ")
    }

    private static func quoted(_ word: String) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte & ~0x20)
                || Array("-_./=:,+@%^{}$".utf8).contains(byte) || byte >= 0x80
        }
        // A placeholder must stay one: `$` is left alone.
        guard !isPlain || word.isEmpty else { return word }
        return "'" + word.replacing("'", with: "'\\''") + "'"
    }
}
