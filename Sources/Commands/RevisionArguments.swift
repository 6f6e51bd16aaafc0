import ArgumentParser
import Vocabulary
import Workspaces

/// The two sides of a comparison of values.
struct RevisionArguments: ParsableArguments {
    @Argument(help: ArgumentHelp("What to start from; HEAD.", valueName: "revision"))
    var old: String?

    @Argument(help: ArgumentHelp("What to end with; the files on disk.", valueName: "revision"))
    var new: String?

    @Flag(help: "End with status 3 when there are differences.")
    var exitCode = false

    /// The sides; the new one is nil for the files on disk. Outside of git `HEAD` is the newest
    /// snapshot.
    func sources(in workspace: Workspace) throws -> (old: TrackingSource, new: TrackingSource?) {
        (
            try workspace.source(named: old ?? "HEAD"),
            try new.map { try workspace.source(named: $0) }
        )
    }

    /// What a command ends with that asked for the status of differences.
    func status(hasDifferences: Bool) -> ExitStatus {
        exitCode && hasDifferences ? .differences : .done
    }
}
