import Bytes
package import Vocabulary

/// What a frame of chunks is decoded against: other chunks, whose bytes stand, one behind the other,
/// before those of the frame.
///
/// In the payload, behind the table of lengths, little-endian:
///
///      0      2   generation: how many versions this one is from one that needs no other: 1 to 511
///      2      2   count of bases: 1 to 64
///      4          their digests, 32 bytes each
///
/// Invariant: the generation is larger than that of any base's own frame (0 where that needs no
/// other), so that reading ends, whatever a pack says. Writers step back as `preferredBase` says, so
/// that at most 21 frames are decoded one after the other.
package struct FrameBases: Hashable, Sendable {
    /// How many versions this one is from one that needs no other.
    package var generation: Int
    /// The bases, in the order of their bytes.
    package var digests: [Digest]

    /// No frame has more bases.
    package static let maximumCount = 64
    /// The version after this one is stored whole again.
    package static let maximumGeneration = 511
    /// The bytes of all bases of a frame together are at most this.
    package static let maximumPlainLength = 4 << 20

    static let headerBytes = 4

    /// Bytes in the payload.
    var encodedLength: Int { FrameBases.headerBytes + digests.count * Digest.sizeBytes }

    /// The generation of the frame that one of `generation` is best built on: a step back at its
    /// lowest octal digit that is not zero. So a chain of n versions is read in at most seven steps
    /// for each octal digit of n, and most versions build on the one before.
    static func preferredBase(ofGeneration generation: Int) -> Int {
        var step = 1
        while generation % (step * 8) == 0 { step *= 8 }
        return generation - step
    }

    /// Writes the bases to the start of `output`, which has room for `encodedLength`.
    func write(to output: UnsafeMutableRawBufferPointer) {
        // Unsafe: stores below `encodedLength`, by the caller's promise.
        unsafe output.storeBytes(
            of: UInt16(generation).littleEndian, toByteOffset: 0, as: UInt16.self)
        unsafe output.storeBytes(
            of: UInt16(digests.count).littleEndian, toByteOffset: 2, as: UInt16.self)
        for (index, digest) in digests.enumerated() {
            let start = FrameBases.headerBytes + index * Digest.sizeBytes
            unsafe UnsafeMutableRawBufferPointer(
                rebasing: output[start..<(start + Digest.sizeBytes)]
            ).copyBytes(from: digest.bytes)
        }
    }

    /// Reads bases at `offset` of a frame.
    init(in frame: Span<UInt8>, at offset: Int) throws(DecodeError) {
        var cursor = ByteCursor(offset: offset)
        generation = Int(try cursor.uint16(frame))
        let count = Int(try cursor.uint16(frame))
        guard (1...FrameBases.maximumGeneration).contains(generation) else {
            throw DecodeError(at: offset, "generation out of bounds")
        }
        guard (1...FrameBases.maximumCount).contains(count) else {
            throw DecodeError(at: offset + 2, "count of bases out of bounds")
        }
        digests = []
        for _ in 0..<count { digests.append(try cursor.digest(frame)) }
    }

    /// Bases in that order.
    package init(generation: Int, digests: [Digest]) {
        self.generation = generation
        self.digests = digests
    }
}

/// Reads an object that a frame of `generation` is decoded against, checked against its digest.
/// Its own frame must be of a lower generation: so reading ends, whatever a pack says.
package typealias BaseReader = (_ base: ObjectKey, _ generation: Int) throws -> [UInt8]

extension FramePrefix {
    /// The bases of the whole checked frame in `frame`; nil for a codec that needs none.
    func bases(in frame: Span<UInt8>) throws(FrameFault) -> FrameBases? {
        guard codec.hasBases else { return nil }
        do throws(DecodeError) {
            return try FrameBases(in: frame, at: FramePrefix.sizeBytes + tableLength)
        } catch { throw .damaged(error) }
    }

    /// The bytes of all `bases`, one behind the other.
    func plainBases(
        _ bases: FrameBases?, _ read: BaseReader
    ) throws(FrameFault) -> [UInt8] {
        guard let bases else { return [] }
        var plain: [UInt8] = []
        for digest in bases.digests {
            let key = ObjectKey(kind, digest)
            do {
                let bytes = try read(key, bases.generation)
                if plain.isEmpty {
                    plain = bytes
                } else {
                    plain += bytes
                }
            } catch { throw .baseUnreadable(key, error) }
            guard plain.count <= FrameBases.maximumPlainLength else {
                throw .damaged(DecodeError(at: FramePrefix.sizeBytes, "bases too long"))
            }
        }
        return plain
    }
}
