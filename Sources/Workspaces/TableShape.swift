import Platform
package import Tables
import Vocabulary

/// Rows and columns of a file, where its name says that it is a table.
enum TableShape {
    case table(Pointer.Shape)
    case broken(String)
    case noTable

    /// What a pass over a file found, and what the file was before and after.
    struct Scan: Sendable {
        fileprivate let found: Result<Pointer.Shape, TableError>
        /// What the lines of a delimited text are.
        fileprivate let lines: TableLines?
        fileprivate let before: FileStatus
        fileprivate let after: FileStatus
    }

    /// Scans the file at `path`: one pass over its bytes, or a look at what it says of its size; nil where
    /// it is no table, or says nothing. May go on while the file is saved: `init` compares.
    static func scan(_ path: RepoPath, in workspace: Workspace) throws -> Scan? {
        guard let format = TableFormats.format(forName: path.lastComponent) else { return nil }
        let file = try workspace.disk.openFile(workspace.root / path, .read)
        defer { try? file.close() }  // only read
        let before = try file.status()
        let source = TableSource(file, name: path.description, format: format)
        guard format.isCounted else {
            guard let extent = try source.statedExtent() else { return nil }
            return Scan(
                found: .success(Pointer.Shape(extent)), lines: nil, before: before,
                after: try file.status())
        }
        let found: Result<Pointer.Shape, TableError>
        var lines: TableLines?
        do {
            if let text = format as? CSVFormat {
                let scanned = try text.scan(source)
                lines = scanned.lines
                found = .success(Pointer.Shape(scanned.summary))
            } else {
                found = .success(Pointer.Shape(try format.summary(of: source)))
            }
        } catch let error as TableError { found = .failure(error) }
        return Scan(found: found, lines: lines, before: before, after: try file.status())
    }

    /// What the scan says of the file that `scanner` has just saved as `id`. The stored bytes and the
    /// scanned ones must be the same: throws `.changedMeanwhile` where they may not be. What its lines are
    /// is kept for who compares versions.
    init(
        _ scan: Scan?, of path: RepoPath, savedAs id: BlobID, in scanner: ContentScanner
    ) throws {
        guard let scan else {
            self = .noTable
            return
        }
        guard let stored = scanner.tables.remembered(path), stored.isOf(scan.before),
            stored.isOf(scan.after)
        else {
            throw StoreError(
                .changedMeanwhile, "cannot add '\(path)': it changed while it was read",
                subject: path.description, advice: "wait until nothing writes to it and try again",
                safety: "nothing was changed")
        }
        if let lines = scan.lines, scan.after.size >= KeptLines.leastBytes {
            scanner.workspace.keptLines.save(lines, of: id)
        }
        switch scan.found {
        case .failure(let error): self = .broken(error.description)
        case .success(let shape): self = .table(shape)
        }
    }
}

extension Pointer.Shape {
    /// What a reading of all of a table found.
    package init(_ summary: TableSummary) {
        self.init(
            rows: summary.rowCount,
            columns: summary.columns.map { .init(name: $0.name, type: $0.typeText) })
    }

    /// What a table says of itself.
    init(_ extent: TableExtent) {
        self.init(rows: extent.rows, columnCount: extent.columns)
    }
}
