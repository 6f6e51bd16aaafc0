import Objects
package import Platform
package import Vocabulary

/// Refuses paths that are to be written where a file system takes two of their names for one, as most on
/// macOS and Windows do: the second file would replace the first, or stand in a folder that is another.
/// `known` are files and folders that are there already, from which that is seen. `forEachPath` calls
/// its argument with each path.
///
/// Cost: two status calls for each of `known`; where one is found under other case too, all the names in
/// memory.
package func checkDistinctNames(
    beside known: Set<DiskPath>, on disk: any Disk,
    _ forEachPath: ((RepoPath) throws -> Void) throws -> Void
) throws {
    guard try known.contains(where: { try isFoundInOtherCase($0, disk) }) else { return }
    // Texts are equal when they are canonically equivalent, and so are names there.
    var names: [String: RepoPath] = [:]
    try forEachPath { path in
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

private func isFoundInOtherCase(_ place: DiskPath, _ disk: any Disk) throws -> Bool {
    let name = String(decoding: place.lastComponent, as: UTF8.self)
    let other = name == name.lowercased() ? name.uppercased() : name.lowercased()
    guard other != name,
        let found = try disk.status(of: place.parent / other, followingLinks: false)
    else { return false }
    let itself = try disk.status(of: place, followingLinks: false)
    return found.inode == itself?.inode && found.device == itself?.device
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
        var known: Set<DiskPath> = [workspace.layout.folder]
        for plan in plans where plan.writes > 0 || plan.folders > 0 {
            // What is in a folder tells of it, and what is beside it of the one above.
            var found = plan.listing.walk()
            guard known.insert(try existingFolder(of: plan.target.path)).inserted,
                let item = found.next()
            else { continue }
            known.insert(workspace.root / item.entry.path)
        }
        try checkDistinctNames(beside: known, on: workspace.disk) { body in
            for plan in plans {
                var wanted = try plan.target.walk()
                while let entry = try wanted.next() { try body(entry.path) }
            }
        }
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
