import GitHistory
import Platform
package import Vocabulary

/// A path whose content the workspace keeps: because it has a pointer, or because a stage of the
/// pipeline wrote it.
package struct TrackedPath: Hashable, Sendable {
    /// Why it is tracked.
    package enum Source: Hashable, Sendable {
        /// `PATH.mlstore` says what it should be.
        case pointer(Pointer)
        /// `mlstore.lock` says what the stage wrote.
        case output(stage: String, LockFile.Output)
    }

    /// Where, relative to the workspace.
    package let path: RepoPath
    /// Why it is tracked.
    package let source: Source

    /// A tracked path.
    package init(path: RepoPath, source: Source) {
        self.path = path
        self.source = source
    }

    /// Whether it goes to remotes: all do but outputs of which the stage file says otherwise.
    package var isPushed: Bool {
        if case .output(_, let output) = source { output.isPushed } else { true }
    }

    /// Whether a pointer says so.
    var hasPointer: Bool {
        if case .pointer = source { true } else { false }
    }

    /// What should stand there.
    package var content: ContentID {
        switch source {
        case .pointer(let pointer): pointer.content
        case .output(_, let output): output.content
        }
    }

    /// Its bytes, of all files of a folder together.
    package var sizeBytes: Int {
        switch source {
        case .pointer(let pointer): pointer.sizeBytes
        case .output(_, let output): output.sizeBytes
        }
    }

    /// Whether a file may be executed.
    package var isExecutable: Bool {
        switch source {
        case .pointer(let pointer): pointer.isExecutable
        case .output(_, let output): output.isExecutable
        }
    }

    /// What should stand there, as a state to compare with. (A folder's number of files is left
    /// open for outputs.)
    func matches(_ state: ContentState) -> Bool {
        state.content == content && (state.files != nil || state.isExecutable == isExecutable)
    }
}

/// A pointer or lock file that cannot be read.
package struct TrackingProblem: Sendable {
    /// The pointer's path, or that of the lock file.
    package let path: RepoPath
    /// Why.
    package let error: StoreError
}

/// What a workspace tracks.
package struct TrackedPaths: Sendable {
    /// In path order.
    package var paths: [TrackedPath] = []
    /// Files that could not be read.
    package var problems: [TrackingProblem] = []

    /// The one at `path`.
    package subscript(path: RepoPath) -> TrackedPath? {
        // In order, so a search by halves.
        var low = 0
        var high = paths.count
        while low < high {
            let middle = (low + high) / 2
            if paths[middle].path < path { low = middle + 1 } else { high = middle }
        }
        return low < paths.count && paths[low].path == path ? paths[low] : nil
    }

    /// Those that `selection` means: named, below a named folder, or holding a named path. Nil:
    /// all of them.
    package func selected(_ selection: [RepoPath]?) -> [TrackedPath] {
        guard let selection else { return paths }
        return paths.filter { tracked in
            selection.contains { $0.isInside(tracked.path) || tracked.path.isInside($0) }
        }
    }
}

extension Workspace {
    /// What the work tree's pointers and lock file track. Pointers are looked for as
    /// `pointerPaths` says; outputs that are not cached (`isCached` false) are left out.
    package func tracked() throws -> TrackedPaths {
        var result = TrackedPaths()
        let lockPath = try RepoPath(LockFile.name)
        var lock = LockFile()
        do {
            lock = try lockFile()
        } catch let error as StoreError where error.kind != .io {
            result.problems.append(TrackingProblem(path: lockPath, error: error))
        }
        let outputs = lock.outputs.filter(\.output.isCached)
        result.paths = outputs.map {
            TrackedPath(path: $0.path, source: .output(stage: $0.stage, $0.output))
        }
        let outputPaths = Set(outputs.map(\.path))
        for path in try pointerPaths(skipping: outputPaths) where !outputPaths.contains(path) {
            do {
                guard let pointer = try pointer(of: path) else { continue }
                result.paths.append(TrackedPath(path: path, source: .pointer(pointer)))
            } catch let error as StoreError where error.kind != .io {
                let file = path.addingSuffix(Pointer.suffix)
                result.problems.append(TrackingProblem(path: file, error: error))
            }
        }
        result.paths.sort { $0.path < $1.path }
        return result
    }

    /// What was tracked at a commit of git.
    package func tracked(atCommit revision: String) throws -> TrackedPaths {
        try TrackedPaths(files: try texts(atCommit: revision), at: revision)
    }

    /// What is or was tracked at a source.
    package func tracked(at source: TrackingSource) throws -> TrackedPaths {
        switch source {
        case .workTree: try tracked()
        case .revision(let revision): try tracked(atCommit: revision)
        case .index, .snapshot: TrackedPaths(paths: try TrackingState(source, of: self).paths)
        }
    }

    /// The pointer files and the lock file of a commit of git.
    func texts(atCommit revision: String) throws -> [RepoPath: [UInt8]] {
        guard let git else { throw StoreError.noRepository(root, for: "revision '\(revision)'") }
        let commit = try git.resolve(revision)
        return try texts(of: try git.files(in: commit, suffix: Pointer.suffix)) { file, limit in
            try git.file(at: file, in: commit, maximumBytes: limit)
        }
    }

    /// The pointer files and the lock file in git's index.
    func stagedTexts() throws -> [RepoPath: [UInt8]] {
        guard let git else { throw StoreError.noRepository(root, for: "git's index") }
        return try texts(of: try git.stagedFiles(suffix: Pointer.suffix)) { file, limit in
            try git.stagedFile(at: file, maximumBytes: limit)
        }
    }

    private func texts(
        of pointers: [RepoPath], _ read: (RepoPath, Int) throws -> [UInt8]?
    ) throws -> [RepoPath: [UInt8]] {
        var texts: [RepoPath: [UInt8]] = [:]
        for file in pointers {
            guard let path = workspacePath(ofGit: file) else { continue }
            texts[path] = try read(file, Pointer.maximumBytes)
        }
        let lock = try RepoPath(LockFile.name)
        texts[lock] = try read(gitPath(of: lock), LockFile.maximumBytes)
        return texts
    }
}

extension TrackedPaths {
    /// What the texts of pointers and of a lock file say; `place` names where they are from.
    init(files: [RepoPath: [UInt8]], at place: String) throws {
        self.init()
        for (file, bytes) in files.sorted(by: { $0.key < $1.key }) {
            do {
                if file.text == LockFile.name {
                    let lock = try LockFile(parsing: bytes, file: "\(file) at \(place)")
                    paths += lock.outputs.filter(\.output.isCached).map {
                        TrackedPath(path: $0.path, source: .output(stage: $0.stage, $0.output))
                    }
                } else if let path = file.removingSuffix(Pointer.suffix) {
                    let pointer = try Pointer(parsing: bytes, file: "\(file) at \(place)")
                    paths.append(TrackedPath(path: path, source: .pointer(pointer)))
                }
            } catch let error as StoreError {
                problems.append(TrackingProblem(path: file, error: error))
            }
        }
        paths.sort { $0.path < $1.path }
    }
}

extension StoreError {
    static func noRepository(_ root: DiskPath, for what: String) -> StoreError {
        StoreError(
            .notARepository,
            "cannot find \(what): the workspace '\(root)' is not in a git repository",
            subject: root.description,
            advice: "name a snapshot ('mlstore log' lists them), or run 'git init'")
    }
}
