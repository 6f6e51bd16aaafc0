import Bytes
import Vocabulary

/// A Parquet file: `PAR1`, column chunks made of pages, a footer that says where they are, its length,
/// `PAR1`. Pages are segments, so that a changed page is all that is stored anew; those of numbers that are
/// neither packed nor coded have the width of these.
enum ParquetFile {
    private static let magic: [UInt8] = Array("PAR1".utf8)
    private static let maximumFooterBytes = 16 << 20
    private static let maximumPages = 8 << 10
    /// A header of a page with the smallest and largest value in it.
    private static let pageHeaderBytes = 2 << 10

    private struct ColumnChunk {
        let offset: Int
        let length: Int
        /// The size of the numbers that stand in it as they are; 0 where none do.
        let width: Int
        var end: Int { offset + length }
    }

    static func begins(_ head: [UInt8]) -> Bool { head.starts(with: magic) }

    static func map(_ source: inout ContentSource) throws -> ContentMap? {
        guard let tail = try source.bytes(at: source.sizeBytes - 8, count: 8),
            tail.suffix(4).elementsEqual(magic)
        else { return nil }
        let length = tail.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
        let start = source.sizeBytes - 8 - length
        guard length <= maximumFooterBytes, let footer = try source.bytes(at: start, count: length),
            var chunks = try? columnChunks(footer)
        else { return nil }
        chunks.sort { $0.offset < $1.offset }
        var builder = ContentMapBuilder(sizeBytes: source.sizeBytes)
        var pagesLeft = maximumPages
        for chunk in chunks {
            guard chunk.offset >= magic.count, chunk.end <= start,
                let pages = try pages(of: chunk, &source, &pagesLeft)
            else { return nil }
            for page in pages {
                guard builder.append(page.offset, page.length, width: page.width) else {
                    return nil
                }
            }
        }
        return builder.finish()
    }

    // MARK: - The footer

    private static func columnChunks(_ footer: [UInt8]) throws(DecodeError) -> [ColumnChunk] {
        var chunks: [ColumnChunk] = []
        var thrift = ThriftCursor(footer)
        try thrift.structure { (file, number, kind) throws(DecodeError) in
            guard number == 4, kind == .list else { return false }
            try file.list { (group) throws(DecodeError) in
                try group.structure { (group, number, kind) throws(DecodeError) in
                    guard number == 1, kind == .list else { return false }
                    try group.list { (column) throws(DecodeError) in
                        chunks.append(try columnChunk(&column))
                    }
                    return true
                }
            }
            return true
        }
        guard thrift.offset == footer.count else {
            throw DecodeError(at: thrift.offset, "bytes behind the footer")
        }
        return chunks
    }

    private static func columnChunk(_ thrift: inout ThriftCursor) throws(DecodeError) -> ColumnChunk
    {
        var numbers: [Int: Int64] = [:]
        var encodings: [Int64] = []
        try thrift.structure { (column, number, kind) throws(DecodeError) in
            // Field 1 names another file, which is not this one.
            guard number != 1 else { throw DecodeError(at: column.offset, "column elsewhere") }
            guard number == 3, kind == .structure else { return false }
            try column.structure { (data, number, kind) throws(DecodeError) in
                switch (number, kind) {
                case (2, .list): encodings = try data.integers()
                case (1, .int32), (4, .int32), (7, .int64), (9, .int64), (11, .int64):
                    numbers[number] = try data.integer()
                default: return false
                }
                return true
            }
            return true
        }
        guard let length = numbers[7], let data = numbers[9] else {
            throw DecodeError(at: thrift.offset, "column without a place")
        }
        // The dictionary page comes first, where there is one.
        let start = numbers[11].map { $0 > 0 ? min($0, data) : data } ?? data
        guard (0...(1 << 48)).contains(start), (0...(1 << 48)).contains(length) else {
            throw DecodeError(at: thrift.offset, "column out of bounds")
        }
        return ColumnChunk(
            offset: Int(start), length: Int(length),
            width: width(type: numbers[1], encodings, codec: numbers[4]))
    }

    /// The size of the values of a column: integers and floats of 32 and 64 bits that are neither packed
    /// nor coded in another way than as they are, but for the levels before them.
    private static func width(type: Int64?, _ encodings: [Int64], codec: Int64?) -> Int {
        let (plain, runs): (Int64, Int64) = (0, 3)
        guard codec == 0, encodings.contains(plain),
            encodings.allSatisfy({ [plain, runs].contains($0) })
        else { return 0 }
        switch type {
        case 1, 4: return 4
        case 2, 5: return 8
        default: return 0
        }
    }

    // MARK: - Pages

    /// The pages of a column chunk, which they fill; the chunk itself where it is small, or too many
    /// pages were read already. Nil where the pages are not what the footer says.
    private static func pages(
        of chunk: ColumnChunk, _ source: inout ContentSource, _ pagesLeft: inout Int
    ) throws -> [ColumnChunk]? {
        guard chunk.length >= 2 * ContentMap.smallBytes else { return [chunk] }
        var pages: [ColumnChunk] = []
        var offset = chunk.offset
        while offset < chunk.end {
            pagesLeft -= 1
            guard pagesLeft > 0 else { return [chunk] }
            let count = min(pageHeaderBytes, chunk.end - offset)
            guard let head = try source.bytes(at: offset, count: count),
                let length = try? pageLength(head), length <= chunk.end - offset
            else { return nil }
            pages.append(ColumnChunk(offset: offset, length: length, width: chunk.width))
            offset += length
        }
        return pages
    }

    /// The length of the page that starts with `head`, its header included.
    private static func pageLength(_ head: [UInt8]) throws(DecodeError) -> Int {
        var stored: Int64?
        var thrift = ThriftCursor(head)
        try thrift.structure { (page, number, kind) throws(DecodeError) in
            guard number == 3, kind == .int32 else { return false }
            stored = try page.integer()
            return true
        }
        guard let stored, (0...0x7fff_ffff).contains(stored) else {
            throw DecodeError(at: 0, "page without a length")
        }
        return thrift.offset + Int(stored)
    }
}
