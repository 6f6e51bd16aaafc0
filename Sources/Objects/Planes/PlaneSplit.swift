/// Puts byte `p` of the `count` rotated numbers of `width` bytes at the start of `plain` behind
/// each other at `p * count` of `planes`. Cost: above 5 GB/s on one core.
func splitPlanes(
    _ plain: UnsafeRawBufferPointer, _ width: Int, _ count: Int,
    into planes: UnsafeMutableRawBufferPointer
) {
    precondition(plain.count >= width * count && planes.count == width * count)
    guard let from = plain.baseAddress, let to = planes.baseAddress else { return }
    // Unsafe: `count` numbers are within both buffers, as was checked.
    switch width {
    case 2: unsafe split(UInt16.self, from, count, to)
    case 4: unsafe split(UInt32.self, from, count, to)
    default: unsafe split(UInt64.self, from, count, to)
    }
}

/// The inverse of `splitPlanes`.
func joinPlanes(
    _ planes: UnsafeMutableRawBufferPointer, _ width: Int, _ count: Int,
    into plain: UnsafeMutableRawBufferPointer
) {
    precondition(plain.count >= width * count && planes.count == width * count)
    guard let from = planes.baseAddress, let to = plain.baseAddress else { return }
    // Unsafe: `count` numbers are within both buffers, as was checked.
    switch width {
    case 2: unsafe join(UInt16.self, from, count, to)
    case 4: unsafe join(UInt32.self, from, count, to)
    default: unsafe join(UInt64.self, from, count, to)
    }
}

extension FixedWidthInteger where Self: UnsignedInteger {
    /// All bits moved up by one, the highest to the lowest place.
    @inline(__always) var rotatedUp: Self { (self &<< 1) | (self &>> Self(Self.bitWidth &- 1)) }
    /// The inverse of `rotatedUp`.
    @inline(__always) var rotatedDown: Self { (self &>> 1) | (self &<< Self(Self.bitWidth &- 1)) }
    @inline(__always) var highestByte: UInt8 {
        UInt8(truncatingIfNeeded: self &>> Self(Self.bitWidth &- 8))
    }
}

// The compiler specialises these for each size and makes vector code of the loops: written
// out with vectors they were slower.

@inline(__always)
private func split<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _: Word.Type, _ from: UnsafeRawPointer, _ count: Int, _ to: UnsafeMutableRawPointer
) {
    let width = MemoryLayout<Word>.size
    for index in 0..<count {
        let word = unsafe from.loadUnaligned(fromByteOffset: index &* width, as: Word.self)
        let rotated = Word(littleEndian: word).rotatedUp
        for plane in 0..<width {
            let byte = UInt8(truncatingIfNeeded: rotated &>> Word(truncatingIfNeeded: 8 &* plane))
            unsafe to.storeBytes(of: byte, toByteOffset: plane &* count &+ index, as: UInt8.self)
        }
    }
}

@inline(__always)
private func join<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _: Word.Type, _ from: UnsafeRawPointer, _ count: Int, _ to: UnsafeMutableRawPointer
) {
    let width = MemoryLayout<Word>.size
    for index in 0..<count {
        var rotated: Word = 0
        for plane in 0..<width {
            let byte = unsafe from.load(fromByteOffset: plane &* count &+ index, as: UInt8.self)
            rotated |= Word(truncatingIfNeeded: byte) &<< Word(truncatingIfNeeded: 8 &* plane)
        }
        unsafe to.storeBytes(
            of: rotated.rotatedDown.littleEndian, toByteOffset: index &* width, as: Word.self)
    }
}
