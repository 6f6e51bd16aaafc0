package import Platform
package import Tables
package import Vocabulary
import Workspaces

/// The profile of a table in a file on disk, on so many threads. `name` is what errors call it.
/// Memory: some tens of megabytes a thread.
package func profileTableFile(
    _ path: DiskPath, named name: String, format: any TableFormat, pairs: [ColumnPair] = [],
    on disk: any Disk, threads: Int
) throws -> TableProfile {
    let source = TableSource(file: path, name: name, format: format, on: disk)
    let pool = WorkerPool(threads: threads)
    guard format is CSVFormat, try !source.isPacked() else {
        return try TableProfile(of: source, pairs: pairs, pool)
    }
    let header = try source.header()
    guard header.columnNames.count <= TableProfile.mostColumnsInParts else {
        return try TableProfile(of: source, pairs: pairs)
    }
    do {
        return try profile(path, header, pairs, on: disk, pool)
    } catch is TableError {
        // Blocks that do not end between rows, or a fault, which is told with its line.
        return try TableProfile(of: source, pairs: pairs)
    }
}

private func profile(
    _ path: DiskPath, _ header: TableHeader, _ pairs: [ColumnPair], on disk: any Disk,
    _ pool: WorkerPool
) throws -> TableProfile {
    var total = try TableProfile(columnNames: header.columnNames, pairs: pairs)
    let file = try disk.openFile(path, .read)
    defer { try? file.close() }  // only read
    var reader = LineBlocks(file: file)
    var isFirst = true
    var guess = TableProfile.Guess()
    while true {
        var blocks: [[UInt8]] = []
        while blocks.count < 2 * pool.threads, let block = try reader.next() {
            blocks.append(block)
        }
        if blocks.isEmpty { return total }
        let parts = try pool.map(count: blocks.count) { [blocks, isFirst, guess] index in
            try unsafe TableProfile(
                ofPiece: header, holdsHeader: isFirst && index == 0, pairs: pairs,
                guess: guess
            ) { body in
                unsafe try blocks[index].withUnsafeBytes { unsafe try body($0) }
            }
        }
        for part in parts { try total.merge(part) }
        guess = parts[0].guess
        isFirst = false
    }
}

/// A file in blocks that end with a line, but for the last.
private struct LineBlocks {
    private static let blockBytes = 4 << 20

    let file: any DiskFile
    private var offset = 0
    private var carry: [UInt8] = []
    private var isAtEnd = false

    init(file: any DiskFile) { self.file = file }

    mutating func next() throws -> [UInt8]? {
        var block = carry
        carry = []
        while !isAtEnd {
            let piece = try file.read(at: offset, count: LineBlocks.blockBytes)
            offset += piece.count
            isAtEnd = piece.isEmpty
            guard let end = piece.lastIndex(of: 0x0a) else {
                block += piece
                guard block.count <= RowReader.maximumRowBytes + LineBlocks.blockBytes else {
                    throw TableError(line: nil, "has no line end for long")
                }
                continue
            }
            block += piece[...end]
            carry = Array(piece[(end + 1)...])
            return block
        }
        return block.isEmpty ? nil : block
    }
}
