import Bytes

/// The rule that says where nodes end: a function of the key alone, so that the same entries
/// give the same nodes whatever the order of edits.
///
/// One hash serves all levels. A key ends its node at level 0 when the lowest 8 bits of its XXH3
/// are zero, at level 1 when the lowest 16 are, and so on: nodes of 256 items on average, and
/// every boundary of a level is one of all levels below it. A node that reaches
/// `fullNodeBytes` without such a key (one in 10^8 by chance, always by malice) ends there, so
/// that its size has a bound.
enum TreeShape {
    /// The type tag of node digests.
    static let tag = "mlstore tree 1"

    /// The items of a node end with the one that brings them to this many bytes.
    static let fullNodeBytes = 262_144

    /// No valid node is longer: a full one, its last item and its header.
    static let maximumNodeBytes = fullNodeBytes + 65_536 + 256

    /// The highest level accepted. 256^8 entries do not exist.
    static let maximumLevel = 15

    private static let bitsPerLevel = 8

    /// Whether a node of `level` ends behind the item with this key.
    static func endsNode(key: [UInt8], level: Int) -> Bool {
        let bits = bitsPerLevel * (level + 1)
        guard bits <= UInt64.bitWidth else { return false }
        return xxh3(key) & (UInt64.max >> UInt64(UInt64.bitWidth - bits)) == 0
    }
}
