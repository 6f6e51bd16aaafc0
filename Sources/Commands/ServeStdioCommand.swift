import ArgumentParser
import Remotes

/// What the other end of an `ssh://` remote starts here.
struct ServeStdioCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve-stdio",
        abstract: "Serve a remote's directory to the other end of an ssh connection.",
        discussion: helpText(
            examples: [
                "ssh server mlstore serve-stdio /srv/project"
            ],
            notes: """
                Started by mlstore itself for remotes such as ssh://server/srv/project. It speaks a \
                protocol of its own on standard input and output; written into authorized_keys as a \
                forced command it lets a key do nothing else.
                """),
        shouldDisplay: false)

    @Argument(help: "The directory.", completion: .directory)
    var directory: String

    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common, console: Console(isJSON: false, isQuiet: true))
        try serveStandardInput(context.path(directory), on: context.disk)
    }
}
