package import Bytes
package import Objects
package import Vocabulary

/// What is here of a tracked folder of which not all is: the record `part` of docs/format/records.md,
/// which the ref `parts/<tree>` names.
///
/// Invariant: like every listing in a store, that of what is here has all in the store that it
/// names. So everything that reads, verifies or collects it needs not know that it is a part.
package struct FolderPart: Hashable, Sendable {
    /// The listing of all of the folder, which is not here.
    package let whole: TreeID
    /// The listing of what is here: some of the other's entries.
    package var here: TreeID
    /// Folders in it of which all is here, relative to it; sorted, none inside another.
    package var folders: [RepoPath] = []
    /// Where in the workspace the folder was tracked when parts of it were fetched; sorted.
    package var paths: [RepoPath] = []

    private static let type = "part"

    /// Nothing of the folder yet but what `here` lists.
    package init(of whole: TreeID, here: TreeID) {
        self.whole = whole
        self.here = here
    }

    /// Reads a record; throws what `RecordFields` throws.
    package init(_ record: JSONValue) throws(StoreError) {
        let fields = try RecordFields(record, type: FolderPart.type)
        whole = try fields.id("tree")
        here = try fields.id("part")
        folders = try FolderPart.paths(fields, "folders")
        paths = try FolderPart.paths(fields, "paths")
    }

    private static func paths(
        _ fields: RecordFields, _ key: String
    ) throws(StoreError) -> [RepoPath] {
        let values = fields[key]?.arrayValue ?? []
        let paths = values.compactMap { RepoPath($0) }
        guard paths.count == values.count else {
            throw StoreError(
                .malformed, "the part record's field '\(key)' is not a list of paths", subject: key)
        }
        return paths
    }

    /// The record.
    package var json: JSONValue {
        RecordFields.record(
            type: FolderPart.type,
            [
                "tree": .string(whole.description), "part": .string(here.description),
                "folders": .array(folders.map(\.json)), "paths": .array(paths.map(\.json)),
            ])
    }

    /// Takes a folder in of which all is here now.
    package mutating func add(folder: RepoPath) {
        guard !folders.contains(where: folder.isInside) else { return }
        folders = (folders.filter { !$0.isInside(folder) } + [folder]).sorted()
    }

    /// Takes in where the folder is tracked.
    package mutating func add(path: RepoPath) {
        if !paths.contains(path) { paths = (paths + [path]).sorted() }
    }

    /// Whether all that the folder has at or below `path` is here.
    package func isWhole(at path: RepoPath, in store: ObjectStore) throws -> Bool {
        if folders.contains(where: path.isInside) { return true }
        return try store.tree(here).entry(at: path) != nil
    }
}

extension ObjectStore {
    /// What is here of a folder of which not all is; nil where all of it is here, or nothing.
    ///
    /// Throws `.malformed` for a record that is no such, `.corrupt` for one that cannot be read.
    package func part(of whole: TreeID) throws -> FolderPart? {
        guard !contains(.treeNode, whole.digest), let id = try ref(.part(of: whole)) else {
            return nil
        }
        return try part(id, named: .part(of: whole))
    }

    /// What is here of all folders of which only a part was fetched, in the order of their refs.
    package func parts() throws -> [FolderPart] {
        try refs(under: RefName.partPrefix).compactMap { name, id in try part(id, named: name) }
    }

    /// Nil where what the record names was collected, or lost and moved aside: then nothing is here.
    private func part(_ id: RecordID, named name: RefName) throws -> FolderPart? {
        guard contains(.record, id.digest) else { return nil }
        let part = try FolderPart(try readRecord(id))
        guard RefName.part(of: part.whole) == name else {
            throw StoreError(
                .malformed, "the ref '\(name)' names what is here of another folder",
                subject: name.description, advice: "run 'mlstore pull' to fetch that folder again")
        }
        return contains(.treeNode, part.here.digest) ? part : nil
    }
}

