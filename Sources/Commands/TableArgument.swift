import Bytes
import Platform
import Tables
import Transfer
import Vocabulary
import Workspaces

/// A table that an argument names: the file on disk, or any stored version of it.
struct TableArgument {
    /// What the argument says, but for the version.
    let address: ContentAddress
    /// Which version of a Delta Lake table it says; nil for the newest, and for other tables.
    var version: Int?
    /// Its bytes.
    let source: TableSource

    /// What the help of every command that takes such an argument says of it.
    static let help = """
        Without '@' and ':' the file on disk is read, tracked or not, and where there is none, what \
        its pointer says. Behind the last '@' stands a git revision or snapshot, in front of a ':' \
        a remote, the URL of one or the folder of a repository, as 'mlstore help cat' tells. \
        Nothing is checked out, and nothing is fetched into the store. A folder is read as one table of \
        all its files; folders in it called 'key=value' are columns. A folder with the log of a Delta Lake \
        table is that table, and PATH#3 its version 3.
        """

    /// The members that say in a report in JSON what was read.
    var json: [String: JSONValue] {
        var members: [String: JSONValue] = [
            "path": .string(address.path),
            "revision": address.revision.map { .string($0) } ?? .null,
            "place": address.place.map { .string($0) } ?? .null,
        ]
        if let version { members["deltaVersion"] = JSONValue(version) }
        return members
    }
}

extension CommandContext {
    /// The table that `text` names; reads nothing of it. Throws `.badUsage` for a name that promises
    /// no table.
    func table(_ text: String) throws -> TableArgument {
        let address = ContentAddress(text)
        let text = address.revision == nil ? ContentAddress.withoutPointer(text) : text
        guard let format = TableFormats.format(forName: Array(address.path.utf8)) else {
            if let folder = try tableFolder(text) { return folder }
            throw StoreError(
                .badUsage,
                "'\(printable(Array(address.path.utf8)))' is no table: its name does "
                    + "not end in \(TableFormats.suffixText)", subject: address.path,
                advice: "'mlstore cat' prints files of any kind", safety: "nothing was read")
        }
        if address.revision == nil {
            // A colon may be a letter of the file's name.
            let file = path(text)
            if try disk.status(of: file, followingLinks: true)?.kind == .file {
                let source = TableSource(file: file, name: text, format: format, on: disk)
                return TableArgument(address: address, source: source)
            }
        }
        return TableArgument(address: address, source: stored(address, format))
    }

    /// The table of that format in a file that is not on disk; reads nothing of it.
    func stored(_ address: ContentAddress, _ format: any TableFormat) -> TableSource {
        @Sendable func ranges() throws -> TableRanges {
            var address = address
            let all = try cat(&address, CatOptions(onlyDescribes: true)) { _ in }
            return TableRanges(sizeBytes: all.sizeBytes) { range in
                var bytes: [UInt8] = []
                let part = ByteRange.from(range.lowerBound, through: range.upperBound - 1)
                _ = try cat(&address, CatOptions(range: part)) { bytes += $0 }
                return bytes
            }
        }
        // Unsafe: the buffers are those of the pieces, for the call.
        return unsafe TableSource(name: address.path, format: format, ranges: ranges) { body in
            var address = address
            _ = try cat(&address, CatOptions()) { piece in
                unsafe try piece.withUnsafeBytes { unsafe try body($0) }
            }
        }
    }
}
