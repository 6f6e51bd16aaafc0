/// Where a request goes: `http://host/path?query`, without user, password or fragment.
package struct HTTPURL: Hashable, Sendable, CustomStringConvertible {
    /// Whether it is `https`.
    package let isSecure: Bool
    /// The machine, in lower case, without the brackets of an IPv6 address.
    package let host: String
    /// The port, where it is not that of the scheme.
    package let port: Int?
    /// The path as it is sent, percent-encoded; begins with `/`.
    package var path: String
    /// What stands behind `?`, as it is sent; empty when there is nothing.
    package var query: String

    /// Makes a URL of parts that are right.
    package init(
        isSecure: Bool, host: String, port: Int? = nil, path: String = "/", query: String = ""
    ) {
        self.isSecure = isSecure
        self.host = host
        self.port = port == (isSecure ? 443 : 80) ? nil : port
        self.path = path
        self.query = query
    }

    /// Reads an absolute URL; nil for other schemes, for a user or password in it, and for
    /// characters that no URL has. A fragment is dropped.
    package init?(_ text: some StringProtocol) {
        guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
            let (isSecure, rest) = HTTPURL.scheme(of: String(text))
        else { return nil }
        let whole = rest.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)[0]
        let end = whole.firstIndex { $0 == "/" || $0 == "?" } ?? whole.endIndex
        guard let (host, port) = HTTPURL.hostAndPort(of: whole[..<end]) else { return nil }
        let parts = whole[end...].split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = parts.first.map(String.init) ?? ""
        self.init(
            isSecure: isSecure, host: host, port: port, path: path.isEmpty ? "/" : path,
            query: parts.count > 1 ? String(parts[1]) : "")
    }

    private static func scheme(of text: String) -> (isSecure: Bool, rest: Substring)? {
        for (scheme, isSecure) in [("https://", true), ("http://", false)]
        where text.prefix(scheme.count).lowercased() == scheme {
            return (isSecure, text.dropFirst(scheme.count))
        }
        return nil
    }

    private static func hostAndPort(of text: Substring) -> (String, Int?)? {
        var name = text
        var port: Int?
        if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
            let digits = text[text.index(after: colon)...]
            guard digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(digits),
                (1...65_535).contains(number)
            else { return nil }
            port = number
            name = text[..<colon]
        }
        let isBracketed = name.first == "[" && name.last == "]" && name.count > 2
        if isBracketed { name = name.dropFirst().dropLast() }
        guard !name.isEmpty,
            name.utf8.allSatisfy({ HTTPURL.isHostByte($0) || isBracketed && $0 == 0x3a })
        else { return nil }
        return (name.lowercased(), port)
    }

    private static func isHostByte(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f: true
        default: false
        }
    }

    /// The host and port as the `Host` header has them.
    package var authority: String {
        (host.contains(":") ? "[\(host)]" : host) + (port.map { ":\($0)" } ?? "")
    }

    /// Scheme, host and port: secrets are meant for one of these.
    package var origin: String { (isSecure ? "https://" : "http://") + authority }

    /// The whole URL, as it is sent.
    package var text: String { origin + path + (query.isEmpty ? "" : "?" + query) }

    /// For messages: without the query, which may hold a secret.
    package var description: String { origin + path }

    /// The place that a `Location` header means, seen from here; nil when it is none.
    package func resolving(_ location: String) -> HTTPURL? {
        if location.hasPrefix("//") { return HTTPURL((isSecure ? "https:" : "http:") + location) }
        if location.hasPrefix("/") { return HTTPURL(origin + location) }
        if let absolute = HTTPURL(location) { return absolute }
        guard !location.isEmpty, !location.prefix(while: { $0 != "/" && $0 != "?" }).contains(":")
        else { return nil }
        if location.hasPrefix("?") { return HTTPURL(origin + path + location) }
        let folder = path.prefix(through: path.lastIndex(of: "/") ?? path.startIndex)
        return HTTPURL(origin + folder + location)
    }
}
