import Bytes
import Vocabulary

/// A ZIP archive, and what is one: `.npz`, PyTorch checkpoints. Members start at their data; arrays
/// stored without compression are recognised in turn. Nothing is ever decompressed.
enum ZipArchive {
    private static let maximumDirectoryBytes = 4 << 20
    private static let endBytes = 22
    private static let locatorBytes = 20
    private static let maximumCommentBytes = 65_535
    private static let localHeaderBytes = 30

    private struct Member {
        /// Where its local header starts.
        let header: Int
        let storedBytes: Int
        /// Neither compressed nor encrypted.
        let isPlain: Bool
    }

    /// Where the list of members is.
    private struct Directory {
        let offset: Int
        let length: Int
        let count: Int
    }

    static func begins(_ head: [UInt8]) -> Bool { head.starts(with: [0x50, 0x4b, 0x03, 0x04]) }

    static func map(_ source: inout ContentSource) throws -> ContentMap? {
        guard let directory = try directory(&source), directory.length <= maximumDirectoryBytes,
            let bytes = try source.bytes(at: directory.offset, count: directory.length),
            var members = members(bytes, directory)
        else { return nil }
        members.sort { $0.header < $1.header }
        var builder = ContentMapBuilder(sizeBytes: source.sizeBytes)
        for (index, member) in members.enumerated() {
            let end = index + 1 < members.count ? members[index + 1].header : directory.offset
            guard try append(member, before: end, &source, &builder) else { return nil }
        }
        return builder.finish()
    }

    // MARK: - Members

    /// What the directory says of the members; nil where it says anything but that.
    private static func members(_ bytes: [UInt8], _ directory: Directory) -> [Member]? {
        var members: [Member] = []
        var cursor = ByteCursor()
        while !cursor.isAtEnd(of: bytes.span) {
            guard members.count < directory.count, let member = try? member(bytes.span, &cursor),
                member.header < directory.offset
            else { return nil }
            members.append(member)
        }
        return members.count == directory.count ? members : nil
    }

    private static func member(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor
    ) throws(DecodeError) -> Member {
        try cursor.magic([0x50, 0x4b, 0x01, 0x02], bytes)
        try cursor.skip(4, bytes)
        let flags = try cursor.uint16(bytes)
        let method = try cursor.uint16(bytes)
        try cursor.skip(8, bytes)
        let stored = UInt64(try cursor.uint32(bytes))
        let plain = UInt64(try cursor.uint32(bytes))
        let name = Int(try cursor.uint16(bytes))
        let extra = Int(try cursor.uint16(bytes))
        let comment = Int(try cursor.uint16(bytes))
        try cursor.skip(8, bytes)
        let header = UInt64(try cursor.uint32(bytes))
        try cursor.skip(name, bytes)
        var wide = ByteCursor(offset: cursor.offset)
        try cursor.skip(extra + comment, bytes)
        // Where a field is all ones its value stands among the extra fields, in this order.
        let fields = try wideFields(
            bytes, &wide, end: wide.offset + extra, [plain, stored, header])
        guard fields.allSatisfy({ $0 < 1 << 48 }) else {
            throw DecodeError(at: cursor.offset, "member out of bounds")
        }
        let isPlain = method == 0 && flags & 0x2041 == 0 && fields[0] == fields[1]
        return Member(
            header: Int(fields[2]), storedBytes: Int(fields[1]), isPlain: isPlain)
    }

    /// `fields` with those that are all ones replaced by the 64-bit ones of the extra field 1.
    private static func wideFields(
        _ bytes: Span<UInt8>, _ cursor: inout ByteCursor, end: Int, _ fields: [UInt64]
    ) throws(DecodeError) -> [UInt64] {
        guard fields.contains(0xffff_ffff) else { return fields }
        while cursor.offset + 4 <= end {
            let kind = try cursor.uint16(bytes)
            let length = Int(try cursor.uint16(bytes))
            guard length <= end - cursor.offset else { break }
            guard kind == 1 else {
                try cursor.skip(length, bytes)
                continue
            }
            let limit = cursor.offset + length
            var wide = fields
            for index in fields.indices where fields[index] == 0xffff_ffff {
                guard cursor.offset + 8 <= limit else { break }
                wide[index] = try cursor.uint64(bytes)
            }
            return wide
        }
        return fields
    }

