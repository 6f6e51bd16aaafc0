import Platform
import Tables
import Vocabulary

/// Rows and columns of a file, where its name says that it is a table.
enum TableShape {
    case table(Pointer.Shape)
    case broken(String)
    case noTable

    /// Scans the file at `path`, which `scanner` has just saved. One pass over its bytes.
    static func read(_ path: RepoPath, in scanner: ContentScanner) throws -> TableShape {
        guard let format = TableFormats.format(forName: path.lastComponent) else { return .noTable }
        let disk = scanner.workspace.disk
        let file = try disk.openFile(scanner.workspace.root / path, .read)
        defer { try? file.close() }  // only read
        let before = try file.status()
        let summary: TableSummary
        do {
            summary = try scan(file, format)
        } catch let error as TableError { return .broken(error.description) }
        // The stored bytes and the scanned ones must be the same.
        let after = try file.status()
        guard let stored = scanner.tables.remembered(path), stored.isOf(before),
            stored.isOf(after)
        else {
            throw StoreError(
                .changedMeanwhile, "cannot add '\(path)': it changed while it was read",
                subject: path.description, advice: "wait until nothing writes to it and try again",
                safety: "nothing was changed")
        }
        return .table(
            Pointer.Shape(
                rows: summary.rowCount,
                columns: summary.columns.map { .init(name: $0.name, type: $0.typeText) }))
    }

    private static func scan(
        _ file: any DiskFile, _ format: any TableFormat
    ) throws -> TableSummary {
        var scanner = TableScanner(format)
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset = 0
        while true {
            // The buffer is filled and read within the call.
            let count = try unsafe buffer.withUnsafeMutableBytes { room in
                let count = try unsafe file.read(at: offset, into: room)
                unsafe try scanner.consume(UnsafeRawBufferPointer(rebasing: room[..<count]))
                return count
            }
            offset += count
            if count < buffer.count { break }
        }
        return try scanner.finish()
    }
}
