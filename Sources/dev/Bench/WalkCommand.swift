import ArgumentParser
import Platform
import Vocabulary

/// Asks for the status of everything below a folder on all processors: the least that a `status`
/// has to do.
struct WalkCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "walk", abstract: "Look at every file below a folder.",
        shouldDisplay: false)

    @Argument
    var folder: String

    func run() throws {
        let disk = LocalDisk()
        var pending = [DiskPath(folder)]
        var count = 0
        while !pending.isEmpty {
            let batch = pending
            let found = try WorkerPool().map(count: batch.count) { index in
                let listing = try disk.listing(of: batch[index])
                let folders = listing.indices.filter { listing.status($0).kind == .directory }
                return (listing.count, folders.map { batch[index].appending(listing.name($0)) })
            }
            pending = found.flatMap(\.1)
            count += found.reduce(0) { $0 + $1.0 }
        }
        print(count)
    }
}
