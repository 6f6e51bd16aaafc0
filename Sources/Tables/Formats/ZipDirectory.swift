import Bytes
import Vocabulary

/// The members of a ZIP archive, by its central directory, checked against what stands before them.
///
/// Nothing of a member is read, and no two lie over each other: that is how a small archive holds more than a
/// disk. Archives of several files, and members that are encrypted or packed otherwise than by deflate,
/// are refused.
struct ZipDirectory {
    struct Member {
        let name: String
        /// Where its bytes are, as they are packed.
        let range: Range<Int>
        let isDeflated: Bool
        /// Its length when it is unpacked, as the archive says.
        let sizeBytes: Int
        /// Of its bytes when they are unpacked.
        let checksum: UInt32
    }

    /// In the order in which they lie in the file.
    private(set) var members: [Member] = []

    static let maximumMembers = 100_000
    private static let maximumBytes = 32 << 20
    private static let endBytes = 22

    /// Reads it. Throws `TableError` for what is no archive or lies.
    init(_ file: TableRanges) throws {
        let place = try End(file)
        guard place.count <= ZipDirectory.maximumMembers,
            place.range.count <= ZipDirectory.maximumBytes
        else {
            throw TableError(
                line: nil, "it has more than \(ZipDirectory.maximumMembers) members")
        }
        var cursor = Cursor(bytes: try file.read(place.range))
        var starts: [(start: Int, member: Entry)] = []
        for _ in 0..<place.count {
            let entry = try Entry(&cursor)
            starts.append((entry.headerStart, entry))
        }
        guard cursor.isAtEnd else { throw TableError.damagedArchive }
        starts.sort { $0.start < $1.start }
        var end = 0
        for (start, entry) in starts {
            let member = try entry.member(file, below: place.range.lowerBound)
            guard start >= end else {
                throw TableError(line: nil, "two members of it lie over each other")
            }
            end = member.range.upperBound
            members.append(member)
        }
        guard Set(members.map(\.name)).count == members.count else {
            throw TableError(line: nil, "two members of it have the same name")
        }
    }

    /// Where the directory is.
    private struct End {
        let range: Range<Int>
        let count: Int

        init(_ file: TableRanges) throws {
            // A comment of at most 64 KiB may stand behind it.
            let tailStart = max(0, file.sizeBytes - ZipDirectory.endBytes - 0xffff)
            let tail = try file.read(tailStart..<file.sizeBytes)
            guard let found = End.place(in: tail) else {
                throw TableError(line: nil, "it is no ZIP archive, or not all of it")
            }
            var cursor = Cursor(bytes: Array(tail[(found + 4)...]))
            let (disk, first) = (try cursor.number(2), try cursor.number(2))
            let (here, count) = (try cursor.number(2), try cursor.number(2))
            let (size, start) = (try cursor.number(4), try cursor.number(4))
            var end = (disk: disk, first: first, here: here, count: count, size: size, start: start)
            var limit = tailStart + found
            if here == 0xffff || count == 0xffff || size == 0xffff_ffff || start == 0xffff_ffff {
                (end, limit) = try End.large(file, before: limit)
            }
            guard end.disk == 0, end.first == 0, end.here == end.count else {
                throw TableError(line: nil, "it is an archive of several files")
            }
            let (last, overflow) = end.start.addingReportingOverflow(end.size)
            guard !overflow, last <= limit else { throw TableError.damagedArchive }
            range = end.start..<last
            self.count = end.count
        }

        /// The last place where the mark of an end is followed by a comment of the right length.
        private static func place(in tail: [UInt8]) -> Int? {
            guard tail.count >= ZipDirectory.endBytes else { return nil }
            for place in (0...(tail.count - ZipDirectory.endBytes)).reversed()
            where tail[place] == 0x50 && tail[place...].starts(with: [0x50, 0x4b, 5, 6]) {
                let comment = Int(tail[place + 20]) | Int(tail[place + 21]) << 8
                if place + ZipDirectory.endBytes + comment == tail.count { return place }
            }
            return nil
        }

        /// What archives of many or large members say in a record of their own.
        private static func large(
            _ file: TableRanges, before end: Int
        ) throws -> (
            (disk: Int, first: Int, here: Int, count: Int, size: Int, start: Int), limit: Int
        ) {
            guard end >= 20 else { throw TableError.damagedArchive }
            var locator = Cursor(bytes: try file.read(end - 20..<end))
            guard try locator.number(4) == 0x0706_4b50, try locator.number(4) == 0,
                case let place = try locator.number(8), place <= end - 20 - 56
            else { throw TableError.damagedArchive }
            var record = Cursor(bytes: try file.read(place..<place + 56))
            guard try record.number(4) == 0x0606_4b50 else { throw TableError.damagedArchive }
            try record.skip(12)
            let (disk, first) = (try record.number(4), try record.number(4))
            let (here, count) = (try record.number(8), try record.number(8))
            let (size, start) = (try record.number(8), try record.number(8))
            return ((disk, first, here, count, size, start), place)
        }
    }

