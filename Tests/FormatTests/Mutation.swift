import TestSupport

/// Changes bytes as damage or malice would: flips, numbers at the edge of their range, pieces that
/// are cut out, repeated, or come from another sample.
struct Mutation {
    var random: SmallRandom
    private static let edges: [UInt8] = [0, 1, 0x2f, 0x7f, 0x80, 0xfe, 0xff]

    init(seed: UInt64) { random = SmallRandom(seed: seed) }

    /// `sample` with one to four changes; `other` gives pieces.
    mutating func mutated(_ sample: [UInt8], other: [UInt8]) -> [UInt8] {
        var bytes = sample
        for _ in 0...random.integer(in: 0..<4) { change(&bytes, other) }
        return bytes
    }

    private mutating func change(_ bytes: inout [UInt8], _ other: [UInt8]) {
        guard !bytes.isEmpty else { return bytes = Array(other.prefix(9)) }
        let at = random.integer(in: 0..<bytes.count)
        let end = min(bytes.count, at + 1 + random.integer(in: 0..<16))
        switch random.integer(in: 0..<9) {
        case 0: bytes[at] ^= 1 << UInt8(random.integer(in: 0..<8))
        case 1: bytes[at] = Self.edges[random.integer(in: 0..<Self.edges.count)]
        case 2: bytes.removeSubrange(at..<end)
        case 3: bytes.insert(contentsOf: bytes[at..<end], at: at)
        case 4: bytes.removeLast(bytes.count - at)
        case 5: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: at)
        case 6:
            let edge = Self.edges[random.integer(in: 0..<Self.edges.count)]
            for index in at..<min(bytes.count, at + 8) { bytes[index] = edge }
        case 7:
            guard !other.isEmpty else { return }
            let from = random.integer(in: 0..<other.count)
            let piece = other[from..<min(other.count, from + end - at)]
            bytes.replaceSubrange(at..<end, with: piece)
        default:
            // A number of a small field changed by a little.
            bytes[at] = bytes[at] &+ UInt8(random.integer(in: 0..<3)) &- 1
        }
    }
}
