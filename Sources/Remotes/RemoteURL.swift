import Bytes
import Platform
package import Vocabulary

/// Where a remote is: a scheme and what that scheme needs to find the place.
package struct RemoteURL: Hashable, Sendable, CustomStringConvertible {
    /// The scheme: one of `remoteSchemes`.
    package let scheme: String
    /// The machine; nil for a `file` remote.
    package let host: RemoteHost?
    /// The directory there, from the root. `/~/x` is `x` in the home directory of an `ssh` user.
    package let path: DiskPath

    /// The URL as configurations keep it: `file:///…`, percent-encoded where needed.
    package var description: String {
        scheme + "://" + (host?.description ?? "")
            + PercentEncoding.encode(path.bytes, keeping: "/")
    }

    /// The remote at a directory, which must be absolute.
    package init(directory: DiskPath) {
        scheme = "file"
        host = nil
        path = directory
    }

    /// Reads `file:///absolute/path`, `scheme://[user@]host[:port]/path`, `user@host:path` as ssh
    /// takes it, or a plain path, which starts from `directory` when it is relative. Throws
    /// `.badUsage` for other schemes, saying which there are, and for passwords; `.malformed` for
    /// what is no URL; none repeats what could be a password.
    package init(parsing text: String, relativeTo directory: DiskPath) throws {
        guard !text.isEmpty, !text.utf8.contains(0) else { throw StoreError.noRemoteURL(text) }
        guard let (scheme, rest) = splitScheme(text) else {
            if let (host, path) = splitSSH(text) {
                let absolute = path.hasPrefix("/") || path.hasPrefix("~/") ? path : "~/" + path
                try self.init(
                    "ssh", RemoteHost(host, in: text),
                    Array((absolute.hasPrefix("/") ? "" : "/").utf8) + Array(absolute.utf8))
                return
            }
            let given = DiskPath(text)
            let joined = given.isAbsolute ? given : directory.appending(given.bytes)
            self.init(directory: lexicallyNormal(joined))
            return
        }
        guard remoteSchemes.contains(where: { $0.name == scheme }) else {
            throw StoreError.unsupportedScheme(scheme)
        }
        if scheme == "file" {
            let local = rest.hasPrefix("localhost/") ? String(rest.dropFirst(9)) : rest
            guard local.hasPrefix("/"), let bytes = PercentEncoding.decode(local),
                !bytes.contains(0)
            else { throw StoreError.noRemoteURL(text) }
            self.init(directory: lexicallyNormal(DiskPath(bytes: bytes)))
            return
        }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let host = try RemoteHost(String(rest[..<slash]), in: text)
        // A query could hold a token, and would be kept in the settings.
        guard !rest.utf8.contains(0x3f), !rest.utf8.contains(0x23) else {
            throw StoreError.noRemoteURL(
                text, "it has a query or a fragment, which may be a secret")
        }
        guard let bytes = PercentEncoding.decode(String(rest[slash...])), !bytes.contains(0)
        else { throw StoreError.noRemoteURL(text) }
        try self.init(scheme, host, bytes)
    }

    private init(_ scheme: String, _ host: RemoteHost, _ path: [UInt8]) throws {
        guard let kind = remoteSchemes.first(where: { $0.name == scheme }) else {
            throw StoreError.unsupportedScheme(scheme)
        }
        guard host.user == nil || kind.takesUser else { throw StoreError.userInURL() }
        guard String(validating: path, as: UTF8.self) != nil else {
            throw StoreError.noRemoteURL(String(decoding: path, as: UTF8.self))
        }
        self.scheme = scheme
        self.host = host
        self.path = lexicallyNormal(DiskPath(bytes: path))
    }
}

