import Platform
package import Vocabulary

extension Workspace {
    /// The workspace path that an argument means, seen from the folder `current` (absolute); nil
    /// for the top of the workspace itself. The file need not exist. A link is not followed when
    /// it is the last part, but is on the way there, so none leads out unseen.
    ///
    /// Throws `.outsideWorkspace`, and `.badUsage` for paths in `.git` or `.mlstore`.
    package func path(of argument: [UInt8], from current: DiskPath) throws -> RepoPath? {
        guard !argument.isEmpty, !argument.contains(0) else {
            throw StoreError(.badUsage, "an empty path means nothing", subject: "")
        }
        let start = argument.first == 0x2f ? DiskPath("/") : current
        let resolved = try canonical(argument, from: start)
        if resolved == root { return nil }
        let prefix = root.bytes == [0x2f] ? root.bytes : root.bytes + [0x2f]
        guard resolved.bytes.starts(with: prefix) else {
            throw StoreError(
                .outsideWorkspace,
                "'\(printable(argument))' is outside the workspace '\(root)'",
                subject: printable(argument),
                advice: "copy it into the workspace, then add it there",
                safety: "nothing was changed")
        }
        let path: RepoPath
        do throws(DecodeError) {
            path = try RepoPath(validating: Array(resolved.bytes.dropFirst(prefix.count)))
        } catch {
            throw StoreError(
                .badUsage, "'\(printable(argument))' is no usable path: \(error.reason)",
                subject: printable(argument), cause: error)
        }
        try Workspace.checkNotReserved(path)
        return path
    }

    /// Throws for what belongs to git or to the store.
    package static func checkNotReserved(_ path: RepoPath) throws {
        guard mayHoldReserved(path), path.components.contains(where: isReserved) else { return }
        throw StoreError(
            .badUsage, "'\(path)' belongs to git or to mlstore itself and is never tracked",
            subject: path.description)
    }

    /// Whether any name begins as one that is reserved could: cheap, since all paths of a tree are asked.
    private static func mayHoldReserved(_ path: RepoPath) -> Bool {
        var isFirst = true
        for byte in path.bytes {
            if isFirst, mayBegin(byte) { return true }
            isFirst = byte == 0x2f
        }
        return false
    }

    /// A dot, or a character that nobody may see.
    private static func mayBegin(_ byte: UInt8) -> Bool { byte == 0x2e || byte >= 0xe2 }

    /// Whether a name is that of git's or our own folder, or one that some file system takes for it:
    /// in other case, or with characters that nobody sees. A tree from elsewhere could bring settings
    /// of git's that run programs.
    package static func isReserved(_ name: [UInt8]) -> Bool {
        guard let first = name.first, mayBegin(first) else { return false }
        let seen = String(decoding: name, as: UTF8.self).unicodeScalars.filter { scalar in
            ![0x200c...0x200f, 0x202a...0x202e, 0x206a...0x206f, 0xfeff...0xfeff].contains {
                $0.contains(scalar.value)
            }
        }
        let folded = String(String.UnicodeScalarView(seen)).lowercased()
        return folded == ".git" || folded == WorkspaceLayout.folderName
    }

    /// `path` without `.`, `..` and links on the way; what does not exist is taken as written.
    private func canonical(_ path: [UInt8], from start: DiskPath) throws -> DiskPath {
        var pending = Array(path.split(separator: 0x2f).map { Array($0) }.reversed())
        var result = start
        var links = 0
        while let component = pending.popLast() {
            if component == [0x2e] { continue }
            if component == [0x2e, 0x2e] {
                result = result.parent
                continue
            }
            let next =
                result.bytes == [0x2f]
                ? DiskPath(bytes: [0x2f] + component)
                : result.appending(component)
            guard !pending.isEmpty,
                try disk.status(of: next, followingLinks: false)?.kind == .symlink
            else {
                result = next
                continue
            }
            links += 1
            guard links <= 40 else {
                throw StoreError(
                    .unsupportedFile, "'\(printable(path))' leads through a loop of links",
                    subject: printable(path))
            }
            let target = try disk.readSymlink(next)
            if target.first == 0x2f { result = DiskPath("/") }
            pending += target.split(separator: 0x2f).map { Array($0) }.reversed()
        }
        return result
    }

    /// The paths that arguments mean, sorted and each once: patterns (`data/*.csv`) that name no
    /// file themselves are matched against the files and the tracked paths, and `PATH.mlstore`
    /// means the path it stands for. Nil: the whole workspace was named.
    ///
    /// Throws `.notFound` for a pattern that matches nothing; a plain path need not exist.
    package func paths(
        of arguments: [[UInt8]], from current: DiskPath
    ) throws -> [RepoPath]? {
        var result: Set<RepoPath> = []
        for argument in arguments {
            guard Glob.isPattern(argument), try !exists(argument, from: current) else {
                guard let path = try path(of: argument, from: current) else { return nil }
                result.insert(try pointedAt(path))
                continue
            }
            let matches = try expand(argument, from: current)
            guard !matches.isEmpty else {
                throw StoreError(
                    .notFound, "no file matches '\(printable(argument))'",
                    subject: printable(argument))
            }
            result.formUnion(matches)
        }
        return result.sorted()
    }

    private func exists(_ argument: [UInt8], from current: DiskPath) throws -> Bool {
        guard let path = try path(of: argument, from: current) else { return true }
        if try disk.status(of: root / path, followingLinks: false) != nil { return true }
        return try hasPointer(path)
    }

    /// The tracked path, where `path` is its pointer.
    private func pointedAt(_ path: RepoPath) throws -> RepoPath {
        guard let target = path.removingSuffix(Pointer.suffix), try hasPointer(target) else {
            return path
        }
        return target
    }

    /// The paths below the pattern's fixed part that fit it.
    private func expand(_ argument: [UInt8], from current: DiskPath) throws -> Set<RepoPath> {
        let parts = argument.split(separator: 0x2f, omittingEmptySubsequences: false)
        let fixed = parts.prefix { !Glob.isPattern(Array($0)) }
        let pattern = Array(parts.dropFirst(fixed.count).joined(separator: [0x2f]))
        let start = Array(fixed.joined(separator: [0x2f]))
        let base = try path(of: start.isEmpty ? [0x2e] : start, from: current)
        var matches: Set<RepoPath> = []
        try match(
            Glob(pattern), [], in: base, isDeep: pattern.starts(with: [0x2a, 0x2a]),
            depth: parts.count - fixed.count, into: &matches)
        return matches
    }

    private func match(
        _ glob: Glob, _ above: [ArraySlice<UInt8>], in folder: RepoPath?, isDeep: Bool,
        depth: Int, into matches: inout Set<RepoPath>
    ) throws {
        guard above.count < 64, isDeep || above.count < depth else { return }
        let place = folder.map { root / $0 } ?? root
        guard try disk.status(of: place, followingLinks: false)?.kind == .directory else { return }
        for entry in try disk.entries(of: place) {
            // As in a shell, `*` does not mean hidden files.
            guard entry.name.first != 0x2e else { continue }
            let isPointer =
                entry.name.count > 8
                && entry.name.suffix(8).elementsEqual(
                    Pointer.suffix.utf8)
            let name = isPointer ? Array(entry.name.dropLast(8)) : entry.name
            let path = try folder?.appending(component: name) ?? RepoPath(validating: name)
            let components = above + [name[...]]
            if glob.matches(components) { matches.insert(path) }
            if entry.kind == .directory {
                try match(
                    glob, components, in: path, isDeep: isDeep, depth: depth, into: &matches)
            }
        }
    }
}
