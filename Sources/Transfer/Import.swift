import Bytes
import GitHistory
import Objects
import Platform
import Remotes
package import Vocabulary
package import Workspaces

/// What is imported.
package struct ImportSource: Sendable {
    /// A file's URL; or the folder of a repository, or a remote.
    package var place: String
    /// What to take of the repository or remote; nil for a file's URL.
    package var path: RepoPath?
    /// A revision of the repository, or a ref of the remote; nil: the newest.
    package var revision: String?

    /// A source.
    package init(place: String, path: RepoPath? = nil, revision: String? = nil) {
        self.place = place
        self.path = path
        self.revision = revision
    }
}

/// What came of an import or update of one path.
package struct ImportedPath: Sendable {
    /// The path.
    package let path: RepoPath
    /// Its pointer now; nil where nothing had changed.
    package let added: AddedPath?
    /// Where it is from.
    package let source: PointerSource.Place
}

/// Brings a file or folder into the workspace, adds it, and keeps in its pointer where it is from.
///
/// Nothing may stand at `path`. What comes is written beside it under a temporary name and gets its
/// own when all of it is there: a failure leaves nothing.
package func importContent(
    _ source: ImportSource, to path: RepoPath, in workspace: Workspace, from directory: DiskPath,
    progress: @escaping (TransferProgress) -> Void = { _ in }
) throws -> ImportedPath {
    let target = workspace.root / path
    guard try workspace.disk.status(of: target, followingLinks: false) == nil,
        try workspace.pointer(of: path) == nil
    else {
        throw StoreError(
            .alreadyExists, "cannot import to '\(path)': something is there already",
            subject: path.description,
            advice: "'mlstore update \(path)' refreshes what was imported; choose another place "
                + "with '--output'",
            safety: "nothing was changed")
    }
    guard path.removingSuffix(Pointer.suffix) == nil else {
        throw StoreError(
            .badUsage, "cannot import to '\(path)': so end the names of pointers",
            subject: path.description, advice: "choose another name with '--output'",
            safety: "nothing was changed")
    }
    try workspace.checkAddable(path)
    var exchange = try ImportExchange(workspace: workspace, path: path, progress: progress)
    defer { exchange.clean() }
    let place = try exchange.place(of: source, from: directory)
    guard let found = try exchange.bring(place, query: exchange.query(of: source.place)) else {
        return ImportedPath(path: path, added: nil, source: place)
    }
    try workspace.disk.makeDirectories(target.parent)
    try workspace.disk.renameWithoutReplacing(exchange.temporary, to: target)
    do {
        return try exchange.add(found)
    } catch {
        try? workspace.disk.removeTree(target)  // the first failure is told
        throw error
    }
}

/// How `update` works.
package struct UpdateOptions: Sendable {
    /// Whether what was changed here since the import may be replaced; it is stored first.
    package var force: Bool
    /// The revision to follow from now on; nil: as before.
    package var revision: String?
    /// The URL, where its query was not kept.
    package var url: String?

    /// The defaults.
    package init(force: Bool = false, revision: String? = nil, url: String? = nil) {
        self.force = force
        self.revision = revision
        self.url = url
    }
}

/// Takes an imported path from its source again, if that changed: by entity tag or time of a file,
/// by commit or snapshot of a repository; one small request where it did not.
///
/// Throws `.unsavedChanges`, and changes nothing, where the data or its pointer was changed here
/// since; with `force` what stood there is added first, so that `undo` and `checkout` bring it back.
package func update(
    _ path: RepoPath, in workspace: Workspace, options: UpdateOptions = UpdateOptions(),
    progress: @escaping (TransferProgress) -> Void = { _ in }
) throws -> ImportedPath {
    guard let source = try workspace.pointer(of: path)?.source else {
        throw StoreError(
            .badUsage, "cannot update '\(path)': its pointer names no source",
            subject: path.description, advice: "only what 'mlstore import' brought can be updated",
            safety: "nothing was changed")
    }
    let wasChanged = try isChanged(path, since: source, in: workspace)
    guard !wasChanged || options.force else { throw StoreError.changedSinceImport(path) }
    var exchange = try ImportExchange(workspace: workspace, path: path, progress: progress)
    defer { exchange.clean() }
    // What was changed is replaced though the source is as it was.
    var place = wasChanged ? source.place.ofAnyVersion : source.place
    if let revision = options.revision {
        guard case .repository(var repository) = place else { throw StoreError.noRevisions() }
        if repository.revision != revision {
            // Taken again though it may be the same commit: the pointer is to say what it follows.
            repository.revision = revision
            repository.version = nil
        }
        place = .repository(repository)
    }
    let query = try exchange.query(for: place, of: options.url)
    guard let found = try exchange.bring(place, query: query) else {
        return ImportedPath(path: path, added: nil, source: place)
    }
    // Looked at again: the download may have taken long.
    if try !options.force && isChanged(path, since: source, in: workspace) {
        throw StoreError.changedSinceImport(path)
    }
    try exchange.replace()
    return try exchange.add(found)
}

