import Bytes
import Platform
import Vocabulary

/// Which element of a file the first byte that differs belongs to, in words: `row 17, column
/// 'price'`, `tensor 'w1' at [3, 4]`. Known by the file's name and by its part before that byte,
/// which two versions have in common.
struct DivergentElement {
    let disk: any Disk
    /// The file on disk.
    let place: DiskPath
    /// The first byte that differs.
    let offset: Int

    private static let maximumHeaderBytes = 16 << 20
    private static let pieceBytes = 1 << 20

    /// The words; nil for files of no known kind, and for a byte that belongs to no element.
    func words(for name: RepoPath) throws -> String? {
        let text = String(decoding: name.lastComponent, as: UTF8.self).lowercased()
        switch text.split(separator: ".").last {
        case "csv": return try cell(delimiter: 0x2c)
        case "tsv": return try cell(delimiter: 0x09)
        case "npy": return try arrayElement()
        case "safetensors", "mlmodel": return try tensorElement()
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

    // MARK: - Arrays

    /// A header of at most so many bytes from `start` on; nil where the byte in question is in it.
    private func header(at start: Int, count: Int) throws -> [UInt8]? {
        guard count <= DivergentElement.maximumHeaderBytes, start + count <= offset else {
            return nil
        }
        let file = try disk.openFile(place, .read)
        defer { try? file.close() }  // only read
        return try file.read(at: start, count: count)
    }

    private func arrayElement() throws -> String? {
        guard let head = try header(at: 0, count: 12), head.count == 12,
            head.starts(with: [0x93] + Array("NUMPY".utf8))
        else { return nil }
        let start = head[6] > 1 ? 12 : 10
        let size = head[8..<start].reversed().reduce(0) { $0 << 8 | Int($1) }
        guard
            let text = try header(at: start, count: size).map({
                String(decoding: $0, as: UTF8.self)
            }),
            let type = text.text(after: "'descr': '", before: "'"),
            let digits = Int(type.drop { !$0.isNumber }),
            let list = text.text(after: "'shape': (", before: ")")
        else { return nil }
        let width = type.dropFirst().first == "U" ? 4 * digits : digits
        let shape = list.split(separator: ",").compactMap { Int($0.filter(\.isNumber)) }
        let isFortran = text.contains("'fortran_order': True")
        guard width > 0 else { return nil }
        let index = DivergentElement.index(
            of: (offset - start - size) / width, in: isFortran ? shape.reversed() : shape)
        return index.map { "element \(DivergentElement.text(isFortran ? $0.reversed() : $0))" }
    }

    private static let widths = [
        "F64": 8, "I64": 8, "U64": 8, "C64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2,
        "I16": 2, "U16": 2,
    ]

    private func tensorElement() throws -> String? {
        guard let length = try header(at: 0, count: 8), length.count == 8 else { return nil }
        let size = length.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let bytes = try header(at: 8, count: Int(clamping: size)),
            let members = (try? JSONValue(parsing: bytes))?.objectValue
        else { return nil }
        let position = offset - 8 - bytes.count
        for (name, tensor) in members.sorted(by: { $0.key < $1.key }) where name != "__metadata__" {
            let bounds = tensor["data_offsets"]?.arrayValue?.compactMap(\.integerValue) ?? []
            guard bounds.count == 2,
                (Int(bounds[0])..<max(Int(bounds[0]), Int(bounds[1])))
                    .contains(position)
            else { continue }
            let width = DivergentElement.widths[tensor["dtype"]?.stringValue ?? ""] ?? 1
            let shape = tensor["shape"]?.arrayValue?.compactMap { $0.integerValue.map { Int($0) } }
            let index = DivergentElement.index(
                of: (position - Int(bounds[0])) / width, in: shape ?? [])
            let shown = printable(Array(name.utf8))
            return "tensor '\(shown)'" + (index.map { " at \(DivergentElement.text($0))" } ?? "")
        }
        return nil
    }

    /// The index of the element `number` in an array of that shape, the last dimension fastest; nil
    /// outside of it.
    private static func index(of number: Int, in shape: [Int]) -> [Int]? {
        var rest = number
        var index: [Int] = []
        for extent in shape.reversed() {
            guard extent > 0 else { return nil }
            index.append(rest % extent)
            rest /= extent
        }
        return rest == 0 ? index.reversed() : nil
    }

    private static func text(_ index: [Int]) -> String {
        "[" + index.map(String.init).joined(separator: ", ") + "]"
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

extension String {
    /// What stands between the first `start` and the next `end`.
    fileprivate func text(after start: String, before end: Character) -> Substring? {
        guard let from = firstRange(of: start)?.upperBound else { return nil }
        let rest = self[from...]
        return rest.firstIndex(of: end).map { rest[..<$0] }
    }
}
