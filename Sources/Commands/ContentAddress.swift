import Vocabulary
import Workspaces

/// An argument that names content: `[PLACE:]PATH[@REVISION]`.
///
/// A place with `://` in it ends at the last `:`, any other at the first. The revision is behind
/// the last `@` that begins none of git's `@{…}`; so a path with an `@` ends with a further one.
struct ContentAddress: Hashable {
    /// What stands in front of the path.
    private(set) var place: String?
    /// The path as it was typed.
    private(set) var path: String
    /// What stands behind the path; nil where there is nothing.
    let revision: String?

    init(_ text: String) {
        var rest = text[...]
        let isURL = text.contains("://")
        if let colon = isURL ? text.lastIndex(of: ":") : text.firstIndex(of: ":") {
            place = String(text[..<colon])
            rest = text[text.index(after: colon)...]
        }
        var sign: String.Index?
        for index in rest.indices where rest[index] == "@" {
            let next = rest.index(after: index)
            if next == rest.endIndex || rest[next] != "{" { sign = index }
        }
        if let sign {
            let behind = String(rest[rest.index(after: sign)...])
            revision = behind.isEmpty ? nil : behind
            rest = rest[..<sign]
        } else {
            revision = nil
        }
        path = ContentAddress.withoutPointer(String(rest))
    }

    /// A pointer stands for what it points to, as for `diff` and `pull`: `a.csv.mlstore` is `a.csv`.
    static func withoutPointer(_ path: String) -> String {
        let name = path.split(separator: "/").last ?? ""
        guard name.hasSuffix(Pointer.suffix), name != Pointer.suffix, !path.hasSuffix("/") else {
            return path
        }
        return String(path.dropLast(Pointer.suffix.count))
    }

    /// Splits the version of a Delta Lake table off the path: `data/events#3`. Returns nil, and changes
    /// nothing, where the path does not end so.
    mutating func takeVersion() -> Int? {
        guard let sign = path.lastIndex(of: "#"), sign > path.startIndex else { return nil }
        let digits = path[path.index(after: sign)...]
        guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let version = Int(digits) else {
            return nil
        }
        path = String(path[..<sign])
        return version
    }

    /// Whether the place is a URL or a folder, and not the name of a remote.
    var isElsewhere: Bool {
        guard let place else { return false }
        return place.contains("/") || place == "." || place == ".."
    }

    /// Says that what looked like a place is the beginning of the path.
    mutating func takePlaceAsPath() {
        if let place { path = place + ":" + path }
        place = nil
    }

    /// The path, seen from the top of a repository; throws `.badUsage` where it is none.
    func pathFromTop() throws -> RepoPath { try RepoPath(fromTop: path) }
}

extension RepoPath {
    /// A path that was typed as seen from the top of a repository: without `./` in front and `/`
    /// behind. Throws `.badUsage`.
    init(fromTop text: String) throws {
        let parts = text.split(separator: "/").filter { $0 != "." }
        guard !text.hasPrefix("/"), let path = try? RepoPath(parts.joined(separator: "/")) else {
            throw StoreError(
                .badUsage, "'\(printable(Array(text.utf8)))' is no path inside a repository",
                subject: text,
                advice: "write it as seen from the top of the repository: data/a.csv",
                safety: "nothing was written")
        }
        self = path
    }
}