/// Whether the data or its pointer is not what was imported.
private func isChanged(
    _ path: RepoPath, since source: PointerSource, in workspace: Workspace
) throws -> Bool {
    let isModified = try status(of: [path], in: workspace).paths.contains { $0.state == .modified }
    return try isModified || workspace.pointer(of: path)?.content != source.content
}

extension PointerSource.Place {
    /// The place without what tells one version of it from another.
    fileprivate var ofAnyVersion: PointerSource.Place {
        switch self {
        case .url(var place):
            (place.etag, place.modified) = (nil, nil)
            return .url(place)
        case .repository(var place):
            place.version = nil
            return .repository(place)
        }
    }
}

/// The paths in the work tree that were imported, of those that are selected (nil: all).
package func importedPaths(
    _ selection: [RepoPath]?, in workspace: Workspace
) throws -> [RepoPath] {
    try workspace.tracked().selected(selection).compactMap { tracked in
        let source = try workspace.pointer(of: tracked.path)?.source
        return source == nil ? nil : tracked.path
    }
}

/// Takes a file from a web server, without a workspace. `output` must not exist; nothing is left of it
/// on failure.
package func getFile(
    at url: String, in directory: DiskPath, on machine: Machine, output: DiskPath?
) throws -> GetReport {
    guard let place = HTTPURL(url) else { throw StoreError.noFileURL() }
    let target = try output ?? directory / place.fileName()
    guard try machine.disk.status(of: target, followingLinks: false) == nil else {
        throw StoreError.outputExists(target)
    }
    let (temporary, file) = try makeTemporaryFile(in: target.parent, on: machine.disk)
    do {
        _ = try HTTPDownload.fromEnvironment(on: machine.disk).run(place, to: file)
        let size = try file.status().size
        try file.close()
        try machine.disk.renameWithoutReplacing(temporary, to: target)
        return GetReport(
            output: target, content: nil, files: 1, sizeBytes: size, receivedBytes: size)
    } catch {
        // The first failure is the one to report; the temporary file is only litter.
        try? machine.disk.removeFile(temporary)
        throw error
    }
}

extension ImportSource {
    /// What the path in the workspace is called where nobody says so.
    package var name: String {
        get throws {
            if let path { return String(decoding: path.lastComponent, as: UTF8.self) }
            if let (_, key) = S3Object.parts(of: place) {
                return String(key.split(separator: "/").last ?? "")
            }
            guard let url = HTTPURL(place) else { throw StoreError.noFileURL() }
            return try url.fileName()
        }
    }
}

extension HTTPURL {
    /// The last part of the path, decoded.
    fileprivate func fileName() throws -> String {
        let last = path.split(separator: "/").last.map(String.init) ?? ""
        guard let bytes = PercentEncoding.decode(last), let path = try? RepoPath(validating: bytes),
            path.parent == nil
        else {
            throw StoreError(
                .badUsage, "the URL does not end in the name of a file",
                advice: "say where to write with '--output'", safety: "nothing was changed")
        }
        return path.description
    }
}

extension StoreError {
    fileprivate static func changedSinceImport(_ path: RepoPath) -> StoreError {
        StoreError(
            .unsavedChanges, "cannot update '\(path)': it was changed here since it was imported",
            subject: path.description,
            advice:
                "'mlstore diff \(path)' shows how; 'mlstore update --force \(path)' replaces it, "
                + "after storing what is there",
            safety: "nothing was changed")
    }

    fileprivate static func noRevisions() -> StoreError {
        StoreError(
            .badUsage, "a URL has no revisions", advice: "leave '--rev' out",
            safety: "nothing was changed")
    }

