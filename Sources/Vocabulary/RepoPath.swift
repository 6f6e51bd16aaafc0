/// A path relative to a workspace (or to a tracked directory): components joined by `/`, any
/// bytes but `/` and NUL in them, never absolute, never `.` or `..`, never empty.
///
/// File names on Linux are bytes, not text, so this keeps bytes. Ordered with `/` below every
/// other byte: a directory's entries stand together, right behind the directory's own name.
package struct RepoPath: Hashable, Sendable {
    /// The bytes, without a leading or trailing `/`.
    package let bytes: [UInt8]

    /// The longest path accepted, in bytes.
    package static let maximumBytes = 65_535

    /// Checks every rule of the type.
    package init(validating bytes: [UInt8]) throws(DecodeError) {
        guard !bytes.isEmpty else { throw DecodeError(at: 0, "empty path") }
        guard bytes.count <= RepoPath.maximumBytes else {
            throw DecodeError(at: RepoPath.maximumBytes, "path too long")
        }
        var start = 0
        for index in 0...bytes.count where index == bytes.count || bytes[index] == 0x2f {
            let component = bytes[start..<index]
            if component.isEmpty { throw DecodeError(at: start, "empty path component") }
            if component.elementsEqual([0x2e]) || component.elementsEqual([0x2e, 0x2e]) {
                throw DecodeError(at: start, "'.' or '..' in a path")
            }
            start = index + 1
        }
        if let position = bytes.firstIndex(of: 0) {
            throw DecodeError(at: position, "NUL in a path")
        }
        self.bytes = bytes
    }

    /// The path written as UTF-8 text; throws what `init(validating:)` throws.
    package init(_ text: some StringProtocol) throws(DecodeError) {
        try self.init(validating: Array(text.utf8))
    }

    private init(trusted bytes: [UInt8]) { self.bytes = bytes }

    /// The components, first to last; at least one.
    package var components: [[UInt8]] { bytes.split(separator: 0x2f).map { Array($0) } }

    /// The last component.
    package var lastComponent: [UInt8] {
        guard let slash = bytes.lastIndex(of: 0x2f) else { return bytes }
        return Array(bytes[(slash + 1)...])
    }

    /// The path without its last component, or nil at the top.
    package var parent: RepoPath? {
        guard let slash = bytes.lastIndex(of: 0x2f) else { return nil }
        return RepoPath(trusted: Array(bytes[..<slash]))
    }

    /// The folders above, the nearest first.
    package var parents: some Sequence<RepoPath> {
        sequence(state: parent) { next in
            defer { next = next?.parent }
            return next
        }
    }

    /// This path, then the folders above, the nearest first.
    package var selfAndParents: some Sequence<RepoPath> {
        sequence(first: self) { $0.parent }
    }

    /// This path, a `/`, and `other`.
    package func appending(_ other: RepoPath) -> RepoPath {
        RepoPath(trusted: bytes + [0x2f] + other.bytes)
    }

    /// This path and one more component, which is checked.
    package func appending(component: [UInt8]) throws(DecodeError) -> RepoPath {
        appending(try RepoPath(validating: component))
    }

    /// This path with `suffix` added to its last component: `a/b` and `.mlstore` make `a/b.mlstore`.
    package func addingSuffix(_ suffix: String) -> RepoPath {
        RepoPath(trusted: bytes + Array(suffix.utf8))
    }

    /// This path without `suffix` at the end of its last component, or nil if it has none or is
    /// nothing else.
    package func removingSuffix(_ suffix: String) -> RepoPath? {
        let tail = Array(suffix.utf8)
        guard lastComponent.count > tail.count, bytes.suffix(tail.count).elementsEqual(tail) else {
            return nil
        }
        return RepoPath(trusted: Array(bytes.dropLast(tail.count)))
    }

    /// Whether this path is `other` or lies below it.
    package func isInside(_ other: RepoPath) -> Bool {
        guard bytes.starts(with: other.bytes) else { return false }
        return bytes.count == other.bytes.count || bytes[other.bytes.count] == 0x2f
    }

    /// This path as seen from `ancestor`, or nil if it is not below it.
    package func relative(to ancestor: RepoPath) -> RepoPath? {
        guard isInside(ancestor), bytes.count > ancestor.bytes.count else { return nil }
        return RepoPath(trusted: Array(bytes[(ancestor.bytes.count + 1)...]))
    }

    /// The text, where the bytes are UTF-8; nil otherwise.
    package var text: String? { String(validating: bytes, as: UTF8.self) }
}

extension RepoPath: Comparable {
    /// Byte order, but with `/` lowest.
    package static func < (left: RepoPath, right: RepoPath) -> Bool {
        compareKeys(left.bytes, right.bytes) < 0
    }

    /// Negative, zero or positive as `left` comes before, with or after `right` when `/` sorts
    /// lowest: the order of tree keys.
    package static func compareKeys(_ left: [UInt8], _ right: [UInt8]) -> Int {
        let common = Swift.min(left.count, right.count)
        var index = 0
        while index < common {
            let a = left[index]
            let b = right[index]
            if a != b { return rank(a) < rank(b) ? -1 : 1 }
            index += 1
        }
        return left.count - right.count
    }

    private static func rank(_ byte: UInt8) -> Int { byte == 0x2f ? -1 : Int(byte) }
}

extension RepoPath: CustomStringConvertible {
    /// The text for people: control characters and bytes that are no UTF-8 print as `\xHH`.
    package var description: String { printable(bytes) }
}

/// Bytes of a name as text for people: valid UTF-8 as it is, control characters, backslashes and
/// stray bytes as `\xHH`, so that a hostile name cannot drive a terminal, and no two look the same.
package func printable(_ bytes: [UInt8]) -> String { escaped(bytes, keeping: []) }

/// Bytes that somebody wrote to be read, such as a command or a message, as text for people: like
/// `printable`, but backslashes and tabs stay.
package func printableText(_ bytes: [UInt8]) -> String { escaped(bytes, keeping: [0x09, 0x5c]) }

private func escaped(_ bytes: [UInt8], keeping kept: [UInt8]) -> String {
    // Most names are plain, and many messages are made that nobody reads.
    if bytes.allSatisfy({ (0x20..<0x7f).contains($0) && $0 != 0x5c }) {
        return String(decoding: bytes, as: UTF8.self)
    }
    let digits = Array("0123456789abcdef")
    var result = ""
    func escape(_ byte: UInt8) {
        result += "\\x"
        result.append(digits[Int(byte >> 4)])
        result.append(digits[Int(byte & 15)])
    }
    if let text = String(validating: bytes, as: UTF8.self) {
        for scalar in text.unicodeScalars {
            let byte = UInt8(exactly: scalar.value)
            if let byte, byte < 0x20 || byte == 0x7f || byte == 0x5c, !kept.contains(byte) {
                escape(byte)
            } else if (0x80..<0xa0).contains(scalar.value) {
                for byte in String(scalar).utf8 { escape(byte) }
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
    } else {
        for byte in bytes {
            if byte < 0x20 || byte >= 0x7f || byte == 0x5c, !kept.contains(byte) {
                escape(byte)
            } else {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
    }
    return result
}
