import CArrow
import Vocabulary

/// An open Parquet or Arrow file.
///
/// Owns what the plug-in opened, closed with the object. Not thread-safe.
@safe final class ArrowFile {
    /// All that a file may take, whatever it claims.
    static let memoryBytes = 1 << 30

    private static let errorBytes = 1024

    private let library: mlstore_arrow
    private let ranges: ArrowRanges
    private let handle: OpaquePointer

    /// Opens the file. Throws `TableError` where it is damaged, `.notFound` without the plug-in, and
    /// what reading its bytes throws.
    init(_ ranges: TableRanges, isParquet: Bool) throws {
        let library = try ArrowLibrary.functions()
        let ranges = ArrowRanges(ranges)
        // Unsafe: the context outlives the file, which holds it.
        var source = unsafe mlstore_arrow_source(
            context: Unmanaged.passUnretained(ranges).toOpaque(), size: Int64(ranges.sizeBytes),
            read: { context, offset, count, room in
                guard let context = unsafe context, let room = unsafe room else { return 0 }
                let ranges = unsafe Unmanaged<ArrowRanges>.fromOpaque(context)
                    .takeUnretainedValue()
                let buffer = unsafe UnsafeMutableRawBufferPointer(start: room, count: Int(count))
                return unsafe ranges.read(at: Int(offset), into: buffer) ? 1 : 0
            })
        var error = [CChar](repeating: 0, count: ArrowFile.errorBytes)
        let handle = unsafe library.open(
            &source, isParquet ? 1 : 0, Int64(ArrowFile.memoryBytes), &error, error.count)
        guard let handle = unsafe handle else { throw ArrowFile.failure(error, ranges) }
        self.library = library
        self.ranges = ranges
        unsafe self.handle = unsafe handle
    }

    deinit { unsafe library.close(handle) }

    /// The rows that the footer claims, where there is one.
    var claimedRows: Int? {
        let rows = unsafe library.rows(handle)
        return rows >= 0 ? Int(rows) : nil
    }

    /// The row groups of a Parquet file; none where the footer's figures make no sense.
    func parts() -> [TablePart] {
        var parts: [TablePart] = []
        for index in unsafe 0..<max(0, Int(library.groups(handle))) {
            var (rows, start, end) = (Int64(0), Int64(0), Int64(0))
            var layout: UInt64 = 0
            guard unsafe library.group(handle, Int32(index), &rows, &start, &end, &layout) != 0,
                start <= end, end <= ranges.sizeBytes
            else { return [] }
            parts.append(
                TablePart(rowCount: Int(rows), range: Int(start)..<Int(end), layout: layout))
        }
        return parts
    }

    /// Hands all batches, or those of some parts, to `body`, in order. Each is checked, and valid for
    /// the call.
    func forEachBatch(
        of parts: [Int]?, _ body: (ArrowSchemaReader, ArrowView) throws -> Void
    ) throws {
        var stream = unsafe ArrowArrayStream()
        var error = [CChar](repeating: 0, count: ArrowFile.errorBytes)
        let groups = (parts ?? []).map { Int32($0) }
        let count = parts == nil ? -1 : Int32(groups.count)
        guard unsafe library.scan(handle, groups, count, &stream, &error, error.count) != 0 else {
            throw ArrowFile.failure(error, ranges)
        }
        defer { unsafe stream.release?(&stream) }
        var schema = unsafe ArrowSchema()
        guard unsafe stream.get_schema(&stream, &schema) == 0 else { throw unsafe failure(&stream) }
        defer { unsafe schema.release?(&schema) }
        let reader = unsafe try ArrowSchemaReader(schema)
        while true {
            var array = unsafe ArrowArray()
            guard unsafe stream.get_next(&stream, &array) == 0 else {
                throw unsafe failure(&stream)
            }
            guard unsafe array.release != nil else { return unsafe try body(reader, .none) }
            defer { unsafe array.release?(&array) }
            unsafe try withUnsafePointer(to: &array) { batch in
                unsafe try body(reader, ArrowView(batch))
            }
        }
    }

    private func failure(_ stream: inout ArrowArrayStream) -> any Error {
        let text = unsafe stream.get_last_error(&stream)
        return unsafe ArrowFile.failure(text.map { unsafe String(cString: $0) } ?? "", ranges)
    }

    private static func failure(_ error: [CChar], _ ranges: ArrowRanges) -> any Error {
        let bytes = error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return failure(String(decoding: bytes, as: UTF8.self), ranges)
    }

    /// What the bytes' reading threw, or else what Arrow says.
    private static func failure(_ text: String, _ ranges: ArrowRanges) -> any Error {
        if let failure = ranges.failure { return failure }
        let line = text.split(separator: "\n").first.map { String($0.prefix(200)) } ?? ""
        return TableError(line: nil, "Arrow refuses it (\(printable(Array(line.utf8))))")
    }
}

/// The bytes of a file for the plug-in, read in blocks of which the last few are kept: it asks for small
/// pieces of many columns in turn, and every look into a store or a remote has its price.
private final class ArrowRanges {
    private static let blockBytes = 1 << 20
    private static let keptBlocks = 16

    let sizeBytes: Int
    private(set) var failure: (any Error)?
    private let ranges: TableRanges
    /// The one used last is the last one.
    private var blocks: [(number: Int, bytes: [UInt8])] = []

    init(_ ranges: TableRanges) {
        self.ranges = ranges
        sizeBytes = ranges.sizeBytes
    }

    /// Fills the room; false where the bytes could not be read: `failure` says why.
    // Unsafe: the room is the plug-in's, of the size that it asked for.
    func read(at offset: Int, into room: UnsafeMutableRawBufferPointer) -> Bool {
        guard offset >= 0, offset <= sizeBytes, room.count <= sizeBytes - offset else {
            return false
        }
        var done = 0
        do {
            while done < room.count {
                let place = offset + done
                let block = try block(place / ArrowRanges.blockBytes)
                let start = place % ArrowRanges.blockBytes
                let count = min(room.count - done, block.count - start)
                guard count > 0 else { throw TableError(line: nil, "it became shorter") }
                unsafe UnsafeMutableRawBufferPointer(rebasing: room[done..<(done + count)])
                    .copyBytes(from: block[start..<(start + count)])
                done += count
            }
            return true
        } catch {
            failure = failure ?? error
            return false
        }
    }

    private func block(_ number: Int) throws -> [UInt8] {
        if let place = blocks.lastIndex(where: { $0.number == number }) {
            if place < blocks.count - 1 { blocks.append(blocks.remove(at: place)) }
            return blocks[blocks.count - 1].bytes
        }
        let start = number * ArrowRanges.blockBytes
        let bytes = try ranges.read(start..<min(sizeBytes, start + ArrowRanges.blockBytes))
        if blocks.count == ArrowRanges.keptBlocks { blocks.removeFirst() }
        blocks.append((number, bytes))
        return bytes
    }
}
