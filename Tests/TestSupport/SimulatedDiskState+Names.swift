import Platform
import Vocabulary

/// How paths are found and names change.
extension SimulatedDiskState {
    /// The node at a path, or nil when a name on the way is missing or no directory.
    func peek(_ path: DiskPath, following: Bool) -> Int? {
        find(path, following: following, depth: 0)
    }

    private func find(_ path: DiskPath, following: Bool, depth: Int) -> Int? {
        guard depth < 40 else { return nil }
        var trail = [0]
        let components = path.bytes.split(separator: 0x2f).map { Array($0) }
        for (position, component) in components.enumerated() {
            guard let here = trail.last, self[here].kind == .directory else { return nil }
            if component == [0x2e] { continue }
            if component == [0x2e, 0x2e] {
                if trail.count > 1 { trail.removeLast() }
                continue
            }
            guard let next = self[here].entries[actual(component, in: here)] else { return nil }
            let isLast = position == components.count - 1
            guard self[next].kind == .symlink, following || !isLast else {
                trail.append(next)
                continue
            }
            let rest = components[(position + 1)...].map { [0x2f] + $0 }.joined()
            let target = DiskPath(bytes: self[next].content)
            let before = components[..<position].map { [0x2f] + $0 }.joined()
            let start = target.isAbsolute ? [] : Array(before) + [0x2f]
            let joined = DiskPath(bytes: start + target.bytes + rest)
            return find(joined, following: following, depth: depth + 1)
        }
        return trail.last
    }

    /// The name in the directory that `name` means; itself where there is none.
    private func actual(_ name: [UInt8], in directory: Int) -> [UInt8] {
        guard ignoresCase, self[directory].entries[name] == nil else { return name }
        let folded = String(decoding: name, as: UTF8.self).lowercased()
        return self[directory].entries.keys.first {
            String(decoding: $0, as: UTF8.self).lowercased() == folded
        } ?? name
    }

    func directory(_ path: DiskPath) throws -> Int {
        guard let node = peek(path, following: true), self[node].kind == .directory else {
            throw failure(.notFound, "find directory", path)
        }
        return node
    }

    func status(_ node: Int) -> FileStatus {
        let found = self[node]
        return FileStatus(
            kind: found.kind, size: found.content.count, modified: found.modified,
            changed: found.changed, inode: UInt64(node + 2), device: 1,
            permissions: found.permissions, links: found.links)
    }

    mutating func open(_ path: DiskPath, _ mode: OpenMode) throws -> Int {
        if let node = peek(path, following: true) {
            if case .createNew = mode { throw failure(.alreadyExists, "create", path) }
            guard self[node].kind == .file else {
                throw failure(.unsupportedFile, "open", path)
            }
            return node
        }
        switch mode {
        case .read, .readWrite: throw failure(.notFound, "open", path)
        case .createNew(let permissions), .createOrOpen(let permissions):
            return try make(.file, at: path, permissions)
        }
    }

    @discardableResult
    mutating func make(_ kind: FileKind, at path: DiskPath, _ permissions: UInt16) throws -> Int {
        let parent = try directory(path.parent)
        let name = actual(path.lastComponent, in: parent)
        guard self[parent].entries[name] == nil, path.bytes != [0x2f] else {
            throw failure(.alreadyExists, "create", path)
        }
        let node = nodes.count
        nodes.append(
            Node(kind: kind, permissions: permissions, modified: now, changed: now))
        edit([(parent, path.lastComponent, node)])
        return node
    }

    mutating func link(_ path: DiskPath, to file: DiskPath) throws {
        guard let node = peek(file, following: false) else {
            throw failure(.notFound, "link", file)
        }
        guard self[node].kind == .file else { throw failure(.unsupportedFile, "link", file) }
        let parent = try directory(path.parent)
        guard self[parent].entries[actual(path.lastComponent, in: parent)] == nil else {
            throw failure(.alreadyExists, "create", path)
        }
        self[node].links += 1
        self[node].changed = now
        edit([(parent, path.lastComponent, node)])
    }

    mutating func remove(_ path: DiskPath, directory wantsDirectory: Bool) throws {
        let parent = try directory(path.parent)
        let name = actual(path.lastComponent, in: parent)
        guard let node = self[parent].entries[name] else {
            throw failure(.notFound, "remove", path)
        }
        guard (self[node].kind == .directory) == wantsDirectory else {
            throw failure(wantsDirectory ? .notFound : .unsupportedFile, "remove", path)
        }
        guard self[node].entries.isEmpty else { throw failure(.alreadyExists, "remove", path) }
        self[node].links -= 1
        edit([(parent, name, nil)])
    }

    mutating func rename(_ from: DiskPath, _ to: DiskPath, replacing: Bool) throws {
        let oldParent = try directory(from.parent)
        let newParent = try directory(to.parent)
        let oldName = actual(from.lastComponent, in: oldParent)
        let newName = actual(to.lastComponent, in: newParent)
        guard let node = self[oldParent].entries[oldName] else {
            throw failure(.notFound, "rename", from)
        }
        if let taken = self[newParent].entries[newName], taken != node {
            guard replacing, self[taken].entries.isEmpty else {
                throw failure(.alreadyExists, "rename to", to)
            }
            guard (self[taken].kind == .directory) == (self[node].kind == .directory) else {
                throw failure(.unsupportedFile, "rename to", to)
            }
            self[taken].links -= 1
        } else if self[newParent].entries[newName] != nil {
            if !replacing { throw failure(.alreadyExists, "rename to", to) }
            // Two names of one file: both stay, as POSIX has it.
            if newName == to.lastComponent { return }
        }
        var edits: [(directory: Int, name: [UInt8], node: Int?)] = [(oldParent, oldName, nil)]
        if newName != to.lastComponent { edits.append((newParent, newName, nil)) }
        edit(edits + [(newParent, to.lastComponent, node)])
    }

    private mutating func edit(_ edits: [(directory: Int, name: [UInt8], node: Int?)]) {
        for edit in edits {
            nodes[edit.directory].entries[edit.name] = edit.node
            nodes[edit.directory].modified = now
        }
        nameChanges.append(NameChange(edits: edits))
    }

    /// Makes all changes of names that touch `directory` last, in their order; a rename lasts with
    /// either of its directories. Earlier changes to the same names elsewhere go with them.
    mutating func syncNames(of directory: Int) {
        var touched: Set<Int> = [directory]
        // A rename into another directory takes that directory's earlier changes along.
        for change in nameChanges.reversed()
        where change.edits.contains(where: { touched.contains($0.directory) }) {
            for edit in change.edits { touched.insert(edit.directory) }
        }
        var rest: [NameChange] = []
        for change in nameChanges {
            guard change.edits.contains(where: { touched.contains($0.directory) }) else {
                rest.append(change)
                continue
            }
            for edit in change.edits {
                nodes[edit.directory].lastingEntries[edit.name] = edit.node
            }
        }
        nameChanges = rest
    }

    func allFiles() -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        func visit(_ node: Int, _ path: DiskPath) {
            for (name, child) in self[node].entries {
                let full = path.appending(name)
                if self[child].kind == .directory {
                    visit(child, full)
                } else {
                    result["\(full)"] = self[child].content
                }
            }
        }
        visit(0, DiskPath("/"))
        return result
    }
}
