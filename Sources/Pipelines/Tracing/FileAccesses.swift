package import Vocabulary
import Workspaces

/// What the processes of a command did with files of the workspace, gathered from a trace line by
/// line.
///
/// A file that they made themselves and read afterwards is theirs; so is all that is in a folder
/// that they made. Paths that are not in the workspace, and those of git and mlstore, are dropped
/// at once.
package struct FileAccesses {
    /// What they read, and had not made.
    package private(set) var read: Set<RepoPath> = []
    /// What they wrote, made or moved there.
    package private(set) var written: Set<RepoPath> = []
    /// What they removed or moved away, and had not made.
    package private(set) var removed: Set<RepoPath> = []
    /// Whether there was more than is kept.
    package private(set) var isCut = false

    /// The most paths of a kind that are kept.
    package static let maximumCount = 100_000
    private static let maximumProcesses = 1 << 20

    private let root: [UInt8]
    private let start: [UInt8]
    /// Where each process works.
    private var folders: [Int: [UInt8]] = [:]
    private var isBegun = false
    /// Begun calls.
    private var unfinished: [Int: [UInt8]] = [:]
    /// Calls of children that nobody is known to have started yet: the parent's call may end later.
    private var waiting: [Int: [SystemCall]] = [:]
    private var made: Set<RepoPath> = []
    private var madeFolders: Set<RepoPath> = []

    /// Nothing yet. `root` is the workspace and `folder` where the command starts, both without
    /// links in them.
    package init(root: [UInt8], folder: [UInt8]) {
        self.root = root
        start = folder
    }

    /// Takes a line of the trace. Throws for what is none.
    package mutating func take(_ line: [UInt8]) throws(DecodeError) {
        let parsed = try TraceLine(parsing: line)
        let process = parsed.process
        if !isBegun {
            isBegun = true
            folders[process] = start
        }
        switch parsed.event {
        case .call(let call): begin(call, of: process)
        case .unfinished(let text):
            guard unfinished.count < FileAccesses.maximumProcesses else { return isCut = true }
            unfinished[process] = text
        case .resumed(let rest):
            guard let text = unfinished.removeValue(forKey: process) else { return }
            begin(try SystemCall(parsing: text + rest), of: process)
        case .exited:
            folders[process] = nil
            unfinished[process] = nil
        case .other: break
        }
    }

    /// To be called when the trace has ended.
    package mutating func finish() {
        for (process, calls) in waiting.sorted(by: { $0.key < $1.key }) {
            for call in calls { take(call, of: process, in: start) }
        }
        waiting = [:]
    }

    private mutating func begin(_ call: SystemCall, of process: Int) {
        guard let result = call.result, result >= 0 else { return }
        guard let folder = folders[process] else {
            guard waiting[process, default: []].count < FileAccesses.maximumCount else {
                return isCut = true
            }
            return waiting[process, default: []].append(call)
        }
        take(call, of: process, in: folder)
    }

    private mutating func take(_ call: SystemCall, of process: Int, in folder: [UInt8]) {
        let arguments = call.arguments
        func path(_ index: Int, from directory: Int? = nil) -> RepoPath? {
            guard arguments.indices.contains(index), let name = arguments[index].string else {
                return nil
            }
            let base = directory.flatMap { arguments[$0].path } ?? folder
            return inside(FileAccesses.join(base, name))
        }
        switch call.name {
        case "fork", "vfork", "clone", "clone3":
            guard let child = call.result else { return }
            start(child, in: folder)
        case "chdir":
            if let name = arguments.first?.string {
                folders[process] = FileAccesses.join(folder, name)
            }
        case "fchdir": if let place = arguments.first?.path { folders[process] = place }
        case "open": open(call, path(0), arguments.dropFirst().first)
        case "openat", "openat2":
            open(call, path(1, from: 0), arguments.dropFirst(2).first)
        case "creat": make(call.resultPath.flatMap(inside) ?? path(0))
        case "execve": noteRead(path(0))
        case "execveat": noteRead(path(1, from: 0))
        case "truncate": note(path(0), in: \.written)
        case "mkdir": if let path = path(0) { madeFolders.insert(path) }
        case "mkdirat": if let path = path(1, from: 0) { madeFolders.insert(path) }
        case "symlink": make(path(1))
        case "symlinkat": make(path(2, from: 1))
        case "link": link(path(0), path(1))
        case "linkat": link(path(1, from: 0), path(3, from: 2))
        case "rename": move(path(0), path(1))
        case "renameat", "renameat2": move(path(1, from: 0), path(3, from: 2))
        case "unlink": remove(path(0))
        case "unlinkat":
            if arguments.last?.has("AT_REMOVEDIR") == false { remove(path(1, from: 0)) }
        default: break
        }
    }

    private mutating func start(_ child: Int, in folder: [UInt8]) {
        guard folders.count < FileAccesses.maximumProcesses else { return isCut = true }
        folders[child] = folder
        for call in waiting.removeValue(forKey: child) ?? [] {
            take(call, of: child, in: folders[child] ?? folder)
        }
    }

    // MARK: - What is done

    private mutating func open(
        _ call: SystemCall, _ named: RepoPath?, _ flags: SystemCall.Argument?
    ) {
        guard let flags, !flags.has("O_DIRECTORY"), !flags.has("O_PATH"), !flags.has("O_TMPFILE")
        else { return }
        // The system knows better than the name where links lead.
        let path = call.resultPath.map(inside) ?? named
        guard flags.has("O_WRONLY") || flags.has("O_RDWR") else { return noteRead(path) }
        let isNew = flags.has("O_TRUNC") || flags.has("O_CREAT") && flags.has("O_EXCL")
        if isNew { return make(path) }
        if flags.has("O_RDWR"), !flags.has("O_CREAT") { noteRead(path) }
        note(path, in: \.written)
    }

    private mutating func make(_ path: RepoPath?) {
        guard let path else { return }
        note(path, in: \.written)
        if made.count < FileAccesses.maximumCount { made.insert(path) }
    }

    private mutating func noteRead(_ path: RepoPath?) {
        guard let path, !isOwn(path) else { return }
        note(path, in: \.read)
    }

    private mutating func link(_ old: RepoPath?, _ new: RepoPath?) {
        noteRead(old)
        make(new)
    }

    private mutating func move(_ old: RepoPath?, _ new: RepoPath?) {
        if let old, madeFolders.remove(old) != nil {
            if let new { madeFolders.insert(new) }
            for path in written where path.isInside(old) {
                written.remove(path)
                if let new, let inner = path.relative(to: old) {
                    written.insert(new.appending(inner))
                }
            }
            for path in made where path.isInside(old) { made.remove(path) }
        } else {
            remove(old)
            make(new)
        }
    }

    private mutating func remove(_ path: RepoPath?) {
        guard let path else { return }
        if isOwn(path) {
            made.remove(path)
            written.remove(path)
        } else {
            note(path, in: \.removed)
        }
    }

    private func isOwn(_ path: RepoPath) -> Bool {
        if made.contains(path) { return true }
        return !madeFolders.isEmpty && path.parents.contains(where: madeFolders.contains)
    }

    private mutating func note(
        _ path: RepoPath?, in kind: WritableKeyPath<FileAccesses, Set<RepoPath>>
    ) {
        guard let path else { return }
        guard self[keyPath: kind].count < FileAccesses.maximumCount else { return isCut = true }
        self[keyPath: kind].insert(path)
    }

    // MARK: - Paths

    /// The path in the workspace; nil for one that is outside, its top, or git's or ours.
    private func inside(_ path: [UInt8]) -> RepoPath? {
        guard path.count > root.count + 1, path.starts(with: root), path[root.count] == 0x2f,
            let inner = try? RepoPath(validating: Array(path[(root.count + 1)...])),
            !inner.components.contains(where: { Workspace.isReserved($0) })
        else { return nil }
        return inner
    }

    /// A name as seen from a folder, without `.` and `..`.
    static func join(_ folder: [UInt8], _ name: [UInt8]) -> [UInt8] {
        var parts: [ArraySlice<UInt8>] = []
        let whole = name.first == 0x2f ? name : folder + [0x2f] + name
        for part in whole.split(separator: 0x2f) where !part.elementsEqual([0x2e]) {
            if part.elementsEqual([0x2e, 0x2e]) { _ = parts.popLast() } else { parts.append(part) }
        }
        return [0x2f] + Array(parts.joined(separator: [0x2f]))
    }
}
