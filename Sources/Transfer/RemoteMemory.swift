import Bytes
import Platform
import Remotes
import Vocabulary

/// What the last exchange with a remote saw: `.mlstore/state/remotes/<name>`. It tells whose move
/// of a ref was first when both ends moved it, and whether a remote went back in time. Derived:
/// without it such cases are judged more strictly.
struct RemoteMemory: Hashable, Sendable {
    var place = ""
    var sequence = 0
    var root: Digest?
    var refs: [RefName: RecordID] = [:]

    private static let maximumBytes = 256 << 20

    private static func path(_ context: RemoteContext) -> DiskPath {
        context.stateDirectory / "remotes" / context.name.description
    }

    /// What is remembered of this remote at this place; nothing where it cannot be read.
    static func load(_ context: RemoteContext) -> RemoteMemory {
        var memory = RemoteMemory(place: context.remote.description)
        guard let bytes = try? context.disk.readFile(path(context), maximumBytes: maximumBytes),
            let value = try? JSONValue(parsing: bytes),
            value["place"]?.stringValue == memory.place
        else { return memory }
        memory.sequence = value["sequence"]?.integerValue.map { Int($0) } ?? 0
        memory.root = value["root"]?.stringValue.flatMap { Digest(hex: $0) }
        for (name, id) in value["refs"]?.objectValue ?? [:] {
            guard let name = RefName(name), let id = id.stringValue.flatMap({ Digest(hex: $0) })
            else { continue }
            memory.refs[name] = RecordID(id)
        }
        return memory
    }

    /// Remembers what was seen; failures are of no consequence. A ref counts as common to both
    /// ends only where they agree on it: for others, what they last agreed on stays.
    func save(_ catalog: RemoteCatalog, local: [RefName: RecordID], _ context: RemoteContext) {
        guard let root = catalog.root, let digest = catalog.rootDigest else { return }
        var common = refs
        for (name, id) in catalog.state.refs where !name.isImmutable && local[name] == id {
            common[name] = id
        }
        var table: [String: JSONValue] = [:]
        for (name, id) in common { table[name.description] = .string(id.digest.hex) }
        let value: JSONValue = [
            "place": .string(context.remote.description), "sequence": JSONValue(root.sequence),
            "root": .string(digest.hex), "refs": .object(table),
        ]
        let file = RemoteMemory.path(context)
        try? context.disk.makeDirectories(file.parent)
        try? writeAtomically(value.canonical, to: file, on: context.disk, durable: false)
    }

    /// Warnings about a remote that is not a successor of what was seen before.
    func warnings(about catalog: RemoteCatalog, _ context: RemoteContext) -> [String] {
        let found = catalog.root?.sequence ?? 0
        guard found < sequence || (found == sequence && root != nil && root != catalog.rootDigest)
        else { return [] }
        return [
            "remote '\(context.name)' went back: it was at push \(sequence) and is at push \(found)"
                + " now; it may have been restored from a backup"
        ]
    }
}

extension RefName {
    /// Whether the name says what it names, so that two values never compete.
    var isImmutable: Bool {
        ["runs/", "recipes/", "verdicts/"].contains { description.hasPrefix($0) }
    }

    /// Whether the name is about this store alone and is never sent.
    var isLocal: Bool {
        ["remotes/", "undo/", RefName.partPrefix].contains { description.hasPrefix($0) }
    }
}
