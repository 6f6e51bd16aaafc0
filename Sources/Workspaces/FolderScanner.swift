import Objects
import Platform
import Vocabulary

/// Makes a `FolderScan`.
struct FolderScanner {
    let scanner: ContentScanner
    let path: RepoPath
    let session: StoreSession?
    /// The tree that the folder's is compared with, if it is another: nodes that the store does not
    /// have are gathered for that. With a session they go there.
    var other: TreeID?
    /// Whether the entries are asked for.
    var needsTable = false
    /// What stood there before: what new files are made of.
    var prior: PriorContent?

    private static let itemsAtOnce = 16_384
    private static let maximumEdits = 65_536
    /// Differences up to so many stand beside a table of at least so many entries.
    private static let maximumRecent = 256
    private static let minimumEntries = 8192

    private var old: StatTable?
    private var recent: StatTables.Recent?
    private var isMarkGood = false
    private var writer: StatTableWriter?
    /// Entries of the old table before this one are dealt with.
    private var position = 0
    private var steps: [FolderComparison.Step] = []
    private var waiting = 0
    /// How the old tree is changed; nil when that is too much.
    private var edits: [TreeEdit]?
    private var hasUnsure = false
    private var isAllStored = true
    private var totals = ContentState(content: nil, sizeBytes: 0, files: 0, isExecutable: false)
    private var newBytesPlain = 0

    init(_ scanner: ContentScanner, _ path: RepoPath, in session: StoreSession?) {
        self.scanner = scanner
        self.path = path
        self.session = session
    }

    private var workspace: Workspace { scanner.workspace }

    mutating func run(progress: (_ files: Int, _ bytes: Int) -> Void) throws -> FolderScan {
        old = scanner.tables.table(of: path)
        if old?.tree != nil { edits = [] }
        if (old?.count ?? 0) >= FolderScanner.minimumEntries {
            recent = scanner.tables.recent(of: path)
        }
        let store = try workspace.store()
        isMarkGood = old?.mark.map { store.stillHolds($0) } ?? false
        let comparer = FolderComparer(
            table: old, store: session?.store, isMarkGood: isMarkGood)
        let pointers = session == nil ? nil : PointerCheck(workspace: workspace, top: path)
        try FolderWalk(path, in: workspace).forEach { part in
            try pointers?.check(part)
            return try comparer.compare(part)
        } _: {
            try take($0, progress)
        }
        if let old, position < old.count { try take(.removed(position..<old.count), progress) }
        let isLittle = differsLittle
        let resolved = try resolve(progress)
        if isLittle, let scan = try finishBeside(resolved, store) { return scan }
        carryOver(resolved)
        return try finish(store)
    }

    // MARK: - Comparing

    private mutating func take(
        _ found: FolderComparison, _ progress: (Int, Int) -> Void
    ) throws {
        if found.entries.lowerBound > position {
            try take(.removed(position..<found.entries.lowerBound), progress)
        }
        position = max(position, found.entries.upperBound)
        totals.files = (totals.files ?? 0) + found.keptFiles
        totals.sizeBytes += found.keptBytes
        isAllStored = isAllStored && found.isAllStored
        if found.keptFiles > 0 { progress(found.keptFiles, 0) }
        for step in found.steps { try take(step, progress) }
    }

    private mutating func take(
        _ step: FolderComparison.Step, _ progress: (Int, Int) -> Void
    ) throws {
        if case .kept(let range) = step, case .kept(let before)? = steps.last,
            before.upperBound == range.lowerBound
        {
            steps[steps.count - 1] = .kept(before.lowerBound..<range.upperBound)
            return
        }
        steps.append(step)
        waiting += 1
        if waiting >= FolderScanner.itemsAtOnce { carryOver(try resolve(progress)) }
    }

    // MARK: - What is not kept

    /// A step whose content is known.
    private enum Resolved {
        case kept(Range<Int>)
        case removed(Range<Int>)
        case found(RepoPath, StatTable.Entry, isStable: Bool)
    }

