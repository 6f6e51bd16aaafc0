import CZlib
import Vocabulary

/// The functions of the system's zlib, opened when the first compressed table is read.
enum Zlib {
    static let opened: mlstore_zlib? = {
        var table = mlstore_zlib()
        return unsafe mlstore_zlib_open(&table) != 0 ? table : nil
    }()

    static func missing(_ data: String) -> StoreError {
        StoreError(
            .notFound, "cannot read \(data) data: the library 'zlib' is not installed",
            subject: "zlib", advice: "install it: 'apt-get install zlib1g'")
    }
}

/// Unpacks gzip members that follow each other, from buffers of any sizes.
///
/// Owns a C stream, freed with the object. Memory: some 300 KiB. Not thread-safe.
@safe final class GzipUnpacker {
    private let table: mlstore_zlib
    private let stream: UnsafeMutablePointer<z_stream>
    private var room = [UInt8](repeating: 0, count: 256 << 10)
    /// Between two members, or behind the last one.
    private var isBetween = false
    private var taken = 0

    /// Throws `.notFound` where the system has no zlib.
    init() throws(StoreError) {
        guard let table = Zlib.opened,
            let stream = unsafe mlstore_zlib_stream(table, 16 + MAX_WBITS)
        else { throw Zlib.missing("gzip") }
        self.table = table
        unsafe self.stream = stream
    }

    deinit { unsafe mlstore_zlib_close(table, stream) }

    /// Unpacks the next bytes; `body` gets what they hold.
    func consume(
        _ buffer: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var rest = unsafe buffer[...]
        while unsafe !rest.isEmpty {
            if isBetween {
                // Tapes and pipes pad with zeros.
                unsafe rest = unsafe rest.drop { $0 == 0 }
                if unsafe rest.isEmpty { return }
                isBetween = false
                unsafe _ = table.reset(stream)
            }
            let used = unsafe try inflate(UnsafeRawBufferPointer(rebasing: rest), body)
            taken += used
            unsafe rest = unsafe rest.dropFirst(used)
        }
    }

    /// Ends the data; throws where they end inside a member.
    func finish() throws(DecodeError) {
        guard isBetween else { throw DecodeError(at: taken, "gzip data that end too early") }
    }

    /// Inflates until a member or the buffer ends; returns how much of it was read.
    private func inflate(
        _ buffer: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws -> Int {
        let count = min(buffer.count, 1 << 30)
        // Unsafe: zlib reads `avail_in` bytes of the buffer, though its type says it may write, and
        // writes `avail_out` of the room.
        unsafe stream.pointee.next_in = unsafe UnsafeMutableRawPointer(
            mutating: buffer.baseAddress)?.assumingMemoryBound(to: UInt8.self)
        unsafe stream.pointee.avail_in = UInt32(count)
        while true {
            var made = 0
            let result = unsafe room.withUnsafeMutableBufferPointer { output in
                unsafe stream.pointee.next_out = output.baseAddress
                unsafe stream.pointee.avail_out = UInt32(output.count)
                let result = unsafe table.inflate(stream, Z_NO_FLUSH)
                made = unsafe output.count - Int(stream.pointee.avail_out)
                return result
            }
            let used = unsafe count - Int(stream.pointee.avail_in)
            guard result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR else {
                throw DecodeError(at: taken + used, "damaged gzip data")
            }
            if made > 0 {
                unsafe try room.withUnsafeBytes {
                    unsafe try body(UnsafeRawBufferPointer(rebasing: $0[..<made]))
                }
            }
            isBetween = result == Z_STREAM_END
            if isBetween || made < room.count { return used }
        }
    }
}
