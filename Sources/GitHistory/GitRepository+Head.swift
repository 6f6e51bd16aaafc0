import Platform
import Vocabulary

extension GitRepository {
    /// The commit that is checked out; nil in a repository without commits. Reads a file or two.
    package func head() throws -> GitCommit? {
        let text = try headText()
        if let commit = GitCommit(hex: text) { return commit }
        guard text.hasPrefix("ref: ") else { throw unreadableHead(text) }
        return try commit(ofRef: String(text.dropFirst(5)), depth: 0)
    }

    /// The branch that is checked out (`main`), with or without commits; nil for a detached head.
    package func branch() throws -> String? {
        let text = try headText()
        let prefix = "ref: refs/heads/"
        return text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : nil
    }

    private func headText() throws -> String {
        let bytes = trimmed(try disk.readFile(gitDirectory / "HEAD", maximumBytes: 1 << 16))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Refs of this work tree stand beside its HEAD, all others in the shared folder, loose or
    /// packed; a symbolic one is followed a few times.
    private func commit(ofRef name: String, depth: Int) throws -> GitCommit? {
        guard name != "refs/heads/.invalid", depth < 8, (try? RepoPath(name)) != nil else {
            throw unreadableHead(name)
        }
        for directory in [gitDirectory, commonDirectory] {
            let path = directory / name
            guard try disk.status(of: path, followingLinks: true)?.kind == .file else { continue }
            let bytes = trimmed(try disk.readFile(path, maximumBytes: 1 << 16))
            let text = String(decoding: bytes, as: UTF8.self)
            if let commit = GitCommit(hex: text) { return commit }
            guard text.hasPrefix("ref: ") else { throw unreadableHead(name) }
            return try commit(ofRef: String(text.dropFirst(5)), depth: depth + 1)
        }
        return try packedRef(name)
    }

    private func packedRef(_ name: String) throws -> GitCommit? {
        let path = commonDirectory / "packed-refs"
        guard try disk.status(of: path, followingLinks: true) != nil else { return nil }
        let wanted = Array((" " + name).utf8)
        for line in try disk.readFile(path, maximumBytes: 1 << 28).split(separator: 0x0a) {
            guard line.count == 40 + wanted.count || line.count == 64 + wanted.count,
                line.suffix(wanted.count).elementsEqual(wanted)
            else { continue }
            return GitCommit(
                hex: String(decoding: line.dropLast(wanted.count), as: UTF8.self))
        }
        return nil
    }

    private func unreadableHead(_ found: String) -> StoreError {
        StoreError(
            .malformed,
            "cannot tell which commit is checked out: '\(gitDirectory)/HEAD' leads to "
                + "'\(printable(Array(found.utf8)))', which mlstore cannot follow",
            subject: gitDirectory.description,
            advice: "check with 'git status'; repositories that keep their refs in tables "
                + "('reftable') are not supported")
    }
}