    /// Reads or stores what is unknown of the steps that wait.
    private mutating func resolve(_ progress: (Int, Int) -> Void) throws -> [Resolved] {
        let items = steps.compactMap { step -> FolderItem? in
            guard case .unknown(let item, _) = step else { return nil }
            return item.status.kind == .directory || known(item) != nil ? nil : item
        }
        let digests = try session == nil ? hash(items) : store(items, progress)
        var next = 0
        var resolved: [Resolved] = []
        for step in steps {
            switch step {
            case .kept(let range): resolved.append(.kept(range))
            case .removed(let range):
                editOut(range)
                resolved.append(.removed(range))
            case .unknown(let item, let entry):
                var found: (digest: Digest, isStable: Bool) = (.zero, true)
                if let digest = known(item) {
                    found.digest = digest
                } else if item.status.kind != .directory {
                    found = digests[next]
                    next += 1
                }
                resolved.append(account(item, entry, found))
            }
        }
        steps.removeAll(keepingCapacity: true)
        waiting = 0
        return resolved
    }

    /// The digest of something that was read since the table was written.
    private func known(_ item: FolderItem) -> Digest? {
        guard let digest = recent?.digest(of: item.path, item.status) else { return nil }
        return session?.contains(BlobID(digest)) ?? true ? digest : nil
    }

    private func hash(_ items: [FolderItem]) throws -> [(digest: Digest, isStable: Bool)] {
        let disk = workspace.disk
        let top = workspace.root / path
        return try WorkerPool(threads: workspace.machine.threads).map(count: items.count) { index in
            try FileHash.digest(of: top / items[index].path, items[index].status, on: disk)
        }
    }

    private mutating func store(
        _ items: [FolderItem], _ progress: (Int, Int) -> Void
    ) throws -> [(digest: Digest, isStable: Bool)] {
        guard let session else { return [] }
        let top = workspace.root / path
        var links: [Digest] = []
        for item in items where item.status.kind == .symlink {
            let receipt = try session.putBlob(try workspace.disk.readSymlink(top / item.path))
            links.append(receipt.id.digest)
            newBytesPlain += receipt.newBytesPlain
        }
        let files = items.filter { $0.status.kind != .symlink }
            .map { item in
                FileToStore(
                    path: top / item.path, status: item.status,
                    prior: prior?.file(at: item.path, sizeBytes: item.status.size))
            }
        let receipts = try session.putBlobs(files, progress: progress)
        newBytesPlain += receipts.reduce(0) { $0 + $1.newBytesPlain }
        var nextLink = links.makeIterator()
        var nextFile = receipts.makeIterator()
        return items.map { item in
            let digest =
                item.status.kind == .symlink ? nextLink.next() : nextFile.next()?.id.digest
            return (digest ?? .zero, digest != nil)
        }
    }

    // MARK: - The new table and the new tree

    private var flags: UInt64? { session == nil ? nil : StatTable.storedFlag }

    /// Writes steps into the new table.
    private mutating func carryOver(_ resolved: [Resolved]) {
        for step in resolved {
            switch step {
            case .kept(let range): carry(range)
            case .removed: _ = writerWithCarried()
            case .found(let path, let entry, let isStable):
                writerWithCarried().append(
                    path, entry, flags: isStable ? flags ?? 0 : StatTable.unsureFlag)
            }
        }
    }

    private mutating func carry(_ range: Range<Int>) {
        guard let old else { return }
        // So far all is as it was: only from the first difference on is there a new table.
        if writer == nil, range.lowerBound == 0 {
            carried = range.upperBound
            return
        }
        writerWithCarried().append(range, of: old, flags: flags)
    }

    /// Entries from the first that wait for a difference.
    private var carried = 0

    private mutating func writerWithCarried() -> StatTableWriter {
        let new = writer ?? scanner.tables.writer(of: path)
        writer = new
        if carried > 0, let old { new.append(0..<carried, of: old, flags: flags) }
        carried = 0
        return new
    }

    private mutating func editOut(_ range: Range<Int>) {
        guard let old, edits != nil else { return }
        old.withBytes { span in
            for entry in range {
                if let path = old.path(span, entry) { edit(.remove(path)) }
            }
        }
    }

    /// Counts something that is not kept, and changes the tree for it.
    private mutating func account(
        _ item: FolderItem, _ entry: Int?, _ found: (digest: Digest, isStable: Bool)
    ) -> Resolved {
        let kind = StatTable.kind(of: item.status)
        let new = StatTable.Entry(kind: kind, digest: found.digest, status: item.status)
        if !found.isStable { hasUnsure = true }
        if kind != .directory {
            totals.files = (totals.files ?? 0) + 1
            totals.sizeBytes += item.status.size
        }
        let before = entry.flatMap { entry in old?.withBytes { StatTable.entry($0, entry) } }
        if before?.kind != kind || before?.digest != found.digest || before?.size != new.size {
            edit(
                .put(
                    TreeEntry(
                        path: item.path, kind: kind, size: item.status.size, id: found.digest)))
        }
        return .found(item.path, new, isStable: found.isStable)
    }

