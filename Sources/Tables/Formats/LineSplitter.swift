/// Cuts bytes that are pushed into it into lines.
///
/// Memory: the longest line, which may have `RowReader.maximumRowBytes`.
struct LineSplitter {
    private var carry: [UInt8] = []
    private var line = 1

    /// Hands the lines that are complete to `body`, without their line feed, and their numbers.
    /// Throws `TableError` for a line that is too long, and what `body` throws.
    // Unsafe: the views are of the buffer or of the carried bytes, for the call.
    mutating func consume(
        _ buffer: UnsafeRawBufferPointer,
        _ body: (UnsafeBufferPointer<UInt8>, Int) throws -> Void
    ) throws {
        let bytes = unsafe buffer.bindMemory(to: UInt8.self)
        var start = 0
        while let end = unsafe bytes[start...].firstIndex(of: 0x0a) {
            let piece = unsafe UnsafeBufferPointer(rebasing: bytes[start..<end])
            start = end + 1
            if carry.isEmpty {
                unsafe try hand(piece, body)
            } else {
                unsafe carry.append(contentsOf: piece)
                let whole = carry
                carry.removeAll(keepingCapacity: true)
                unsafe try whole.withUnsafeBufferPointer { unsafe try hand($0, body) }
            }
        }
        unsafe carry.append(contentsOf: bytes[start...])
        guard carry.count <= RowReader.maximumRowBytes else {
            throw TableError.rowTooLong(line: line, inQuotes: false)
        }
    }

    /// Ends the bytes: the last line needs no line feed.
    mutating func finish(_ body: (UnsafeBufferPointer<UInt8>, Int) throws -> Void) throws {
        if !carry.isEmpty {
            unsafe try carry.withUnsafeBufferPointer { unsafe try body($0, line) }
        }
    }

    private mutating func hand(
        _ bytes: UnsafeBufferPointer<UInt8>,
        _ body: (UnsafeBufferPointer<UInt8>, Int) throws -> Void
    ) throws {
        guard bytes.count <= RowReader.maximumRowBytes else {
            throw TableError.rowTooLong(line: line, inQuotes: false)
        }
        unsafe try body(bytes, line)
        line += 1
    }
}
