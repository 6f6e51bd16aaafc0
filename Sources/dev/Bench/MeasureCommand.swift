import ArgumentParser
import Platform
import Synchronization
import Vocabulary

/// Runs one program and prints nanoseconds and peak bytes: the inner half of `bench`.
struct MeasureCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "measure", abstract: "Run one program and print its time and memory.",
        shouldDisplay: false)

    @Argument(parsing: .captureForPassthrough)
    var arguments: [String]

    func run() throws {
        let words = arguments.first == "--" ? Array(arguments.dropFirst()) : arguments
        let elapsed = Atomic<UInt64>(0)
        let peak = Atomic<Int>(0)
        let isOver = Atomic<Bool>(false)
        try WorkerPool(threads: 2).forEach(count: 2) { index in
            if index == 0 {
                defer { isOver.store(true, ordering: .relaxed) }
                elapsed.store(try time(words), ordering: .relaxed)
            } else {
                while !isOver.load(ordering: .relaxed) {
                    _ = peak.max(privateMemoryOfChildrenBytes(), ordering: .relaxed)
                    pause(milliseconds: 4)
                }
            }
        }
        // A program too short to be looked at: its peak with mapped files is the safe side.
        let seen = peak.load(ordering: .relaxed)
        let told = seen > 0 ? seen : Environment.peakMemoryOfChildrenBytes()
        print("\(elapsed.load(ordering: .relaxed)) \(told)")
    }

    private func time(_ words: [String]) throws -> UInt64 {
        let child = ChildProcess(
            arguments: words, directory: DiskPath("."), standardOutput: .discard)
        let start = monotonicNanoseconds()
        let outcome = try child.run()
        let elapsed = monotonicNanoseconds() - start
        guard outcome.succeeded else {
            throw StoreError(
                .stageFailed, "'\(words.joined(separator: " "))' failed: \(outcome.ending)")
        }
        return elapsed
    }
}

/// The anonymous memory of this process's children at this moment; zero where the system does not
/// tell. Mapped files are left out: their pages belong to the page cache and go when others want
/// the memory.
private func privateMemoryOfChildrenBytes() -> Int {
    let disk = LocalDisk()
    let tasks = DiskPath("/proc/self/task")
    var bytes = 0
    for task in (try? disk.entries(of: tasks)) ?? [] {
        let children = tasks.appending(task.name) / "children"
        for child in text(children, on: disk).split(separator: " ") {
            bytes += privateMemoryBytes(text(DiskPath("/proc/\(child)/status"), on: disk))
        }
    }
    return bytes
}

private func privateMemoryBytes(_ status: String) -> Int {
    for line in status.split(separator: "\n") where line.hasPrefix("RssAnon:") {
        let words = line.split { $0 == " " || $0 == "\t" }
        return words.count > 1 ? (Int(words[1]) ?? 0) * 1024 : 0
    }
    return 0
}

private func text(_ path: DiskPath, on disk: LocalDisk) -> String {
    let bytes = (try? disk.readFile(path, maximumBytes: 1 << 20)) ?? []
    return String(decoding: bytes, as: UTF8.self)
}
