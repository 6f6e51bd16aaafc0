import Bytes
import Vocabulary

/// The journal: an append-only file of records, each naming the digest of the one before.
///
/// A record, little-endian:
///
///      0      4   magic "mlj1"
///      4      4   payload length, at most 64 MiB
///      8      8   XXH3-64 of everything from byte 16 to the end of the payload
///     16      8   sequence: 1 in the first record, then rising by one
///     24     32   SHA-256 of the whole record before; zeros in the first
///     56          payload: canonical JSON (`JournalEntry`)
///
/// A bad record that no good record follows is a commit that was cut off: it never happened. A
/// bad record that a good one follows is damage, and is reported; nothing is ever cut off then.
/// (No record can stand inside a payload: JSON text has no control characters, so that the last
/// byte of a length would be at least 0x20, far above the bound.)
enum JournalFormat {
    static let magic: [UInt8] = Array("mlj1".utf8)
    static let headerBytes = 56
    static let maximumPayload = 64 << 20

    static func encode(sequence: Int, previous: Digest, payload: [UInt8]) -> [UInt8] {
        var checked = ByteWriter(capacity: payload.count + 40)
        checked.append(uint64: UInt64(sequence))
        checked.append(previous)
        checked.append(payload)
        var writer = ByteWriter(capacity: checked.bytes.count + 16)
        writer.append(magic)
        writer.append(uint32: UInt32(payload.count))
        writer.append(uint64: xxh3(checked.bytes))
        writer.append(checked.bytes)
        return writer.bytes
    }

    /// A record whose checksum is right.
    struct Raw {
        let range: Range<Int>
        let sequence: UInt64
        let previous: Digest
    }

    /// The payload length of what looks like a record at `offset`, or nil where nothing does.
    private static func payloadLength(at offset: Int, in bytes: Span<UInt8>) -> Int? {
        var cursor = ByteCursor(offset: offset)
        guard (try? cursor.magic(magic, bytes)) != nil, let found = try? cursor.uint32(bytes),
            found <= maximumPayload, Int(found) <= bytes.count - offset - headerBytes
        else { return nil }
        return Int(found)
    }

    /// The record at `offset`, or nil where none is whole.
    static func record(at offset: Int, in bytes: Span<UInt8>) -> Raw? {
        guard let length = payloadLength(at: offset, in: bytes) else { return nil }
        var cursor = ByteCursor(offset: offset + 8)
        do throws(DecodeError) {
            let checksum = try cursor.uint64(bytes)
            let end = offset + headerBytes + length
            let sequence = try cursor.uint64(bytes)
            let previous = try cursor.digest(bytes)
            guard checksum == xxh3(bytes.extracting((offset + 16)..<end)) else { return nil }
            return Raw(range: offset..<end, sequence: sequence, previous: previous)
        } catch { return nil }
    }

    /// Where the first whole record at or behind `offset` starts, or nil.
    ///
    /// Cost: in the length of `bytes`, whatever they are. Each place that looks like a record is hashed
    /// as far as its length says; what a crash cut off has none, since no record stands inside a
    /// payload. Throws where these lengths come to more than all of `bytes`.
    static func firstRecord(from offset: Int, in bytes: Span<UInt8>) throws(DecodeError) -> Int? {
        var index = offset
        var hashed = 0
        while index + headerBytes <= bytes.count {
            if bytes[index] == magic[0], let length = payloadLength(at: index, in: bytes) {
                if record(at: index, in: bytes) != nil { return index }
                hashed += length
                guard hashed <= bytes.count else {
                    throw DecodeError(at: index, "what looks like records has wrong checksums")
                }
            }
            index += 1
        }
        return nil
    }
}
