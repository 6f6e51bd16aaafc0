import Platform
import Vocabulary

/// The pages of docs/reference/cli, which the program writes about itself.
struct CommandReference {
    static let folder = "docs/reference/cli"

    let tree: SourceTree
    let program: DiskPath

    /// The pages as the program writes them now, by name.
    func generated() throws -> [String: String] {
        let disk = LocalDisk()
        let name = Entropy.system.bytes(8).map { String($0, radix: 16) }.joined()
        let scratch = DiskPath("/tmp") / "mlstore-reference-\(name)"
        try disk.makeDirectories(scratch)
        defer { try? disk.removeTree(scratch) }
        _ = try output(
            of: [
                "\(program)", "generate-manual", "--format", "markdown", "\(scratch)",
            ], in: tree.root)
        var pages: [String: String] = [:]
        for entry in try disk.entries(of: scratch) {
            let bytes = try disk.readFile(scratch.appending(entry.name), maximumBytes: 1 << 20)
            pages[String(decoding: entry.name, as: UTF8.self)] =
                String(decoding: bytes, as: UTF8.self)
        }
        return pages
    }

    /// Pages that differ from the program, are missing, or describe what is no more.
    func findings() throws -> [Finding] {
        let pages = try generated()
        let kept = tree.paths.filter { $0.hasPrefix(CommandReference.folder + "/") }
        var findings: [Finding] = []
        for (name, text) in pages.sorted(by: { $0.key < $1.key }) {
            let path = CommandReference.folder + "/" + name
            let isSame = try kept.contains(path) && tree.text(path) == text
            if !isSame { findings.append(finding(path, "differs from the program's own help")) }
        }
        for path in kept where pages[String(path.dropFirst(Self.folder.count + 1))] == nil {
            findings.append(finding(path, "describes no command"))
        }
        return findings
    }

    /// Writes the pages and removes those of no command.
    func write() throws -> Int {
        let disk = LocalDisk()
        let pages = try generated()
        let folder = tree.root / CommandReference.folder
        try disk.makeDirectories(folder)
        for (name, text) in pages.sorted(by: { $0.key < $1.key }) {
            try writeAtomically(Array(text.utf8), to: folder / name, on: disk, durable: false)
        }
        for entry in try disk.entries(of: folder) {
            let name = String(decoding: entry.name, as: UTF8.self)
            if pages[name] == nil { try disk.removeFile(folder.appending(entry.name)) }
        }
        return pages.count
    }

    private func finding(_ path: String, _ message: String) -> Finding {
        Finding(file: path, line: 0, rule: "reference", message: message + ": run 'dev docs'")
    }
}