    /// Adds a member's data, which ends before `end`; false where it does not.
    private static func append(
        _ member: Member, before end: Int, _ source: inout ContentSource,
        _ builder: inout ContentMapBuilder
    ) throws -> Bool {
        guard member.header + localHeaderBytes + member.storedBytes <= end else { return false }
        // A small member is not worth a read: it goes with its neighbours.
        guard member.storedBytes >= ContentMap.smallBytes else { return true }
        guard let local = try source.bytes(at: member.header, count: localHeaderBytes),
            begins(local)
        else { return false }
        let name = Int(local[26]) | Int(local[27]) << 8
        let extra = Int(local[28]) | Int(local[29]) << 8
        let data = member.header + localHeaderBytes + name + extra
        guard data + member.storedBytes <= end else { return false }
        guard member.isPlain else { return builder.append(data, member.storedBytes) }
        if try NumPyArray.append(&source, at: data, length: member.storedBytes, to: &builder) {
            return true
        }
        let width = try RawNumbers.width(&source, at: data, length: member.storedBytes)
        return builder.append(data, member.storedBytes, width: width)
    }

    // MARK: - The end of the archive

    private static func directory(_ source: inout ContentSource) throws -> Directory? {
        let tail = min(source.sizeBytes, endBytes + maximumCommentBytes)
        guard let bytes = try source.bytes(at: source.sizeBytes - tail, count: tail),
            let end = endRecord(in: bytes),
            var found = try? directory(bytes.span, at: end)
        else { return nil }
        let start = source.sizeBytes - tail + end
        if found.offset == 0xffff_ffff || found.length == 0xffff_ffff || found.count == 0xffff {
            guard let wide = try wideDirectory(&source, before: start) else { return nil }
            found = wide
        }
        // Archives behind something else, whose offsets are shifted, are left alone.
        guard found.offset <= start, found.length <= start - found.offset else { return nil }
        return found
    }

    /// The offset of the end record in the last bytes: its comment ends where the archive does.
    private static func endRecord(in bytes: [UInt8]) -> Int? {
        var index = bytes.count - endBytes
        while index >= 0 {
            if bytes[index] == 0x50, bytes[index + 1] == 0x4b, bytes[index + 2] == 0x05,
                bytes[index + 3] == 0x06
            {
                let comment = Int(bytes[index + 20]) | Int(bytes[index + 21]) << 8
                return index + endBytes + comment == bytes.count ? index : nil
            }
            index -= 1
        }
        return nil
    }

    private static func directory(
        _ bytes: Span<UInt8>, at end: Int
    ) throws(DecodeError) -> Directory {
        var cursor = ByteCursor(offset: end + 4)
        guard try cursor.uint32(bytes) == 0 else { throw DecodeError(at: end, "several disks") }
        let here = try cursor.uint16(bytes)
        let count = Int(try cursor.uint16(bytes))
        guard here == count else { throw DecodeError(at: end, "several disks") }
        let length = Int(try cursor.uint32(bytes))
        return Directory(offset: Int(try cursor.uint32(bytes)), length: length, count: count)
    }

    /// The directory as the 64-bit end record says, which a locator before the end record points to.
    private static func wideDirectory(
        _ source: inout ContentSource, before end: Int
    ) throws -> Directory? {
        guard
            let locator = try source.bytes(at: end - locatorBytes, count: locatorBytes),
            locator.starts(with: [0x50, 0x4b, 0x06, 0x07]),
            let place = try? number(locator.span, at: 8), place <= end,
            let record = try source.bytes(at: place, count: 56),
            record.starts(with: [0x50, 0x4b, 0x06, 0x06]),
            let count = try? number(record.span, at: 32),
            let length = try? number(record.span, at: 40),
            let offset = try? number(record.span, at: 48)
        else { return nil }
        return Directory(offset: offset, length: length, count: count)
    }

    private static func number(_ bytes: Span<UInt8>, at offset: Int) throws(DecodeError) -> Int {
        var cursor = ByteCursor(offset: offset)
        let value = try cursor.uint64(bytes)
        guard value < 1 << 48 else { throw DecodeError(at: offset, "number out of bounds") }
        return Int(value)
    }
}
