/// Finds the first byte that is not UTF-8.
enum UTF8Check {
    /// The offset of the first sequence that is not UTF-8 in the `count` bytes at `base`, or nil.
    // Unsafe: reads bytes 0..<count of `base` only.
    static func firstFault(_ base: UnsafePointer<UInt8>, count: Int) -> Int? {
        var index = 0
        while index < count {
            if index &+ 8 <= count {
                let word = unsafe UnsafeRawPointer(base).loadUnaligned(
                    fromByteOffset: index, as: UInt64.self)
                if word & BlockMask.high == 0 {
                    index &+= 8
                    continue
                }
            }
            let length = unsafe sequenceLength(base + index, limit: count &- index)
            if length == 0 { return index }
            index &+= length
        }
        return nil
    }

    /// The length of the well-formed sequence at `bytes`, or 0. The second byte's range is what
    /// refuses overlong forms, surrogates and values above U+10FFFF.
    @inline(__always)
    private static func sequenceLength(_ bytes: UnsafePointer<UInt8>, limit: Int) -> Int {
        let first = unsafe bytes[0]
        if first < 0x80 { return 1 }
        let length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4
        guard first >= 0xc2, first <= 0xf4, length <= limit else { return 0 }
        let range: ClosedRange<UInt8> =
            switch first {
            case 0xe0: 0xa0...0xbf
            case 0xed: 0x80...0x9f
            case 0xf0: 0x90...0xbf
            case 0xf4: 0x80...0x8f
            default: 0x80...0xbf
            }
        guard unsafe range.contains(bytes[1]) else { return 0 }
        var index = 2
        while index < length {
            if unsafe bytes[index] & 0xc0 != 0x80 { return 0 }
            index &+= 1
        }
        return length
    }
}