    /// What the directory says of a member.
    private struct Entry {
        let name: [UInt8]
        let method: Int
        let checksum: UInt32
        private(set) var packedBytes: Int
        private(set) var sizeBytes: Int
        private(set) var headerStart: Int

        init(_ cursor: inout Cursor) throws(TableError) {
            guard try cursor.number(4) == 0x0201_4b50 else { throw TableError.damagedArchive }
            try cursor.skip(4)
            let flags = try cursor.number(2)
            method = try cursor.number(2)
            try cursor.skip(4)
            checksum = UInt32(try cursor.number(4))
            packedBytes = try cursor.number(4)
            sizeBytes = try cursor.number(4)
            let (nameCount, extraCount) = (try cursor.number(2), try cursor.number(2))
            let commentCount = try cursor.number(2)
            try cursor.skip(8)
            headerStart = try cursor.number(4)
            name = try cursor.bytes(nameCount)
            let extra = try cursor.bytes(extraCount)
            try cursor.skip(commentCount)
            guard flags & 1 == 0 else {
                throw TableError(line: nil, "'\(printable(name))' in it is encrypted")
            }
            guard method == 0 || method == 8 else {
                throw TableError(
                    line: nil, "'\(printable(name))' in it is packed by method \(method)")
            }
            try takeLarge(extra)
        }

        /// Numbers of more than four bytes stand in an extra field, those that are needed only.
        private mutating func takeLarge(_ extra: [UInt8]) throws(TableError) {
            var fields = Cursor(bytes: extra)
            while fields.rest >= 4 {
                let (id, count) = (try fields.number(2), try fields.number(2))
                // What others wrote here is not ours to judge.
                guard count <= fields.rest else { break }
                var field = Cursor(bytes: try fields.bytes(count))
                guard id == 1 else { continue }
                if sizeBytes == 0xffff_ffff { sizeBytes = try field.number(8) }
                if packedBytes == 0xffff_ffff { packedBytes = try field.number(8) }
                if headerStart == 0xffff_ffff { headerStart = try field.number(8) }
                return
            }
        }

        /// The member, whose own header says the same. `end` is where members end at the latest.
        func member(_ file: TableRanges, below end: Int) throws -> Member {
            guard headerStart <= end - 30 else { throw TableError.damagedArchive }
            var cursor = Cursor(bytes: try file.read(headerStart..<headerStart + 30))
            guard try cursor.number(4) == 0x0403_4b50 else { throw TableError.damagedArchive }
            try cursor.skip(4)
            let ownMethod = try cursor.number(2)
            try cursor.skip(16)
            let (nameCount, extraCount) = (try cursor.number(2), try cursor.number(2))
            let nameStart = headerStart + 30
            let start = nameStart + nameCount + extraCount
            guard start <= end, packedBytes <= end - start, ownMethod == method,
                try file.read(nameStart..<nameStart + nameCount) == name,
                let text = String(validating: name, as: UTF8.self),
                method == 8 || packedBytes == sizeBytes
            else { throw TableError.damagedArchive }
            return Member(
                name: text, range: start..<start + packedBytes, isDeflated: method == 8,
                sizeBytes: sizeBytes, checksum: checksum)
        }
    }

    /// Reads numbers, the little end first.
    private struct Cursor {
        let bytes: [UInt8]
        private var place = 0

        init(bytes: [UInt8]) { self.bytes = bytes }

        var rest: Int { bytes.count - place }
        var isAtEnd: Bool { rest == 0 }

        mutating func number(_ width: Int) throws(TableError) -> Int {
            let value = try self.bytes(width).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            // Far from where a sum could overflow.
            guard value < 1 << 53 else { throw TableError.damagedArchive }
            return Int(value)
        }

        mutating func bytes(_ count: Int) throws(TableError) -> [UInt8] {
            guard count <= rest else { throw TableError.damagedArchive }
            defer { place += count }
            return Array(bytes[place..<place + count])
        }

        mutating func skip(_ count: Int) throws(TableError) { _ = try bytes(count) }
    }
}

extension TableError {
    fileprivate static var damagedArchive: TableError {
        TableError(line: nil, "its list of members is damaged")
    }
}
