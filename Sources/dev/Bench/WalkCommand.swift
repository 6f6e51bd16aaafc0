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
        let pool = WorkerPool()
        var pending = [DiskPath(folder)]
        var count = 0
        while !pending.isEmpty {
            let batch = pending
            let listings = try pool.map(count: batch.count) { try disk.names(of: batch[$0]) }
            var parts: [(folder: Int, range: Range<Int>)] = []
            for (index, names) in listings.enumerated() {
                for start in stride(from: 0, to: names.count, by: 4096) {
                    parts.append((index, start..<min(names.count, start + 4096)))
                }
            }
            let these = parts
            let folders = try pool.map(count: these.count) { index in
                let (folder, range) = these[index]
                let names = listings[folder]
                let found = try disk.statuses(of: names, range, in: batch[folder])
                return zip(range, found).filter { $0.1?.kind == .directory }
                    .map { batch[folder].appending(names.name($0.0)) }
            }
            pending = folders.flatMap { $0 }
            count += listings.reduce(0) { $0 + $1.count }
        }
        print(count)
    }
}
