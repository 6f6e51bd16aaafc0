import Platform
import Vocabulary

/// A new file that is written front to back in large pieces.
struct BufferedOutput {
    private let file: any DiskFile
    private var buffer: [UInt8] = []
    private(set) var count = 0
    private static let pieceBytes = 4 << 20

    init(_ path: DiskPath) throws {
        let disk = LocalDisk()
        file = try disk.openFile(path, .createOrOpen(permissions: 0o644))
        try file.truncate(to: 0)
        buffer.reserveCapacity(BufferedOutput.pieceBytes + 4096)
    }

    /// Appends what `body` appends to the buffer it is given.
    mutating func append(_ body: (inout [UInt8]) -> Void) throws {
        let before = buffer.count
        body(&buffer)
        count += buffer.count - before
        if buffer.count >= BufferedOutput.pieceBytes { try flush() }
    }

    mutating func close() throws {
        try flush()
        try file.close()
    }

    private mutating func flush() throws {
        try file.write(buffer, at: count - buffer.count)
        buffer.removeAll(keepingCapacity: true)
    }
}

extension [UInt8] {
    /// Appends a number in decimal digits, with zeros in front up to `width`.
    mutating func append(decimal value: Int, width: Int = 1) {
        var digits: (UInt64, Int) = (UInt64(value.magnitude), 1)
        while digits.0 / 10 >= UInt64(digits.1) { digits.1 *= 10 }
        var divisor = digits.1
        var length = 1
        while divisor >= 10 {
            divisor /= 10
            length += 1
        }
        if value < 0 { append(0x2d) }
        for _ in length..<Swift.max(length, width) { append(0x30) }
        divisor = digits.1
        while divisor > 0 {
            append(0x30 + UInt8(digits.0 / UInt64(divisor) % 10))
            divisor /= 10
        }
    }

    mutating func append(text: StaticString) {
        unsafe append(
            contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends the four bytes of each of four words, lowest first.
    mutating func append(words: SIMD4<UInt32>) {
        for lane in 0..<4 {
            for shift in [UInt32(0), 8, 16, 24] {
                append(UInt8(truncatingIfNeeded: words[lane] >> shift))
            }
        }
    }

    /// Appends sixteen hexadecimal digits.
    mutating func append(hexadecimal value: UInt64) {
        for shift in stride(from: 60, through: 0, by: -4) {
            let digit = UInt8(value >> UInt64(shift) & 15)
            append(digit < 10 ? 0x30 + digit : 0x57 + digit)
        }
    }
}
