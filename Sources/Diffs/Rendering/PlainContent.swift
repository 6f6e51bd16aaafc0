import Bytes
import Objects
import Tables
import Vocabulary
package import Workspaces

/// A pointer's content as lines that git can compare: `git log -p` and `git show` ask for one version
/// at a time, so that nothing but the lines themselves can tell what changed.
///
/// A table or text of up to 4 MiB stands there as it is; a folder as its files with the start of their
/// ids; anything larger as its parts, so that at least the places that changed show. Memory and output
/// are bounded, whatever the pointer names.
package struct PlainContent: Sendable {
    private let workspace: Workspace
    private let name: [UInt8]

    /// Content of a file of that name.
    package init(named name: [UInt8], in workspace: Workspace) {
        self.name = name
        self.workspace = workspace
    }

    private static let wholeBytes = 4 << 20
    private static let maximumLines = 100_000

    /// The lines, each with its end.
    package func text(of pointer: Pointer) throws -> [UInt8] {
        var lines = ["kind \(pointer.kind.name)", "size \(pointer.sizeBytes)"]
        if let files = pointer.files { lines.append("files \(files)") }
        if let shape = pointer.shape {
            lines.append("rows \(shape.rows)")
            let columns = shape.columns?.map {
                "column \(printable(Array($0.name.utf8))): \(printable(Array($0.type.utf8)))"
            }
            lines += columns ?? ["columns \(shape.columnCount)"]
        }
        lines.append("")
        return Array(lines.joined(separator: "\n").utf8) + (try body(of: pointer))
    }

    private func body(of pointer: Pointer) throws -> [UInt8] {
        let store = try workspace.store()
        guard store.contains(pointer.content) else {
            return Array("content \(pointer.content)\n(not in this store)\n".utf8)
        }
        switch pointer.content {
        case .directory(let tree): return try listing(tree, store)
        case .file(let id):
            let size = try store.size(of: id)
            if size <= PlainContent.wholeBytes {
                let bytes = try store.readBlob(id, maximumBytes: PlainContent.wholeBytes)
                if isText(bytes) { return bytes + (bytes.last == 0x0a ? [] : [0x0a]) }
            }
            return Array(try parts(id, store).utf8)
        }
    }

    private func isText(_ bytes: [UInt8]) -> Bool {
        !bytes.contains(0) && String(validating: bytes, as: UTF8.self) != nil
    }

    private func listing(_ tree: TreeID, _ store: ObjectStore) throws -> [UInt8] {
        struct Enough: Error {}
        var text: [UInt8] = []
        var count = 0
        do {
            try store.tree(tree).forEachEntry { entry in
                guard count < PlainContent.maximumLines else { throw Enough() }
                count += 1
                let id = Hex.encode(Array(entry.id.bytes.prefix(6)))
                text += Array("\(entry.path) \(entry.size) \(id)\n".utf8)
            }
        } catch is Enough { text += Array("(more files; all of them are \(tree))\n".utf8) }
        return text
    }

    private func parts(_ id: BlobID, _ store: ObjectStore) throws -> String {
        let chunks = try store.chunkList(of: id)
        var lines = chunks.prefix(PlainContent.maximumLines).map { chunk in
            "part of \(chunk.length) bytes \(Hex.encode(Array(chunk.id.digest.bytes.prefix(6))))\n"
        }
        if chunks.count > lines.count { lines.append("(more parts; all of them are \(id))\n") }
        return lines.joined()
    }
}
