import Platform
package import Vocabulary
import Workspaces

/// The files of the workspace that a command used and its stage does not declare.
package struct UndeclaredFiles: Sendable, Hashable {
    /// What a command did with a file.
    package enum Access: String, Sendable {
        /// It read it.
        case read
        /// It wrote it, or made it.
        case written
        /// It removed it, or moved it away.
        case removed
    }

    /// A file and what was done with it; of reading and writing, writing.
    package struct File: Sendable, Hashable {
        /// The file.
        package let path: RepoPath
        /// What was done.
        package let access: Access
    }

    /// The files, by path.
    package let files: [File]
    /// Whether there were more files than are kept.
    package let isCut: Bool
}

/// What a stage may use, for telling what else its command did.
struct DeclaredFiles: Sendable {
    let place: Workplace
    private var readable: Set<RepoPath>
    private var writable: Set<RepoPath>

    init(of stage: Stage, in place: Workplace) throws {
        self.place = place
        writable = Set(stage.products)
        readable = writable.union(stage.dependencies)
        for key in stage.parameters.keys {
            let parts = key.split(separator: ":", maxSplits: 1)
            let file = parts.count > 1 ? String(parts[0]) : Parameters.fileName
            readable.insert(try RepoPath(file))
        }
        // The system tells where links lead.
        let root = try Environment.realPath(place.root)
        func target(_ path: RepoPath) -> RepoPath? {
            guard let real = try? Environment.realPath(place.root / path),
                real.bytes.starts(with: root.bytes + [0x2f])
            else { return nil }
            return try? RepoPath(validating: Array(real.bytes.dropFirst(root.bytes.count + 1)))
        }
        writable.formUnion(writable.compactMap(target))
        readable.formUnion(readable.compactMap(target))
    }

    /// What of `accesses` is not declared. Looks at each file that may be told of: temporary ones,
    /// folders, environments of interpreters and what ignore rules leave out are not.
    func undeclared(_ accesses: FileAccesses) throws -> UndeclaredFiles {
        var found: [RepoPath: UndeclaredFiles.Access] = [:]
        var surroundings = FileSurroundings(place: place)
        for read in accesses.read {
            let path = try sourceOfCompiled(read)
            guard !isIn(readable, path), try place.status(path)?.kind != .directory,
                try surroundings.count(path)
            else { continue }
            found[path] = .read
        }
        for (paths, access) in [(accesses.removed, .removed), (accesses.written, .written)]
            as [(Set<RepoPath>, UndeclaredFiles.Access)]
        {
            for path in paths where !isIn(writable, path) && !isCompiled(path) {
                let status = try place.status(path)
                let isThere =
                    access == .written ? status.map { $0.kind != .directory } : status == nil
                if isThere == true, try surroundings.count(path) { found[path] = access }
            }
        }
        return UndeclaredFiles(
            files: found.sorted { $0.key < $1.key }.map { .init(path: $0.key, access: $0.value) },
            isCut: accesses.isCut)
    }

    private func isIn(_ set: Set<RepoPath>, _ path: RepoPath) -> Bool {
        path.selfAndParents.contains(where: set.contains)
    }

    private func isCompiled(_ path: RepoPath) -> Bool {
        path.parent?.lastComponent == Array("__pycache__".utf8)
    }

    /// Python reads the compiled text of a module in its stead.
    private func sourceOfCompiled(_ path: RepoPath) throws -> RepoPath {
        guard isCompiled(path), let stem = path.lastComponent.split(separator: 0x2e).first,
            let cache = path.parent
        else { return path }
        let name = Array(stem) + Array(".py".utf8)
        let source = try cache.parent?.appending(component: name) ?? RepoPath(validating: name)
        return try place.status(source) == nil ? path : source
    }
}

extension Workplace {
    fileprivate func status(_ path: RepoPath) throws -> FileStatus? {
        try disk.status(of: root / path, followingLinks: false)
    }
}

/// What stands around files, each folder looked at once.
private struct FileSurroundings {
    let place: Workplace
    private var rules: [RepoPath?: IgnoreRules] = [:]
    private var environments: [RepoPath: Bool] = [:]

    init(place: Workplace) { self.place = place }

    /// Whether a file counts: ignore rules do not leave it out, and it is in no environment of an
    /// interpreter, which other records pin.
    mutating func count(_ path: RepoPath) throws -> Bool {
        if try rules(for: path).ignoresWithParents(path, isDirectory: false) { return false }
        return try !path.parents.contains { try isEnvironment($0) }
    }

    private mutating func rules(for path: RepoPath) throws -> IgnoreRules {
        if let known = rules[path.parent] { return known }
        let found = try place.contents(as: path).rules
        rules[path.parent] = found
        return found
    }

    private mutating func isEnvironment(_ folder: RepoPath) throws -> Bool {
        if let known = environments[folder] { return known }
        let isOne =
            try folder.lastComponent == Array("node_modules".utf8)
            || ["pyvenv.cfg", "conda-meta"].contains {
                try place.status(folder.appending(try RepoPath($0))) != nil
            }
        environments[folder] = isOne
        return isOne
    }
}

extension UndeclaredFiles {
    /// These and others, in whichever order they came; of a file that is in both, what changed more.
    func joined(_ others: UndeclaredFiles) -> UndeclaredFiles {
        var found: [RepoPath: Access] = [:]
        for access in [Access.read, .removed, .written] {
            for file in files + others.files where file.access == access {
                found[file.path] = access
            }
        }
        return UndeclaredFiles(
            files: found.map { File(path: $0.key, access: $0.value) }.sorted { $0.path < $1.path },
            isCut: isCut || others.isCut)
    }

    /// Lines for people, at most so many files.
    package func lines(limit: Int) -> [String] {
        var lines = files.prefix(limit).map { file in
            switch file.access {
            case .read: "reads '\(file.path)', which it does not declare"
            case .written: "writes '\(file.path)', which it does not declare"
            case .removed: "removes '\(file.path)', which it does not declare"
            }
        }
        if files.count > limit || isCut {
            lines.append("and \(max(0, files.count - limit))\(isCut ? " or more" : "") other files")
        }
        return lines
    }

    /// Throws `.stageFailed` if there is any such file.
    func refuse(_ stage: Stage) throws {
        guard !files.isEmpty || isCut else { return }
        let count = files.count == 1 ? "a file" : "\(files.count) files"
        throw StoreError(
            .stageFailed, "stage '\(stage.name)' uses \(count) that it does not declare",
            subject: stage.name,
            advice: "declare what it reads under 'deps' and what it writes under 'outs' in "
                + "\(StageFile.fileName), or leave out '--strict'",
            safety: CommandRun.safety,
            cause: CommandOutput(lines: lines(limit: 20).map { Array($0.utf8) }))
    }
}
