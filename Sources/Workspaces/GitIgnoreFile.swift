package import Vocabulary

/// The lines that mlstore keeps in `.gitignore` files, so that git leaves tracked content alone:
/// one line `/name` in the folder of each tracked path. Every other line is the user's.
package enum GitIgnoreFile {
    /// The name of the files.
    package static let name = ".gitignore"

    /// The `.gitignore` that cares for `path`.
    package static func file(for path: RepoPath) throws(DecodeError) -> RepoPath {
        let name = try RepoPath(GitIgnoreFile.name)
        return path.parent?.appending(name) ?? name
    }

    /// The text with a line for `name`, unless it has one.
    package static func adding(_ name: [UInt8], to text: [UInt8]) -> [UInt8] {
        let line = line(for: name)
        guard !lines(text).contains(line[...]) else { return text }
        var result = text
        if !result.isEmpty, result.last != 0x0a { result.append(0x0a) }
        return result + line + [0x0a]
    }

    /// The text without the line for `name`; nil when nothing else was in it.
    package static func removing(_ name: [UInt8], from text: [UInt8]) -> [UInt8]? {
        let line = line(for: name)
        guard lines(text).contains(line[...]) else { return text }
        let endsWithNewline = text.last == 0x0a
        var kept = text.split(separator: 0x0a, omittingEmptySubsequences: false)
        if endsWithNewline { kept.removeLast() }
        kept.removeAll { withoutReturn($0) == line[...] }
        guard !kept.isEmpty else { return nil }
        return Array(kept.joined(separator: [0x0a])) + (endsWithNewline ? [0x0a] : [])
    }

    /// `/name`, with what is special in a pattern escaped. A line break cannot be written in one:
    /// any byte stands for it.
    static func line(for name: [UInt8]) -> [UInt8] {
        var result: [UInt8] = [0x2f]
        for byte in name {
            switch byte {
            case 0x2a, 0x3f, 0x5b, 0x5c: result += [0x5c, byte]
            case 0x0a, 0x0d: result.append(0x3f)
            default: result.append(byte)
            }
        }
        if result.last == 0x20 {
            result.removeLast()
            result += [0x5c, 0x20]
        }
        return result
    }

    private static func lines(_ text: [UInt8]) -> [ArraySlice<UInt8>] {
        text.split(separator: 0x0a).map(withoutReturn)
    }

    private static func withoutReturn(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        line.last == 0x0d ? line.dropLast() : line
    }
}

extension Workspace {
    /// The edits that make git leave `paths` alone (`adding`) or stop to; none outside of git.
    /// Edits of one file are one edit.
    package func gitIgnoreEdits(
        adding: [RepoPath] = [], removing: [RepoPath] = []
    ) throws -> [FileEdit] {
        guard git != nil else { return [] }
        var texts: [RepoPath: [UInt8]?] = [:]
        func change(_ path: RepoPath, _ edit: ([UInt8], [UInt8]) -> [UInt8]?) throws {
            let file = try GitIgnoreFile.file(for: path)
            let text = try texts[file] ?? smallFile(file)
            texts[file] = .some(edit(path.lastComponent, text ?? []))
        }
        for path in removing { try change(path, GitIgnoreFile.removing) }
        for path in adding { try change(path, GitIgnoreFile.adding) }
        var edits = texts.sorted { $0.key < $1.key }.map {
            FileEdit(path: $0.key, after: $0.value?.isEmpty == true ? nil : $0.value)
        }
        edits = try edits.filter { try smallFile($0.path) != $0.after }
        return edits
    }
}
