import Bytes
import Vocabulary

/// Arrays with names in one file, as `numpy.savez` and `savez_compressed` write them: a ZIP archive of NPY
/// files.
package struct NPZArchive {
    /// One array.
    package struct Member {
        /// Its name, without `.npy`.
        package let name: String
        /// Where it lies in the file, as it is packed.
        package let range: Range<Int>
        /// Whether it lies there as it is.
        package let isStored: Bool
        /// The bytes of its NPY file. Of a packed one, bytes far behind each other cost what is between them,
        /// and those before others all of it.
        package let bytes: TableRanges
    }

    /// Its arrays, in the order in which they lie in the file.
    package let members: [Member]

    private static let suffix = ".npy"

    /// Whether bytes begin as such a file does.
    package static func mayBe(_ file: TableRanges) throws -> Bool {
        let start = try file.read(0..<min(4, file.sizeBytes))
        return start == [0x50, 0x4b, 3, 4] || start == [0x50, 0x4b, 5, 6]
    }

    /// Reads the directory. Throws `TableError` for what is none, or has other members than arrays.
    package init(_ file: TableRanges) throws {
        members = try ZipDirectory(file).members.map { member in
            guard member.name.hasSuffix(NPZArchive.suffix) else {
                throw TableError(
                    line: nil, "'\(printable(Array(member.name.utf8)))' in it is no NPY file")
            }
            let start = member.range.lowerBound
            let stored = TableRanges(sizeBytes: member.sizeBytes) { range in
                try file.read(start + range.lowerBound..<start + range.upperBound)
            }
            return Member(
                name: String(member.name.dropLast(NPZArchive.suffix.utf8.count)),
                range: member.range, isStored: !member.isDeflated,
                bytes: member.isDeflated ? NPZArchive.inflated(member, file) : stored)
        }
    }

    /// The bytes of a packed member.
    private static func inflated(
        _ member: ZipDirectory.Member, _ file: TableRanges
    ) -> TableRanges {
        let source = InflatedMember(member, file)
        return TableRanges(sizeBytes: member.sizeBytes) { try source.read($0) }
    }
}

/// A packed member, inflated forwards: to go back is to begin again.
///
/// Memory: pieces of 64 KiB. The checksum is compared when the end was reached in one go.
private final class InflatedMember {
    private let member: ZipDirectory.Member
    private let file: TableRanges
    private var reader: DeflateReader?

    private static let pieceBytes = 64 << 10

    init(_ member: ZipDirectory.Member, _ file: TableRanges) {
        self.member = member
        self.file = file
    }

    func read(_ range: Range<Int>) throws -> [UInt8] {
        do {
            return try inflate(range)
        } catch let error as DecodeError {
            throw TableError(
                line: nil, "'\(printable(Array(member.name.utf8)))' in it is damaged: \(error)")
        }
    }

    private func inflate(_ range: Range<Int>) throws -> [UInt8] {
        let reader: DeflateReader
        if let known = self.reader, known.position <= range.lowerBound {
            reader = known
        } else {
            reader = try begin()
        }
        while reader.position < range.lowerBound {
            _ = try take(
                min(range.lowerBound - reader.position, InflatedMember.pieceBytes), reader)
        }
        return try take(range.count, reader)
    }

    private func begin() throws -> DeflateReader {
        var next = member.range.lowerBound
        let (end, file) = (member.range.upperBound, self.file)
        let reader = try DeflateReader {
            let piece = try file.read(next..<min(end, next + InflatedMember.pieceBytes))
            next += piece.count
            return piece
        }
        self.reader = reader
        return reader
    }

    /// The next bytes, all that are asked for.
    private func take(_ count: Int, _ reader: DeflateReader) throws -> [UInt8] {
        let bytes = try reader.read(count)
        guard bytes.count == count else {
            throw TableError(
                line: nil,
                "'\(printable(Array(member.name.utf8)))' in it has fewer bytes than it claims")
        }
        guard reader.position == member.sizeBytes else { return bytes }
        guard try reader.isAtEnd(), reader.checksum == member.checksum else {
            throw TableError(
                line: nil, "'\(printable(Array(member.name.utf8)))' in it is damaged")
        }
        return bytes
    }
}
