import Bytes
import Platform
package import Vocabulary

/// Where a remote is: a scheme and what that scheme needs to find the place.
package struct RemoteURL: Hashable, Sendable, CustomStringConvertible {
    /// The scheme: one of `remoteSchemes`.
    package let scheme: String
    /// The directory of a `file` remote.
    package let path: DiskPath

    /// The URL as configurations keep it: `file:///…`, percent-encoded where needed.
    package var description: String {
        scheme + "://" + PercentEncoding.encode(path.bytes, keeping: "/")
    }

    /// The remote at a directory, which must be absolute.
    package init(directory: DiskPath) {
        scheme = "file"
        path = directory
    }

    /// Reads `file:///absolute/path` or a plain path, which starts from `directory` when it is
    /// relative. Throws `.badUsage` for other schemes, saying which there are, and `.malformed`
    /// for what is no URL; neither repeats what could be a password.
    package init(parsing text: String, relativeTo directory: DiskPath) throws {
        guard !text.isEmpty, !text.utf8.contains(0) else { throw StoreError.noRemoteURL(text) }
        guard let (scheme, rest) = splitScheme(text) else {
            if looksLikeSSH(text) { throw StoreError.unsupportedScheme("ssh") }
            let given = DiskPath(text)
            let joined = given.isAbsolute ? given : directory.appending(given.bytes)
            self.init(directory: lexicallyNormal(joined))
            return
        }
        guard scheme == "file" else { throw StoreError.unsupportedScheme(scheme) }
        let local = rest.hasPrefix("localhost/") ? String(rest.dropFirst(9)) : rest
        guard local.hasPrefix("/"), let bytes = PercentEncoding.decode(local), !bytes.contains(0)
        else {
            throw StoreError.noRemoteURL(text)
        }
        self.init(directory: lexicallyNormal(DiskPath(bytes: bytes)))
    }
}

/// `scheme://rest`, when the text begins so.
private func splitScheme(_ text: String) -> (String, String)? {
    let characters = Array(text.utf8)
    guard let colon = characters.firstIndex(of: 0x3a), colon > 0,
        characters[(colon + 1)...].starts(with: [0x2f, 0x2f]),
        characters[..<colon].allSatisfy({
            (0x61...0x7a).contains($0 | 0x20) || $0 == 0x2b || (0x30...0x39).contains($0)
        })
    else { return nil }
    let scheme = String(decoding: characters[..<colon], as: UTF8.self).lowercased()
    return (scheme, String(decoding: characters[(colon + 3)...], as: UTF8.self))
}

/// `user@host:path`, as git and scp take it.
private func looksLikeSSH(_ text: String) -> Bool {
    guard let colon = text.utf8.firstIndex(of: 0x3a) else { return false }
    let host = text[..<colon].utf8
    return host.contains(0x40) && !host.contains(0x2f)
}

/// The path without `.` and with each `x/..` folded: only for names that people type.
private func lexicallyNormal(_ path: DiskPath) -> DiskPath {
    var kept: [[UInt8]] = []
    for component in path.bytes.split(separator: 0x2f).map({ Array($0) }) {
        if component == [0x2e] { continue }
        if component == [0x2e, 0x2e] {
            _ = kept.popLast()
        } else {
            kept.append(component)
        }
    }
    return DiskPath(bytes: Array(kept.map { [0x2f] + $0 }.joined()) + (kept.isEmpty ? [0x2f] : []))
}

extension StoreError {
    static func noRemoteURL(_ text: String) -> StoreError {
        // A text with `@` could hold a password, so it is not repeated.
        let shown = text.contains("@") ? "this text" : "'\(printable(Array(text.utf8)))'"
        return StoreError(
            .malformed, "cannot use \(shown) as the URL of a remote: it names no place",
            advice: "write file:///absolute/path (three slashes) or a plain path")
    }

    static func unsupportedScheme(_ scheme: String) -> StoreError {
        let known = remoteSchemes.map(\.name).joined(separator: ", ")
        return StoreError(
            .badUsage,
            "cannot use a '\(scheme)' remote: not supported by this version, which knows: \(known)",
            subject: scheme, advice: "use file:///absolute/path, for example of a mounted share")
    }
}
