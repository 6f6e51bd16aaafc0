import Bytes
package import Platform
import Vocabulary

/// The secrets for web servers, each bound to a host: an address in settings that others wrote can
/// never lead a secret to another place.
package struct HTTPCredentials: Sendable {
    private var headers: [String: String] = [:]

    /// No secrets.
    package init() {}

    /// Secrets from `MLSTORE_HTTP_TOKENS` (`HOST[:PORT]=TOKEN`, several with blanks in between) and,
    /// for hosts that it does not name, from the text of a netrc file. Throws `.malformed` for the
    /// variable, repeating nothing of it.
    package init(tokens: String?, netrc: [UInt8]) throws {
        for line in HTTPCredentials.machines(in: netrc) {
            let pair = Base64.encode(Array("\(line.login):\(line.password)".utf8))
            if headers[line.host] == nil { headers[line.host] = "Basic \(pair)" }
        }
        for word in (tokens ?? "").split(whereSeparator: \.isWhitespace) {
            guard let equals = word.firstIndex(of: "="), equals > word.startIndex,
                word.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
            else {
                throw StoreError(
                    .malformed, "cannot use MLSTORE_HTTP_TOKENS: a word of it is not HOST=TOKEN",
                    advice: "write 'HOST=TOKEN', with blanks between several")
            }
            headers[word[..<equals].lowercased()] = "Bearer \(word[word.index(after: equals)...])"
        }
    }

    /// What the environment and `~/.netrc` (or the file that `NETRC` names) hold.
    package static func fromEnvironment(on disk: any Disk) throws -> HTTPCredentials {
        let path =
            try Environment.variable("NETRC").map { DiskPath($0) }
            ?? (Environment.homeDirectory() / ".netrc")
        // Where it cannot be read there is none: git and curl see it so too.
        let netrc = (try? disk.readFile(path, maximumBytes: 1 << 20)) ?? []
        return try HTTPCredentials(
            tokens: Environment.variable("MLSTORE_HTTP_TOKENS"), netrc: netrc)
    }

    /// The `Authorization` header for a host; one that is kept with the port is meant before.
    func header(for url: HTTPURL) -> String? { headers[url.authority] ?? headers[url.host] }

    private static func machines(
        in netrc: [UInt8]
    ) -> [(host: String, login: String, password: String)] {
        let words = String(decoding: netrc, as: UTF8.self).split(whereSeparator: \.isWhitespace)
        var result: [(host: String, login: String, password: String)] = []
        var index = 0
        while index < words.count {
            defer { index += 1 }
            if words[index] == "machine", index + 1 < words.count {
                result.append((words[index + 1].lowercased(), "", ""))
                index += 1
            } else if words[index] == "login", index + 1 < words.count, !result.isEmpty {
                result[result.count - 1].login = String(words[index + 1])
                index += 1
            } else if words[index] == "password", index + 1 < words.count, !result.isEmpty {
                result[result.count - 1].password = String(words[index + 1])
                index += 1
            } else if words[index] == "default" || words[index] == "macdef" {
                break  // secrets for any host are not sent
            }
        }
        return result.filter { !$0.password.isEmpty }
    }
}