/// The machine in a URL: `[user@]host[:port]`.
package struct RemoteHost: Hashable, Sendable, CustomStringConvertible {
    /// Whom to be there; nil where the URL does not say.
    package let user: String?
    /// The name or address, without the brackets of an IPv6 address.
    package let name: String
    /// The port; nil for that of the scheme.
    package let port: Int?

    /// As in a URL.
    package var description: String {
        (user.map { $0 + "@" } ?? "") + (name.contains(":") ? "[\(name)]" : name)
            + (port.map { ":\($0)" } ?? "")
    }

    /// Reads the part of `url` before the path. A name or user that begins with `-` would be an
    /// option of a program that it is handed to, so it is refused with all that is not a name.
    init(_ text: String, in url: String) throws {
        var rest = Substring(text)
        var user: String?
        if let sign = rest.lastIndex(of: "@") {
            let named = rest[..<sign]
            guard !named.contains(":") else { throw StoreError.passwordInURL() }
            guard RemoteHost.isName(named) else { throw StoreError.noRemoteURL(url) }
            user = String(named)
            rest = rest[rest.index(after: sign)...]
        }
        var port: Int?
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") {
            guard let number = Int(rest[rest.index(after: colon)...]), (1...65_535) ~= number,
                rest[rest.index(after: colon)...].utf8.allSatisfy({ (0x30...0x39) ~= $0 })
            else { throw StoreError.noRemoteURL(url) }
            port = number
            rest = rest[..<colon]
        }
        var name = String(rest)
        if rest.hasPrefix("["), rest.hasSuffix("]") {
            name = String(rest.dropFirst().dropLast())
            guard name.contains(":"), name.utf8.allSatisfy(RemoteHost.isAddress) else {
                throw StoreError.noRemoteURL(url)
            }
        } else {
            guard RemoteHost.isName(rest) else { throw StoreError.noRemoteURL(url) }
        }
        self.user = user
        self.name = name
        self.port = port
    }

    private static func isName(_ text: Substring) -> Bool {
        (1...255) ~= text.utf8.count && text.utf8.first != 0x2d
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
                default: false
                }
            }
    }

    private static func isAddress(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x46, 0x61...0x66, 0x3a, 0x2e: true
        default: false
        }
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

/// `user@host:path`, as git and scp take it. Without a user it could be the name of a file.
private func splitSSH(_ text: String) -> (host: String, path: String)? {
    guard let colon = text.firstIndex(of: ":") else { return nil }
    let host = text[..<colon]
    guard host.contains("@"), !host.contains("/") else { return nil }
    return (String(host), String(text[text.index(after: colon)...]))
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
    static func noRemoteURL(_ text: String, _ why: String = "it names no place") -> StoreError {
        // A text with `@` could hold a password, and a query a token, so these are not repeated.
        let shown =
            text.contains { "@?#".contains($0) } ? "this text" : "'\(printable(Array(text.utf8)))'"
        return StoreError(
            .malformed, "cannot use \(shown) as the URL of a remote: \(why)",
            advice: "write file:///absolute/path (three slashes), ssh://host/path or a plain path")
    }

    static func passwordInURL() -> StoreError {
        StoreError(
            .badUsage, "cannot use this URL of a remote: it holds a password",
            advice: "leave it out: settings are committed, and messages repeat them")
    }

    static func userInURL() -> StoreError {
        StoreError(
            .badUsage, "cannot use this URL of a remote: it names a user",
            advice:
                "leave it out: settings are committed, and messages repeat them; for http:// and"
                + " https:// 'machine HOST login NAME password SECRET' in ~/.netrc, or"
                + " MLSTORE_HTTP_TOKENS='HOST=TOKEN', say who you are")
    }

    static func unsupportedScheme(_ scheme: String) -> StoreError {
        let known = remoteSchemes.map(\.name).joined(separator: ", ")
        return StoreError(
            .badUsage,
            "cannot use a '\(scheme)' remote: not supported by this version, which knows: \(known)",
            subject: scheme,
            advice: "use one of these, for example file:///absolute/path of a mounted share")
    }
}