    fileprivate static func noFileURL() -> StoreError {
        StoreError(
            .badUsage,
            "what to take is neither the http://, https:// or s3:// URL of a file, nor a path "
                + "in a repository",
            advice: "give a URL without user and password (~/.netrc keeps them), or a repository "
                + "and a path in it",
            safety: "nothing was changed")
    }
}

/// One import or update under way.
private struct ImportExchange {
    let workspace: Workspace
    let path: RepoPath
    let progress: (TransferProgress) -> Void
    private let folder: ImportFolder

    init(
        workspace: Workspace, path: RepoPath, progress: @escaping (TransferProgress) -> Void
    ) throws {
        self.workspace = workspace
        self.path = path
        self.progress = progress
        folder = try workspace.makeImportFolder(beside: path)
    }

    /// Where what comes is written: in a folder of its own.
    var temporary: DiskPath { folder.path / "content" }

    /// Removes what is left.
    func clean() { folder.remove() }

    // MARK: - Places

    func place(of source: ImportSource, from directory: DiskPath) throws -> PointerSource.Place {
        if let path = source.path {
            let isGit = try GitSource(source.place, on: workspace.machine) != nil
            let repository =
                isGit
                ? source.place
                : try RemoteURL(parsing: source.place, relativeTo: directory).description
            return .repository(
                .init(
                    repository: repository, path: path, revision: source.revision, version: nil))
        }
        if S3Object.parts(of: source.place) != nil {
            guard source.revision == nil else { throw StoreError.noRevisions() }
            return .url(.init(url: source.place, hadQuery: false, etag: nil, modified: nil))
        }
        guard let url = HTTPURL(source.place) else { throw StoreError.noFileURL() }
        guard source.revision == nil else {
            throw StoreError.noRevisions()
        }
        return .url(
            .init(url: url.description, hadQuery: !url.query.isEmpty, etag: nil, modified: nil))
    }

    func query(of url: String) -> String { HTTPURL(url)?.query ?? "" }

    /// The query to ask with: that of `url`, which must be the place's own.
    func query(for place: PointerSource.Place, of url: String?) throws -> String {
        guard case .url(let place) = place else { return "" }
        if let url {
            guard let whole = HTTPURL(url), whole.description == place.url else {
                throw StoreError(
                    .badUsage, "that is not the URL from which '\(path)' is: '\(place.url)'",
                    subject: path.description,
                    advice: "'mlstore rm \(path)' and 'mlstore import' take it from elsewhere",
                    safety: "nothing was changed")
            }
            return whole.query
        }
        guard !place.hadQuery else {
            throw StoreError(
                .badUsage,
                "cannot update '\(path)': its URL had a query, which may be a secret and "
                    + "was not kept",
                subject: path.description, advice: "give it again with '--url'",
                safety: "nothing was changed")
        }
        return ""
    }

    // MARK: - Bringing

    /// Writes what stands at the place under the temporary name; nil where it is still the version
    /// that the place names.
    mutating func bring(
        _ place: PointerSource.Place, query: String
    ) throws -> PointerSource.Place? {
        switch place {
        case .url(let place): try bring(place, query: query).map { .url($0) }
        case .repository(let place): try bring(place).map { .repository($0) }
        }
    }

    private func bring(
        _ place: PointerSource.URLPlace, query: String
    ) throws -> PointerSource.URLPlace? {
        if let object = try S3Object(place.url) {
            let file = try workspace.disk.openFile(temporary, .createNew(permissions: 0o644))
            let tag = try object.download(ifNot: place.etag, to: file)
            try file.close()
            guard let tag else { return nil }
            var place = place
            place.etag = tag
            return place
        }
        guard var url = HTTPURL(place.url) else { throw StoreError.noFileURL() }
        url.query = query
        let known = HTTPDownload.Version(etag: place.etag, modified: place.modified)
        let file = try workspace.disk.openFile(temporary, .createNew(permissions: 0o644))
        let found = try HTTPDownload.fromEnvironment(on: workspace.disk)
            .run(url, ifNot: known, to: file)
        try file.close()
        guard let found else { return nil }
        var place = place
        place.etag = found.etag
        place.modified = found.modified
        return place
    }

