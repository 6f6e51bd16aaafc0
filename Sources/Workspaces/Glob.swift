/// A path pattern in git's syntax: `*` and `?` stay within a component, `**` as a whole
/// component spans any number of them, `[a-z]` is a class, `\` takes the next byte literally.
///
/// Matching costs at most the product of the lengths: no pattern makes it explode.
package struct Glob: Hashable, Sendable {
    private let components: [[UInt8]]

    /// The pattern with these bytes; leading and trailing `/` do not count.
    package init(_ pattern: [UInt8]) {
        components = pattern.split(separator: 0x2f).map { Array($0) }
    }

    /// Whether the bytes hold anything that is special in a pattern.
    package static func isPattern(_ bytes: [UInt8]) -> Bool {
        bytes.contains { $0 == 0x2a || $0 == 0x3f || $0 == 0x5b }
    }

    /// Whether the whole of `path`, given by its components, fits.
    package func matches(_ path: [ArraySlice<UInt8>]) -> Bool {
        // reachable[k]: the pattern so far can have used up the first k components.
        var reachable = [Bool](repeating: false, count: path.count + 1)
        reachable[0] = true
        for (position, component) in components.enumerated() {
            let isLast = position == components.count - 1
            if component == [0x2a, 0x2a], components.count > 1 {
                spread(&reachable, atLeastOne: isLast)
                continue
            }
            for k in stride(from: path.count, through: 0, by: -1) {
                reachable[k] =
                    k > 0 && reachable[k - 1] && Glob.component(component[...], path[k - 1])
            }
        }
        return reachable[path.count]
    }

    /// Whether one component fits the pattern, which is then taken as one component.
    package func matchesName(_ name: ArraySlice<UInt8>) -> Bool {
        guard let only = components.first, components.count == 1 else { return false }
        return Glob.component(only[...], name)
    }

    /// `**`: everything behind the first reachable place is reachable; at the end of a pattern
    /// it stands for one component or more.
    private func spread(_ reachable: inout [Bool], atLeastOne: Bool) {
        guard let first = reachable.firstIndex(of: true) else { return }
        for k in reachable.indices where k >= first { reachable[k] = true }
        if atLeastOne { reachable[first] = false }
    }

    /// The two-pointer match of one component: on a mismatch only the last `*` is tried again,
    /// one byte further, which suffices.
    private static func component(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        var p = pattern.startIndex
        var n = name.startIndex
        var retry: (pattern: Int, name: Int)?
        while n < name.endIndex {
            if p < pattern.endIndex, pattern[p] == 0x2a {
                retry = (p + 1, n)
                p += 1
                continue
            }
            if let next = step(pattern, p, name[n]) {
                p = next
                n += 1
            } else if let last = retry {
                p = last.pattern
                n = last.name + 1
                retry = (p, n)
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == 0x2a }
    }

    /// The place behind the one pattern item at `p` if it accepts `byte`.
    private static func step(_ pattern: ArraySlice<UInt8>, _ p: Int, _ byte: UInt8) -> Int? {
        guard p < pattern.endIndex else { return nil }
        switch pattern[p] {
        case 0x3f: return p + 1
        case 0x5b:
            if let (accepts, end) = byteClass(pattern, p, byte) { return accepts ? end : nil }
            return byte == 0x5b ? p + 1 : nil
        case 0x5c where p + 1 < pattern.endIndex: return pattern[p + 1] == byte ? p + 2 : nil
        default: return pattern[p] == byte ? p + 1 : nil
        }
    }

    /// The class that opens at `start`: whether it accepts `byte`, and where it ends; nil when it
    /// never closes, which makes the bracket an ordinary byte.
    private static func byteClass(
        _ pattern: ArraySlice<UInt8>, _ start: Int, _ byte: UInt8
    ) -> (accepts: Bool, end: Int)? {
        var p = start + 1
        var isNegated = false
        if p < pattern.endIndex, pattern[p] == 0x21 || pattern[p] == 0x5e {
            isNegated = true
            p += 1
        }
        var accepts = false
        var isFirst = true
        while p < pattern.endIndex {
            if pattern[p] == 0x5d, !isFirst { return (accepts != isNegated, p + 1) }
            isFirst = false
            if let (named, end) = namedClass(pattern, p, byte) {
                accepts = accepts || named
                p = end
                continue
            }
            guard let low = literal(pattern, &p) else { return nil }
            var high = low
            if p + 1 < pattern.endIndex, pattern[p] == 0x2d, pattern[p + 1] != 0x5d {
                p += 1
                guard let end = literal(pattern, &p) else { return nil }
                high = end
            }
            if low <= byte, byte <= high { accepts = true }
        }
        return nil
    }

    private static func literal(_ pattern: ArraySlice<UInt8>, _ p: inout Int) -> UInt8? {
        if p < pattern.endIndex, pattern[p] == 0x5c { p += 1 }
        guard p < pattern.endIndex else { return nil }
        defer { p += 1 }
        return pattern[p]
    }

    /// `[:digit:]` and its like inside a class.
    private static func namedClass(
        _ pattern: ArraySlice<UInt8>, _ p: Int, _ byte: UInt8
    ) -> (accepts: Bool, end: Int)? {
        for (name, accepts) in namedClasses {
            let text = Array("[:\(name):]".utf8)
            guard pattern[p...].starts(with: text) else { continue }
            return (accepts(byte), p + text.count)
        }
        return nil
    }

    private static let namedClasses: [(String, @Sendable (UInt8) -> Bool)] = [
        ("alnum", { isAlpha($0) || isDigit($0) }),
        ("alpha", isAlpha),
        ("blank", { $0 == 0x20 || $0 == 0x09 }),
        ("digit", isDigit),
        ("lower", { (0x61...0x7a).contains($0) }),
        ("punct", { (0x21...0x7e).contains($0) && !isAlpha($0) && !isDigit($0) }),
        ("space", { $0 == 0x20 || (0x09...0x0d).contains($0) }),
        ("upper", { (0x41...0x5a).contains($0) }),
        ("xdigit", { isDigit($0) || (0x61...0x66).contains($0 | 0x20) }),
    ]

    @Sendable private static func isAlpha(_ byte: UInt8) -> Bool {
        (0x61...0x7a).contains(byte | 0x20)
    }

    @Sendable private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
