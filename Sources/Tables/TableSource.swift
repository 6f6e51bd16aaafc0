import Bytes
import Vocabulary

/// The bytes of a table, of which any part can be read.
package struct TableRanges {
    /// How many there are.
    package let sizeBytes: Int
    /// Reads the bytes of a range that lies within them.
    package let read: (Range<Int>) throws -> [UInt8]

    /// Makes it.
    package init(sizeBytes: Int, read: @escaping (Range<Int>) throws -> [UInt8]) {
        self.sizeBytes = sizeBytes
        self.read = read
    }
}

/// A table's bytes, which can be read from the start any number of times.
// Safe: the buffers exist only inside the closures that are given them.
@safe package struct TableSource: Sendable {
    /// Pushes all bytes, in order, in buffers of any sizes, into the closure; what that throws
    /// ends it.
    package typealias Read =
        @Sendable (_ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Void

    /// What errors call it: a path.
    package let name: String
    /// How its bytes are read as rows.
    package let format: any TableFormat
    /// Which of its parts are read: see `TableFormat.parts`; nil for all that it holds.
    private(set) var selection: [Int]?
    private let read: Read
    private let openRanges: (@Sendable () throws -> TableRanges)?

    /// Makes a source. Formats that say where things are in a file ask for `ranges`.
    package init(
        name: String, format: any TableFormat,
        ranges: (@Sendable () throws -> TableRanges)? = nil, read: @escaping Read
    ) {
        self.name = name
        self.format = format
        openRanges = ranges
        unsafe self.read = unsafe read
    }

    /// A source whose bytes are in memory.
    package init(name: String, format: any TableFormat, bytes: [UInt8]) {
        @Sendable func ranges() -> TableRanges {
            TableRanges(sizeBytes: bytes.count) { Array(bytes[$0]) }
        }
        unsafe self.init(name: name, format: format, ranges: ranges) { body in
            unsafe try bytes.withUnsafeBytes { unsafe try body($0) }
        }
    }

    /// Pushes all bytes into `body`.
    package func forEachBuffer(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        unsafe try read(body)
    }

    /// Pushes all bytes into `body`, unpacked where they begin as gzip or zstd data do. Throws
    /// `TableError` where these are damaged.
    package func forEachPlainBuffer(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var unpacker = StreamUnpacker()
        do {
            unsafe try read { unsafe try unpacker.consume($0, body) }
            unsafe try unpacker.finish(body)
        } catch let error as DecodeError {
            throw TableError(line: nil, "\(error)")
        }
    }

    /// The parts of the file: see `TableFormat.parts`.
    package func parts() throws -> [TablePart] { try naming { try format.parts(of: self) } }

    /// The same table, of which only some parts are read.
    package func selecting(_ parts: [Int]) -> TableSource {
        var source = self
        source.selection = parts
        return source
    }

    /// Opens the bytes to read parts of them.
    func ranges() throws -> TableRanges {
        guard let openRanges else {
            throw TableError(line: nil, "its bytes can only be read from start to end here")
        }
        return try openRanges()
    }

    /// Whether the bytes are gzip or zstd data; reads only the first of them.
    package func isPacked() throws -> Bool {
        var start: [UInt8] = []
        do {
            // The buffer lives for the call, and is copied in it.
            unsafe try read {
                unsafe start.append(contentsOf: $0.prefix(Packing.tellingBytes))
                if start.count >= Packing.tellingBytes { throw SeenEnough() }
            }
        } catch is SeenEnough {}
        return Packing(firstBytes: start) != .none
    }

    /// Hands all rows to `body`, batch by batch; a table without rows has no batch. Returns the
    /// header. A `TableError` comes out as a `StoreError` that names the table.
    @discardableResult
    package func forEachBatch(_ body: (RowBatch) throws -> Void) throws -> TableHeader {
        try forEachBatch(first: nil, body)
    }

    /// The same, for a caller who wants only so many first rows; columns that occur only behind these
    /// may be missing.
    func forEachBatch(first limit: Int?, _ body: (RowBatch) throws -> Void) throws -> TableHeader {
        try naming { try format.forEachBatch(of: self, first: limit, body) }
    }

    /// What the table says before its rows; reads no further than that takes.
    package func header() throws -> TableHeader {
        var found: TableHeader?
        do {
            found = try forEachBatch { batch in
                found = batch.header
                throw SeenEnough()
            }
        } catch is SeenEnough {}
        guard let found else { throw TableError(line: nil, "no header").named(name) }
        return found
    }

    /// The table's rows, columns and types: one pass.
    package func summary() throws -> TableSummary { try naming { try format.summary(of: self) } }

    /// How large the table says it is: see `TableFormat.statedExtent`. Nil also where it is no such table.
    package func statedExtent() throws -> TableExtent? {
        do {
            return try format.statedExtent(of: self)
        } catch is TableError { return nil }
    }

    private func naming<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as TableError {
            throw error.named(name)
        }
    }
}

/// Ends a reading that has seen enough.
struct SeenEnough: Error {}
