import ArgumentParser
import Platform
import Transfer
import Vocabulary
import Workspaces

extension GitHook: ExpressibleByArgument {}

/// What git's hooks run after `mlstore install`.
struct GitHookCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "git-hook",
        abstract: "Do what a hook of git asks for.",
        discussion: helpText(
            examples: ["mlstore git-hook pre-commit"],
            notes: """
                pre-commit says which data changed without 'mlstore add' and which pointers are not \
                in the commit, and refuses pointers that cannot be read or whose content is not in \
                the store. pre-push pushes what the commits name, and refuses to go on when that \
                fails.
                """),
        shouldDisplay: false)

    @Argument(help: ArgumentHelp("Which hook.", valueName: "hook"))
    var hook: GitHook

    @OptionGroup var common: CommonOptions

    func run() throws {
        let context = try CommandContext(common, console: Console(isJSON: false, isQuiet: false))
        let workspace = try context.workspace()
        switch hook {
        case .preCommit: try checkCommit(workspace, context)
        case .prePush: try push(workspace, context)
        }
    }

    // MARK: - pre-commit

    private func checkCommit(_ workspace: Workspace, _ context: CommandContext) throws {
        let check = try StagedPointerCheck(workspace)
        for path in check.changedData {
            context.console.note(
                "mlstore: '\(path)' changed and is not in this commit: run 'mlstore add \(path)' "
                    + "and 'git add \(path)\(Pointer.suffix)'")
        }
        for file in check.unstagedPointers {
            context.console.note(
                "mlstore: the pointer '\(file)' is not in this commit: run 'git add \(file)'")
        }
        guard let fault = check.fault else { return }
        throw fault
    }

    // MARK: - pre-push

    private func push(_ workspace: Workspace, _ context: CommandContext) throws {
        let pushed = try PushedCommits(updates: readInput(), workspace)
        guard !pushed.tips.isEmpty else { return }
        guard try !workspace.config().remotes.isEmpty else {
            context.console.note(
                "mlstore: no remote for data: what these commits name stays here; "
                    + "'mlstore remote add origin URL' names one")
            return
        }
        let report = try Transfer.push(
            commits: pushed.tips, older: pushed.older, of: workspace,
            progress: context.showTransfer)
        report.warnings.forEach(context.console.note)
        context.console.note("mlstore: sent \(ByteCount(report.sentBytes)) of data")
        guard let path = report.absent.first else { return }
        throw StoreError(
            .notInStore,
            "cannot push: the content of '\(path)' is neither in this store nor on the remote",
            subject: path,
            advice: "run 'mlstore push' where it was added, or 'git push --no-verify' to push "
                + "without it", safety: "git has pushed nothing")
    }

    /// All of standard input: git tells there what it is about to push.
    private func readInput() -> String {
        var text: [UInt8] = []
        while let more = Environment.readStandardInput(maximum: 1 << 16), text.count < 1 << 24 {
            text += more
        }
        return String(decoding: text, as: UTF8.self)
    }
}
