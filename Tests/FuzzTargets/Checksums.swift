import Bytes

extension [UInt8] {
    /// Puts the XXH3 of `range` at `offset`, so that a decoder looks further than the checksum.
    mutating func setChecksum(of range: Range<Int>, at offset: Int) {
        guard range.lowerBound <= range.upperBound, range.upperBound <= count, offset >= 0,
            offset + 8 <= count
        else { return }
        var writer = ByteWriter()
        writer.append(uint64: xxh3(Array(self[range])))
        replaceSubrange(offset..<(offset + 8), with: writer.bytes)
    }

    /// Puts a 32-bit number at `offset`.
    mutating func setNumber(_ value: Int, at offset: Int) {
        guard offset + 4 <= count else { return }
        var writer = ByteWriter()
        writer.append(uint32: UInt32(truncatingIfNeeded: value))
        replaceSubrange(offset..<(offset + 4), with: writer.bytes)
    }
}
