import Objects
package import Platform
package import Vocabulary

/// Refuses paths that are to stand in `folders`, or below, where a file system there takes two of their
/// names for one, as most on macOS and Windows do: the second file would replace the first, or stand in
/// a folder that is another.
///
/// Cost: four calls a folder; where one does not tell the cases apart, all the names in memory.
package func checkDistinctNames(
    _ paths: some Sequence<RepoPath>, in folders: Set<DiskPath>, on disk: any Disk
) throws {
    guard try folders.contains(where: { try !tellsCaseApart($0, disk) }) else { return }
    // Texts are equal when they are canonically equivalent, and so are names there.
    var names: [String: RepoPath] = [:]
    for path in paths {
        var prefix: RepoPath? = path
        while let part = prefix {
            let folded = String(decoding: part.bytes, as: UTF8.self).lowercased()
            if let known = names.updateValue(part, forKey: folded) {
                guard known == part else { throw StoreError.sameName(known, part) }
                break
            }
            prefix = part.parent
        }
    }
}

/// Whether `A` and `a` are two files in the folder; so where it cannot be written to, for nothing will be.
private func tellsCaseApart(_ folder: DiskPath, _ disk: any Disk) throws -> Bool {
    guard
        let (place, file) = try? makeTemporaryFile(
            in: folder, on: disk, purpose: Workspace.litterPurpose)
    else { return true }
    try file.close()
    defer { try? disk.removeFile(place) }
    let name = String(decoding: place.lastComponent, as: UTF8.self).uppercased()
    return try disk.status(of: folder / name, followingLinks: false) == nil
}

extension StoreError {
    fileprivate static func sameName(_ first: RepoPath, _ second: RepoPath) -> StoreError {
        let (first, second) = first < second ? (first, second) : (second, first)
        return StoreError(
            .unsupportedFile,
            "cannot write '\(first)' and '\(second)': the file system here takes them for one name",
            subject: second.description,
            advice: "rename one of them where both are, or work on a file system that tells upper"
                + " from lower case",
            safety: "nothing was changed")
    }
}

extension WorkTreeEdit {
    /// Refuses plans that would make one file of two.
    func checkNames(_ plans: [ContentPlan]) throws {
        var folders: Set<DiskPath> = []
        for plan in plans where !plan.writes.isEmpty || !plan.folders.isEmpty {
            folders.insert(try existingFolder(of: plan.target.path))
        }
        try checkDistinctNames(
            plans.lazy.flatMap { $0.target.entries.lazy.map(\.path) }, in: folders,
            on: workspace.disk)
    }

    /// The folder at the path, or the nearest one above it.
    private func existingFolder(of path: RepoPath) throws -> DiskPath {
        var next: RepoPath? = path
        while let folder = next {
            let place = workspace.root / folder
            let found = try workspace.disk.status(of: place, followingLinks: false)
            if found?.kind == .directory { return place }
            next = folder.parent
        }
        return workspace.root
    }
}
