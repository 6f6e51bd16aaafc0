import Bytes
import Platform
import Tables
import Vocabulary
import Workspaces

/// Which element of a file the first byte that differs belongs to, in words: `row 17, column
/// 'price'`, `tensor 'w1' at [3, 4]`. Known by the file's name and, of tensors, by its header.
struct DivergentElement {
    let disk: any Disk
    /// The file on disk.
    let place: DiskPath
    /// The first byte that differs.
    let offset: Int

    private static let pieceBytes = 1 << 20

    /// The words; nil for files of no known kind, and for a byte that belongs to no element.
    func words(for name: RepoPath) throws -> String? {
        let text = String(decoding: name.lastComponent, as: UTF8.self).lowercased()
        switch text.split(separator: ".").last {
        case "csv": return try cell(delimiter: 0x2c)
        case "tsv": return try cell(delimiter: 0x09)
        case "npy", "safetensors", "mlmodel": return try tensorElement()
        default: return nil
        }
    }

    // MARK: - Tables

    private func cell(delimiter: UInt8) throws -> String? {
        var cursor = CellCursor(delimiter: delimiter)
        let file = try disk.openFile(place, .read)
        defer { try? file.close() }  // only read
        var position = 0
        while position < offset {
            let piece = try file.read(
                at: position, count: min(DivergentElement.pieceBytes, offset - position))
            if piece.isEmpty { break }
            for byte in piece { cursor.pass(byte) }
            position += piece.count
        }
        return cursor.words
    }

    // MARK: - Tensors

    private func tensorElement() throws -> String? {
        guard let file = try TensorFile(TableRanges(place, on: disk)) else { return nil }
        for (name, tensor) in file.tensors.sorted(by: { $0.key < $1.key })
        where tensor.range.contains(offset) {
            let place = tensor.place(of: (offset - tensor.range.lowerBound) / max(1, tensor.width))
            if file.format == "NPY" { return place.map { "element \($0)" } }
            return "tensor '\(printable(Array(name.utf8)))'" + (place.map { " at \($0)" } ?? "")
        }
        return nil
    }
}

/// Where in a table of delimited text one is, after so many of its bytes.
private struct CellCursor {
    let delimiter: UInt8
    private var row = 0
    private var column = 0
    private var isQuoted = false
    private var names: [[UInt8]] = [[]]

    init(delimiter: UInt8) { self.delimiter = delimiter }

    mutating func pass(_ byte: UInt8) {
        if byte == 0x22 {
            isQuoted.toggle()
        } else if byte == delimiter, !isQuoted {
            column += 1
            if row == 0 { names.append([]) }
        } else if byte == 0x0a, !isQuoted {
            row += 1
            column = 0
        } else if row == 0, byte != 0x0d, names[column].count < 200 {
            names[column].append(byte)
        }
    }

    /// Rows are counted from 1 behind the header.
    var words: String {
        guard row > 0 else { return "the header, column \(column + 1)" }
        let name = column < names.count ? "'\(printable(names[column]))'" : String(column + 1)
        return "row \(row), column \(name)"
    }
}
