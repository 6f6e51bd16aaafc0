/// A path on a disk, absolute or relative, as bytes: what system calls take.
package struct DiskPath: Hashable, Sendable, CustomStringConvertible {
    /// The bytes, without a trailing `/` (but for the root itself).
    package let bytes: [UInt8]

    /// The path with these bytes; `//` and trailing `/` are folded.
    package init(bytes: [UInt8]) {
        var folded: [UInt8] = []
        folded.reserveCapacity(bytes.count)
        for byte in bytes where !(byte == 0x2f && folded.last == 0x2f) { folded.append(byte) }
        if folded.count > 1, folded.last == 0x2f { folded.removeLast() }
        self.bytes = folded
    }

    /// The path written as text.
    package init(_ text: String) { self.init(bytes: Array(text.utf8)) }

    /// Whether the path starts at the root.
    package var isAbsolute: Bool { bytes.first == 0x2f }

    /// The last component; empty for the root.
    package var lastComponent: [UInt8] {
        guard let slash = bytes.lastIndex(of: 0x2f) else { return bytes }
        return Array(bytes[(slash + 1)...])
    }

    /// The path without its last component: `.` for a bare name, `/` for the root.
    package var parent: DiskPath {
        guard let slash = bytes.lastIndex(of: 0x2f) else { return DiskPath(".") }
        return slash == 0 ? DiskPath("/") : DiskPath(bytes: Array(bytes[..<slash]))
    }

    /// `name` inside this directory.
    package func appending(_ name: [UInt8]) -> DiskPath {
        bytes.isEmpty ? DiskPath(bytes: name) : DiskPath(bytes: bytes + [0x2f] + name)
    }

    /// `name` inside this directory.
    package static func / (left: DiskPath, right: String) -> DiskPath {
        left.appending(Array(right.utf8))
    }

    /// The workspace path `right` inside this directory.
    package static func / (left: DiskPath, right: RepoPath) -> DiskPath {
        left.appending(right.bytes)
    }

    /// The text for people, escaped as `printable` does.
    package var description: String { printable(bytes) }
}
