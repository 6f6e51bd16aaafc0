import Platform
import Vocabulary

/// Where a command runs: the disk, the clock, the directory, the streams. Made once, by the
/// frame, so that nothing below it asks the environment.
struct CommandContext {
    let disk: any Disk
    let clock: WallClock
    let entropy: Entropy
    /// The absolute directory that relative paths of arguments start from.
    let directory: DiskPath
    let console: Console

    /// Ink for the report.
    var ink: Ink { console.ink }

    init(_ options: CommonOptions, console: Console) throws {
        self.console = console
        disk = LocalDisk()
        clock = try WallClock.fromEnvironment()
        entropy = try Entropy.fromEnvironment()
        var start = try Environment.currentDirectory()
        if let directory = options.directory {
            let path = DiskPath(directory)
            start = path.isAbsolute ? path : start / directory
            guard try disk.status(of: start, followingLinks: true)?.kind == .directory else {
                throw StoreError(
                    .notFound, "cannot start in '\(path)': there is no such directory",
                    subject: path.description)
            }
        }
        directory = start
    }

    /// A path argument as a path on disk.
    func path(_ argument: String) -> DiskPath {
        let path = DiskPath(argument)
        return path.isAbsolute ? path : directory.appending(path.bytes)
    }
}
