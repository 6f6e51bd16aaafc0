import Platform
import Vocabulary

/// Folders that do not exist yet, filled under another name.
///
/// A file is made in them directly, without a temporary name of its own, and still nobody ever
/// finds half of it under its path: the folder gets its name in one step, when all is in it.
///
/// They stand in a folder `.mlstore-tmp-work-folders` beside the topmost folder that is missing, so on
/// its file system. One that an interrupted command left there is removed by the next.
struct FolderStaging {
    private static let name = temporaryNamePrefix + Workspace.litterPurpose + "folders"

    private let workspace: Workspace
    /// The temporary folders, by the folder that each is in (nil: the top of the workspace).
    private var places: [RepoPath?: DiskPath] = [:]
    private var made = 0

    init(_ workspace: Workspace) { self.workspace = workspace }

    private var disk: any Disk { workspace.disk }

    /// An empty folder that `take(_:from:)` can make `folder`, which is missing.
    mutating func stage(_ folder: RepoPath) throws -> DiskPath {
        let above = try nearestFolder(above: folder)
        let place = try places[above] ?? makePlace(in: above)
        places[above] = place
        made += 1
        let staged = place / "\(made)"
        try disk.makeDirectory(staged)
        return staged
    }

    /// Gives a filled folder its name; the folder it goes into is there.
    func take(_ folder: RepoPath, from staged: DiskPath) throws {
        do {
            try disk.renameWithoutReplacing(staged, to: workspace.root / folder)
        } catch let error as StoreError where error.kind == .alreadyExists {
            throw StoreError.somethingElse(folder)
        }
    }

    /// Removes the temporary folders with what is still in them.
    func clear() {
        // What cannot be removed now is removed by the next checkout.
        for place in places.values { try? disk.removeTree(place) }
    }

    private func nearestFolder(above folder: RepoPath) throws -> RepoPath? {
        var parent = folder.parent
        while let path = parent {
            if let found = try disk.status(of: workspace.root / path, followingLinks: false) {
                guard found.kind == .directory else { throw StoreError.noFolder(path, for: folder) }
                try workspace.checkParents(of: path)
                return path
            }
            parent = path.parent
        }
        return nil
    }

    private func makePlace(in folder: RepoPath?) throws -> DiskPath {
        let parent = folder.map { workspace.root / $0 } ?? workspace.root
        let place = parent / FolderStaging.name
        // Whoever made it is gone: we hold the workspace's lock.
        try disk.removeTree(place)
        try disk.makeDirectory(place)
        return place
    }
}
