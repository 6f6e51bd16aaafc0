import Bytes
import Objects
import Vocabulary

extension Tree {
    /// Every entry, those of trees in it included, in an order that the contents decide.
    func flatEntries(in store: ObjectStore) throws -> [TreeEntry] {
        try entries().flatMap { entry -> [TreeEntry] in
            guard let inner = entry.subtree else { return [entry] }
            return try store.tree(inner).flatEntries(in: store).map {
                TreeEntry(
                    path: entry.path.appending($0.path), kind: $0.kind, size: $0.size, id: $0.id)
            }
        }
    }
}

extension StageMap {
    /// The items of a source with these entries, in order. Throws `.unsupportedFile` for a name that
    /// is no text, and `.invalidPipeline` where two items have one output, or one inside another's.
    func items(in entries: [TreeEntry], stage: String) throws -> [MapItem] {
        var contents: [RepoPath: [UInt8]] = [:]
        for entry in entries where over == source ? entry.kind != .directory : true {
            guard let item = item(holding: entry.path) else { continue }
            contents[item, default: []] +=
                entry.path.bytes + [0, entry.kind.rawValue] + entry.id.bytes
        }
        var owners: [RepoPath: RepoPath] = [:]
        let items = try contents.keys.sorted().map { path in
            guard path.text != nil else { throw unusable(path) }
            let output = try output(of: path)
            if let other = owners.updateValue(path, forKey: output) {
                throw clash(other, path, output, stage)
            }
            return MapItem(path: path, output: output, digest: sha256(contents[path] ?? []))
        }
        for item in items {
            for folder in item.output.parents {
                if let other = owners[folder] { throw clash(other, item.path, folder, stage) }
            }
        }
        guard !items.isEmpty || over == source else {
            throw StoreError(
                .notFound, "stage '\(stage)' maps '\(over)', which nothing matches",
                subject: over.description,
                advice:
                    "correct the pattern, or bring the files here: 'mlstore pull', 'mlstore add'",
                safety: CommandRun.safety)
        }
        return items
    }

    private func clash(
        _ first: RepoPath, _ second: RepoPath, _ output: RepoPath, _ stage: String
    ) -> StoreError {
        StoreError(
            .invalidPipeline,
            "stage '\(stage)' writes '\(output)' for both '\(first)' and '\(second)'",
            subject: stage, advice: "name outputs by '${item.path}', which differs for each",
            safety: CommandRun.safety)
    }

    /// The entries of a target by the output that they belong to, each as seen from the target;
    /// what belongs to none is left out.
    func outputs(_ items: [MapItem], among entries: [TreeEntry]) -> [RepoPath: [TreeEntry]] {
        let known = Set(items.compactMap { $0.output.relative(to: target) })
        var found: [RepoPath: [TreeEntry]] = [:]
        for entry in entries {
            guard let owner = StageMap.owner(of: entry.path, among: known) else { continue }
            found[target.appending(owner), default: []].append(entry)
        }
        return found
    }

    /// The first path that is in no item's output.
    func stray(_ items: [MapItem], among paths: [RepoPath]) -> RepoPath? {
        let known = Set(items.compactMap { $0.output.relative(to: target) })
        return paths.first { StageMap.owner(of: $0, among: known) == nil }
    }

    private static func owner(of path: RepoPath, among known: Set<RepoPath>) -> RepoPath? {
        path.selfAndParents.first(where: known.contains)
    }
}