    private mutating func edit(_ edit: TreeEdit) {
        guard let count = edits?.count else { return }
        if count < FolderScanner.maximumEdits { edits?.append(edit) } else { edits = nil }
    }

    // MARK: - The end

    /// Whether the old table can stay, what differs standing beside it.
    private var differsLittle: Bool {
        guard !needsTable, writer == nil, let old, old.count >= FolderScanner.minimumEntries,
            session == nil || (isMarkGood && isAllStored)
        else { return false }
        let count = steps.reduce(0) { sum, step in
            switch step {
            case .kept: sum
            case .removed(let range): sum + range.count
            case .unknown: sum + 1
            }
        }
        return count > 0 && count <= FolderScanner.maximumRecent
    }

    /// Writes what differs beside the table; nil where the old tree cannot be edited.
    private mutating func finishBeside(
        _ resolved: [Resolved], _ store: ObjectStore
    ) throws -> FolderScan? {
        let shelf = NodeShelf()
        guard let tree = edited(store, nodeWriter(for: store, shelf)) else { return nil }
        let rows = resolved.compactMap { step -> (path: RepoPath, entry: StatTable.Entry)? in
            guard case .found(let path, let entry, true) = step else { return nil }
            return (path, entry)
        }
        scanner.tables.saveRecent(rows, unless: recent, of: path)
        totals.content = .directory(tree)
        return FolderScan(
            state: totals, tree: tree, newBytesPlain: newBytesPlain, table: nil, writer: nil,
            newNodes: shelf.nodes)
    }

    private mutating func finish(_ store: ObjectStore) throws -> FolderScan {
        // What was found to be stored is worth writing down.
        let isNews = session != nil && !(isMarkGood && isAllStored)
        if writer == nil, isNews || old?.tree == nil { _ = writerWithCarried() }
        let table =
            try writer.map { writer in
                guard let sealed = writer.seal() else {
                    throw StoreError(
                        .io,
                        "cannot work out what is in '\(path)': its stat table cannot be read back",
                        subject: path.description, safety: "nothing was changed")
                }
                return sealed
            } ?? old
        let newNodes = NodeShelf()
        let tree = try tree(of: table, store, newNodes)
        if writer != nil { scanner.tables.forgetRecent(of: path) }
        // A file that changed while it was read has no digest to go by.
        writer?.publish(
            tree: hasUnsure ? nil : tree, mark: session == nil && isMarkGood ? old?.mark : nil)
        totals.content = .directory(tree)
        return FolderScan(
            state: totals, tree: tree, newBytesPlain: newBytesPlain, table: table, writer: writer,
            newNodes: newNodes.nodes)
    }

    private func nodeWriter(
        for store: ObjectStore, _ shelf: NodeShelf
    ) -> TreeBuilder.NodeWriter {
        { [session, other] digest, bytes in
            if let session { return try session.putObject(.treeNode, digest, bytes) }
            if other != nil, !store.contains(.treeNode, digest) { shelf.nodes[digest] = bytes }
        }
    }

    /// The old tree with what differs, if it can be had so.
    private func edited(_ store: ObjectStore, _ write: @escaping TreeBuilder.NodeWriter) -> TreeID?
    {
        guard let tree = old?.tree, let edits else { return nil }
        // In a session this keeps all that is below it, whatever is collected meanwhile.
        let isThere =
            session?.contains(.treeNode, tree.digest) ?? store.contains(.treeNode, tree.digest)
        let isEnough = session == nil && (other == nil || other == tree)
        if edits.isEmpty, isThere || isEnough { return tree }
        guard isThere else { return nil }
        // A node that cannot be read is no reason to stop: the entries make it again.
        return try? applyChanges(edits, to: store.tree(tree), write: write)
    }

    private func tree(
        of table: StatTable?, _ store: ObjectStore, _ shelf: NodeShelf
    ) throws -> TreeID {
        let write = nodeWriter(for: store, shelf)
        if let tree = edited(store, write) { return tree }
        var builder = TreeBuilder(write: write)
        try table?.forEachRow { path, entry in
            try builder.append(
                TreeEntry(path: path, kind: entry.kind, size: entry.size, id: entry.digest))
        }
        return try builder.finish()
    }
}

/// Nodes of a tree that is in no store.
private final class NodeShelf {
    var nodes: [Digest: [UInt8]] = [:]
}
