import Bytes
import Vocabulary

/// Who may do what at `mlstore serve`: names, rights and the SHA-256 of each token. The tokens
/// themselves are nowhere.
package struct AccessTokens: Sendable {
    /// What a token allows.
    package enum Right: String, Sendable, Comparable {
        /// Reading.
        case read
        /// Reading, writing and removing.
        case write

        package static func < (left: Right, right: Right) -> Bool {
            left == .read && right == .write
        }
    }

    /// What a request showed.
    package struct Holder: Hashable, Sendable {
        /// The name in the file, for the log.
        package let name: String
        /// What it may do.
        package let right: Right
    }

    private var holders: [(holder: Holder, digest: Digest)] = []

    /// Reads a file of lines `NAME read|write SHA-256`; empty lines and those that begin with `#` are
    /// passed over. Throws `.malformed` with the number of the line, and none of its text.
    package init(parsing bytes: [UInt8]) throws {
        let lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: false)
        for (number, line) in lines.enumerated() {
            let words = String(decoding: line, as: UTF8.self)
                .split(whereSeparator: { $0 == " " || $0 == "\t" || $0 == "\r" })
            guard let first = words.first, !first.hasPrefix("#") else { continue }
            guard words.count == 3, let right = Right(rawValue: String(words[1])),
                let digest = Digest(hex: String(words[2]).lowercased()),
                RemoteName(String(first)) != nil,
                !holders.contains(where: { $0.holder.name == first })
            else {
                throw StoreError(
                    .malformed,
                    "cannot use the file of tokens: line \(number + 1) is not as it should",
                    advice:
                        "write lines of a name, 'read' or 'write', and the SHA-256 of the token;"
                        + " each name once")
            }
            holders.append((Holder(name: String(first), right: right), digest))
        }
        guard !holders.isEmpty else {
            throw StoreError(
                .malformed, "cannot use the file of tokens: there is none in it",
                advice: "write lines of a name, 'read' or 'write', and the SHA-256 of the token")
        }
    }

    /// Whose token it is. Takes the same time whichever is right, and whichever bytes are wrong.
    package func holder(of token: [UInt8]) -> Holder? {
        let shown = sha256(token).bytes
        var found: Holder?
        for (holder, digest) in holders {
            var difference: UInt8 = 0
            for (one, other) in zip(shown, digest.bytes) { difference |= one ^ other }
            if difference == 0 { found = holder }
        }
        return found
    }

    /// The token in an `Authorization` header: `Bearer TOKEN`, or the password of `Basic`.
    package static func token(inHeader header: String) -> [UInt8]? {
        guard header.utf8.count <= 4096, let space = header.firstIndex(of: " ") else { return nil }
        let value = header[header.index(after: space)...].drop { $0 == " " }
        switch header[..<space].lowercased() {
        case "bearer": return value.isEmpty ? nil : Array(value.utf8)
        case "basic":
            guard let pair = Base64.decode(value), let colon = pair.firstIndex(of: 0x3a) else {
                return nil
            }
            return Array(pair[(colon + 1)...])
        default: return nil
        }
    }
}