/// How much of a tracked folder is here.
package struct PartCount: Hashable, Sendable {
    /// The folder.
    package let path: RepoPath
    /// Its entries that are here.
    package let files: Int
    /// All of them, where the pointer tells.
    package let of: Int?

    init(_ part: FolderPart, of tracked: TrackedPath, in store: ObjectStore) throws {
        path = tracked.path
        files = try store.tree(part.here).totals().entries
        if case .pointer(let pointer) = tracked.source { of = pointer.files } else { of = nil }
    }

    /// `3 of 1,000,000 files`.
    package var text: String {
        of.map { "\(groupedDigits(files)) of \(groupedDigits($0)) files" }
            ?? "\(groupedDigits(files)) files"
    }
}

extension Workspace {
    /// What is here of a tracked folder of which not all is; nil for anything else.
    package func folderPart(of tracked: TrackedPath) throws -> FolderPart? {
        guard case .directory(let tree) = tracked.content else { return nil }
        return try store().part(of: tree)
    }

    /// How much of it that is.
    package func partCount(of tracked: TrackedPath) throws -> PartCount? {
        try folderPart(of: tracked).map { try PartCount($0, of: tracked, in: store()) }
    }

    /// What the tracked paths hold, and of folders of which not all is here what is.
    package func presentContents() throws -> [ContentID] {
        try tracked().paths.map { tracked in
            try folderPart(of: tracked).map { .directory($0.here) } ?? tracked.content
        }
    }

    /// Refuses to record what stands at `path` as all of a folder of which only a part was ever
    /// fetched: the rest would count as removed.
    func checkRecordable(_ path: RepoPath) throws {
        guard let tracked = try tracked()[path], case .directory(let tree) = tracked.content,
            try !store().contains(.treeNode, tree.digest)
        else { return }
        // Also after the pointer came to name another version.
        guard
            let part = try folderPart(of: tracked)
                ?? store().parts().first(where: { $0.paths.contains(path) })
        else { return }
        let count = try PartCount(part, of: tracked, in: store())
        throw StoreError.partlyHere(
            count, "cannot add '\(path)'", ", and the others would count as removed",
            advice: "run 'mlstore pull \(path)' first; where these files are to be all of it, run "
                + "'mlstore rm --keep-data \(path)', then 'mlstore add \(path)'")
    }

    /// The content that a tracked folder at `path` is to have, where what stands there, `content`, is
    /// all of it that is here; else `content`.
    package func completed(_ content: ContentID?, at path: RepoPath) throws -> ContentID? {
        guard case .directory(let tree)? = content else { return content }
        let candidates = try store().parts().filter { $0.here == tree }
        guard !candidates.isEmpty, let tracked = try tracked(holding: path), tracked.path == path
        else { return content }
        let isPart = try candidates.contains {
            try tracked.content == .directory($0.whole)
                && !store().contains(.treeNode, $0.whole.digest)
        }
        return isPart ? tracked.content : content
    }

    /// Throws `.notInStore` where only a part of what belongs at `path` is here, so that who reads
    /// it would take the part for the whole. `verb` says what cannot be done with it.
    package func checkWhole(_ path: RepoPath, to verb: String) throws {
        let store = try store()
        guard try !store.refs(under: RefName.partPrefix).isEmpty else { return }
        for tracked in try tracked().selected([path]) {
            guard let part = try folderPart(of: tracked) else { continue }
            if let inner = path.relative(to: tracked.path),
                try part.isWhole(at: inner, in: store)
            {
                continue
            }
            throw StoreError.partlyHere(
                try PartCount(part, of: tracked, in: store), "cannot \(verb)",
                advice: "run 'mlstore pull \(path)' to fetch all of it")
        }
    }

    /// What is tracked at or above `path`.
    private func tracked(holding path: RepoPath) throws -> TrackedPath? {
        try tracked().paths.first { path.isInside($0.path) }
    }
}

extension StoreError {
    /// Only a part of a folder is here, and all of it is needed.
    static func partlyHere(
        _ part: PartCount, _ what: String, _ more: String = "", advice: String
    ) -> StoreError {
        StoreError(
            .notInStore, "\(what): only \(part.text) of '\(part.path)' are in this store\(more)",
            subject: part.path.description, advice: advice, safety: "nothing was changed")
    }
}
