import ArgumentParser
import Bytes
import Objects
import Transfer
import Vocabulary
import Workspaces

struct EvictCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "evict",
        abstract: "Free content here that a remote holds.",
        discussion: helpText(
            examples: [
                "mlstore evict data/images --dry-run",
                "mlstore evict data/images",
                "mlstore evict --remote backup --full",
            ],
            notes: """
                Frees what tracked paths hold in every version that the remote has, after it was proved \
                that the remote holds it: all of it is in the remote's index, the packs are there with \
                their lengths, and with their digests where the remote keeps such (with --full they are \
                read whole), and a note on the remote keeps it from being collected. Files in the \
                work tree stay. 'mlstore pull' brings it back. What other tracked paths hold too stays, \
                and what nothing needs goes as by 'mlstore gc'.
                """))

    @Argument(help: "Only these.", completion: .file())
    var paths: [String] = []

    @Flag(name: .shortAndLong, help: "Only tell what would be freed.")
    var dryRun = false

    @Flag(help: "Read the packs that the remote holds it in, and check every byte.")
    var full = false

    @OptionGroup var remote: RemoteOptions
    @OptionGroup var link: LinkArguments
    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        let name = try workspace.remote(named: remote.name).name
        var options = EvictOptions()
        options.isDryRun = dryRun
        options.readsPacks = full
        options.link = try link.options()
        let console = context.console
        let found = try evict(
            try context.paths(paths, in: workspace), of: workspace, remote: name.description,
            options: options, progress: context.showTransfer
        ) { progress in
            console.progress.update(
                progress.phase, done: progress.files, total: nil, unit: .items("object"))
        }
        return Report(lines: lines(found, name), json: json(found, name))
    }

    // MARK: - Text and JSON

    private func lines(_ found: EvictReport, _ name: RemoteName) -> [String] {
        var lines: [String] = []
        for path in found.absent where !paths.isEmpty { lines.append("not here before: \(path)") }
        for path in found.held {
            lines.append("stays: \(path)  (another tracked path holds the same)")
        }
        for part in found.parts {
            lines.append("stays: \(part.path)  (only \(part.text) are here)")
        }
        guard !found.paths.isEmpty else { return lines + ["nothing to evict"] }
        let collection = found.collection
        let gone = dryRun ? collection.condemnedBytes : collection.removedBytes
        let freed = ByteCount(max(0, gone - collection.writtenBytes))
        let what = counted(found.paths.count, "path")
        lines.append(
            dryRun
                ? "would evict \(what) and free about \(freed)" : "evicted \(what), freed \(freed)")
        if collection.waitingPacks > 0 {
            lines.append(
                "\(ByteCount(collection.waitingBytes)) more go with the next 'mlstore gc': "
                    + "\(counted(collection.waitingFor, "command")) that began earlier may need them"
            )
        }
        let proof =
            found.findings.readPacks > 0
            ? "all read" : "\(found.findings.comparedPacks) by digest, the others by length"
        lines.append(
            "'\(name)' holds it in \(counted(found.findings.packs, "pack")), checked: \(proof)")
        lines.append("files in the work tree stay; 'mlstore pull' brings the content back")
        return lines
    }

    private func json(_ found: EvictReport, _ name: RemoteName) -> JSONValue {
        func list(_ paths: [RepoPath]) -> JSONValue {
            .array(paths.map { .string($0.description) })
        }
        let collection = found.collection
        return [
            "dryRun": .bool(dryRun), "remote": .string(name.description),
            "paths": list(found.paths), "absent": list(found.absent), "held": list(found.held),
            "parts": .array(found.parts.map(\.json)),
            "contents": JSONValue(found.contents), "packs": JSONValue(found.findings.packs),
            "comparedPacks": JSONValue(found.findings.comparedPacks),
            "readPacks": JSONValue(found.findings.readPacks), "requests": JSONValue(found.requests),
            "condemnedBytes": JSONValue(collection.condemnedBytes),
            "writtenBytes": JSONValue(collection.writtenBytes),
            "removedBytes": JSONValue(collection.removedBytes),
            "waitingBytes": JSONValue(collection.waitingBytes),
        ]
    }
}
