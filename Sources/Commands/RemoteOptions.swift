import ArgumentParser
import Transfer
import Vocabulary
import Workspaces

/// The option of every command that exchanges with a remote.
struct RemoteOptions: ParsableArguments {
    @Option(
        name: [.customShort("r"), .customLong("remote")],
        help: ArgumentHelp(
            "The remote; where none is given: 'remote.default', 'origin', or the only one.",
            valueName: "name"))
    var name: String?
}

/// What to bring from a remote.
struct FetchArguments: ParsableArguments {
    @Argument(help: "Only these.", completion: .file())
    var paths: [String] = []

    @Flag(help: "Look also for lost parts of what is here, and bring them again.")
    var thorough = false

    @OptionGroup var remote: RemoteOptions
}