    private func bring(
        _ place: PointerSource.RepositoryPlace
    ) throws -> PointerSource.RepositoryPlace? {
        var place = place
        let version = try newestVersion(of: place)
        guard version == nil || version != place.version else { return nil }
        if let version, let git = try GitSource(place.repository, on: workspace.machine) {
            try git.withClone(of: version, beside: temporary) { clone in
                do {
                    let project = try DVCProject(
                        in: clone, named: place.repository, revision: nil, isClone: true,
                        on: workspace.machine)
                    if let project {
                        try write(place.path, of: project)
                    } else {
                        try write(place.path, of: "\(clone)", at: version)
                    }
                } catch let error as StoreError {
                    // The clone is gone when this is read.
                    throw error.naming(place.repository, insteadOf: "\(clone)")
                }
            }
        } else if let folder = try dvcFolder(place),
            let project = try DVCProject(
                in: folder, named: place.repository, revision: version, isClone: false,
                on: workspace.machine)
        {
            try write(place.path, of: project)
        } else {
            // A commit names itself; of a remote only its refs can be asked for.
            let isCommit = version.map { !$0.hasPrefix("sha256:") } ?? false
            try write(place.path, of: place.repository, at: isCommit ? version : place.revision)
        }
        place.version = version
        return place
    }

    /// The folder that the place names, if it is one of this machine with a DVC project.
    private func dvcFolder(_ place: PointerSource.RepositoryPlace) throws -> DiskPath? {
        guard let folder = try DVCProject.folder(place.repository, in: workspace.root) else {
            return nil
        }
        return try DVCProject.isOne(folder, on: workspace.disk) ? folder : nil
    }

    private func write(_ path: RepoPath, of project: DVCProject) throws {
        try DVCImport.write(
            path, of: project, to: temporary, on: workspace.machine, progress: progress)
    }

    private func write(
        _ path: RepoPath, of repository: String, at revision: String?
    ) throws {
        _ = try get(
            path, from: repository, in: workspace.root, on: workspace.machine,
            options: GetOptions(revision: revision, output: temporary), progress: progress)
    }

    /// The commit or snapshot that the place's revision is now; nil where the repository has none.
    private func newestVersion(of place: PointerSource.RepositoryPlace) throws -> String? {
        if let git = try GitSource(place.repository, on: workspace.machine) {
            return try git.commit(place.revision)
        }
        if let folder = try dvcFolder(place) {
            return try DVCProject.commit(place.revision, in: folder, on: workspace.disk)
        }
        switch try ContentPlace(
            place.repository, in: workspace.root, on: workspace.machine)
        {
        case .workspace(let other):
            guard let git = other.git else { return nil }
            if let revision = place.revision { return try git.resolve(revision).hex }
            return try git.head()?.hex
        case .remote(let url):
            guard let name = RemoteName("source") else { return nil }
            let folder = temporary.parent
            return try withScratchContext(
                url, RemoteSettings(), name, in: folder, on: workspace.machine
            ) { context in
                let ref = place.revision ?? RefName.head.description
                return try RefName(ref).flatMap { try RemoteObjects(reading: context).refs[$0] }?
                    .description
            }
        }
    }

    // MARK: - Taking over

    /// Puts what came in the place of what stands there. What is not in the store yet is stored first.
    func replace() throws {
        let disk = workspace.disk
        let target = workspace.root / path
        guard let old = try disk.status(of: target, followingLinks: false) else {
            try disk.makeDirectories(target.parent)
            return try disk.renameWithoutReplacing(temporary, to: target)
        }
        _ = try Workspaces.add([path], in: workspace)
        let isFile = try disk.status(of: temporary, followingLinks: false)?.kind == .file
        if old.kind == .file, isFile { return try disk.rename(temporary, to: target) }
        let aside = DiskPath(bytes: temporary.bytes + Array("-old".utf8))
        try disk.rename(target, to: aside)
        do {
            try disk.renameWithoutReplacing(temporary, to: target)
        } catch {
            try? disk.renameWithoutReplacing(aside, to: target)  // the first failure is told
            throw error
        }
        try disk.removeTree(aside)
    }

    func add(_ place: PointerSource.Place) throws -> ImportedPath {
        var options = AddOptions()
        options.source = place
        let report = try Workspaces.add([path], in: workspace, options: options)
        return ImportedPath(path: path, added: report.paths.first, source: place)
    }
}
