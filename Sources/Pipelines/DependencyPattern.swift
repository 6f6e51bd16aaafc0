import Vocabulary
import Workspaces

/// A dependency with wildcards: `data/*.csv`.
struct DependencyPattern: Sendable {
    let path: RepoPath
    let place: SourcePlace

    /// How many leading components hold no wildcard.
    var fixedCount: Int { path.components.prefix { !Glob.isPattern($0) }.count }
}

/// Finds what wildcards match: what is on disk or tracked, and what stages write.
///
/// It does not look into folders that stages write: what is in there is known only after they ran.
struct DependencySearch {
    /// A name in a folder of the work tree.
    struct Entry {
        let name: [UInt8]
        let isFolder: Bool
    }

    /// The most names that one search looks at.
    static let maximumCount = 1_000_000

    let producers: [RepoPath: Stage]
    /// The names in a folder (nil for the top); none where there is no such folder.
    let list: (RepoPath?) throws -> [Entry]
    private var seen = 0

    init(_ stages: [Stage], list: @escaping (RepoPath?) throws -> [Entry]) {
        producers = Dictionary(
            stages.flatMap { stage in stage.products.map { ($0, stage) } }
        ) { first, _ in first }
        self.list = list
    }

    /// The paths that a pattern of `stage` means, in order. Throws `.invalidPipeline` for one that
    /// matches nothing, and for one that points into a folder that a stage writes.
    mutating func matches(of pattern: DependencyPattern, in stage: String) throws -> [RepoPath] {
        let components = pattern.path.components
        let shown = "stage '\(stage)' reads '\(pattern.path)'"
        var folder: RepoPath?
        for component in components.prefix(pattern.fixedCount) {
            folder = try folder?.appending(component: component) ?? RepoPath(validating: component)
            if let folder, let producer = producers[folder] {
                throw StoreError.stageFile(
                    pattern.place,
                    "\(shown), which lies in '\(folder)', what stage '\(producer.name)' writes",
                    advice: "list '\(folder)' itself: what it will hold is not known beforehand")
            }
        }
        // A name that only looks like a pattern.
        let parent = try list(pattern.path.parent)
        if producers[pattern.path] != nil
            || parent.contains(where: { name(of: $0) == pattern.path.lastComponent })
        {
            return [pattern.path]
        }
        let glob = Glob(pattern.path.bytes)
        var found = Set(producers.keys.filter { glob.matches($0.components.map { $0[...] }) })
        seen = 0
        try walk(folder, pattern, glob, into: &found)
        guard !found.isEmpty else {
            throw StoreError.stageFile(
                pattern.place, "\(shown), which nothing matches",
                advice:
                    "correct the pattern, or bring the files here: 'mlstore pull', 'mlstore add'")
        }
        return found.sorted()
    }

    private mutating func walk(
        _ folder: RepoPath?, _ pattern: DependencyPattern, _ glob: Glob,
        into found: inout Set<RepoPath>
    ) throws {
        let components = pattern.path.components
        let depth = folder?.components.count ?? 0
        let spans = components.firstIndex(of: [0x2a, 0x2a]) ?? components.count
        guard depth < (spans < components.count ? 64 : components.count) else { return }
        // Before a `**` each level has its own pattern.
        let level = depth < spans ? components[depth] : nil
        for entry in try list(folder) {
            seen += 1
            guard seen <= DependencySearch.maximumCount else {
                throw StoreError.stageFile(
                    pattern.place, "'\(pattern.path)' looks at too many files",
                    advice: "name the folder more closely")
            }
            let name = name(of: entry)
            guard isOpen(name, to: level),
                let path = try? folder?.appending(component: name) ?? RepoPath(validating: name)
            else { continue }
            if glob.matches(path.components.map { $0[...] }) { found.insert(path) }
            guard entry.isFolder, producers[path] == nil else { continue }
            try walk(path, pattern, glob, into: &found)
        }
    }

    /// What a name on disk stands for: a pointer for the data that it points to.
    private func name(of entry: Entry) -> [UInt8] {
        let suffix = Array(Pointer.suffix.utf8)
        guard !entry.isFolder, entry.name.count > suffix.count,
            entry.name.suffix(suffix.count).elementsEqual(suffix)
        else { return entry.name }
        return Array(entry.name.dropLast(suffix.count))
    }

    /// Hidden names need a pattern that says so; git's and our own are never looked at.
    private func isOpen(_ name: [UInt8], to level: [UInt8]?) -> Bool {
        guard !Workspace.isReserved(name) else { return false }
        guard let level else { return name.first != 0x2e }
        return (name.first != 0x2e || level.first == 0x2e) && Glob(level).matchesName(name[...])
    }
}
