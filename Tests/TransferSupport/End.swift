import Bytes
package import Objects
import Platform
package import Remotes
package import TestSupport
package import Transfer
package import Vocabulary

/// A store on a simulated disk of its own, and how it reaches a remote.
package struct End {
    /// Where the store is.
    package let disk: SimulatedDisk
    /// The store.
    package let store: ObjectStore
    /// How it reaches the remote.
    package var context: RemoteContext

    /// A new end that shares `remote`.
    package init(_ seed: UInt64, _ remote: any Remote) throws {
        disk = SimulatedDisk()
        try disk.makeDirectories(DiskPath("/w/.mlstore/state"))
        for directory in ["/", "/w", "/w/.mlstore"] { try disk.syncDirectory(DiskPath(directory)) }
        store = try ObjectStore.create(
            at: DiskPath("/w/.mlstore/store"), on: disk, entropy: .seeded(seed), clock: .forTests,
            threads: 2)
        context = End.context(store, disk, seed, remote)
    }

    /// The end that is found on a disk; the store works on as many threads.
    package init(
        reopening disk: SimulatedDisk, _ seed: UInt64, _ remote: any Remote, threads: Int = 2
    ) throws {
        self.disk = disk
        store = try ObjectStore.open(
            at: DiskPath("/w/.mlstore/store"), on: disk, entropy: .seeded(seed), clock: .forTests,
            threads: threads)
        context = End.context(store, disk, seed, remote)
    }

    private static func context(
        _ store: ObjectStore, _ disk: SimulatedDisk, _ seed: UInt64, _ remote: any Remote
    ) -> RemoteContext {
        RemoteContext(
            store: store, disk: disk, stateDirectory: DiskPath("/w/.mlstore/state"),
            remote: remote, name: RemoteName("origin")!, clock: .forTests,
            entropy: .seeded(seed &+ 1000), threads: 2)
    }

    /// This end with another way to the remote.
    package func through(_ remote: any Remote) -> RemoteContext {
        var other = context
        other.remote = remote
        return other
    }

    /// Stores one file.
    package func add(_ bytes: [UInt8]) throws -> ContentID {
        let session = try store.beginSession()
        let receipt = try session.putBlob(bytes)
        _ = try session.commit()
        return .file(receipt.id)
    }

    /// Stores a directory with a file of each content, a link and an empty directory.
    package func addDirectory(_ contents: [[UInt8]]) throws -> ContentID {
        let session = try store.beginSession()
        var entries: [TreeEntry] = [.directory(try RepoPath("0-empty"))]
        for (number, bytes) in contents.enumerated() {
            let receipt = try session.putBlob(bytes)
            let path = try RepoPath("file-\(1000 + number)")
            entries.append(.file(path, receipt.id, size: bytes.count, executable: number == 1))
        }
        let target = try session.putBlob(Array("file-1000".utf8))
        entries.append(.symlink(try RepoPath("link"), target: target.id, size: 9))
        let tree = try session.putTree(entries)
        _ = try session.commit()
        return .directory(tree)
    }

    /// Makes a snapshot of a tree after the current head, and moves the head to it.
    package func snapshot(_ tree: ContentID, _ message: String) throws -> RecordID {
        let session = try store.beginSession()
        let before = try store.ref(.head)
        let record = SnapshotRecord(
            tree: TreeID(tree.digest), parents: before.map { [SnapshotID($0.digest)] } ?? [],
            author: "A <a@b>", message: message, time: WallClock.testMoment)
        let id = try session.putRecord(record.json)
        _ = try session.commit(refs: [RefChange(name: .head, expected: before, new: id)])
        return id
    }

    /// Makes a record that names contents, under a ref of its own id.
    package func run(_ inputs: [ContentID]) throws -> RecordID {
        let session = try store.beginSession()
        let id = try session.putRecord([
            "type": "run", "version": 1,
            "inputs": .array(inputs.map { .string($0.description) }),
        ])
        _ = try session.commit(refs: [
            RefChange(name: .run(RunID(id.digest)), expected: nil, new: id)
        ])
        return id
    }

    /// Pushes contents and all refs.
    package func pushAll(_ contents: [ContentID] = [], through remote: (any Remote)? = nil) throws
        -> PushReport
    {
        try push(selection(contents, refs: try store.refs()), to: through(remote ?? context.remote))
    }

    /// Fetches contents and all refs.
    package func fetchAll(_ contents: [ContentID] = [], through remote: (any Remote)? = nil) throws
        -> FetchReport
    {
        try fetch(selection(contents), from: through(remote ?? context.remote))
    }

    /// Contents, each under a path of its own, and refs.
    package func selection(_ contents: [ContentID], refs: [RefName: RecordID] = [:])
        -> TransferSelection
    {
        TransferSelection(contents: contents.map { (End.path(of: $0), $0) }, refs: refs)
    }

    /// The path under which exchanges have a content.
    package static func path(of content: ContentID) -> String { "path-\(content.short)" }

    /// Every file of a content, by path; the content itself under the empty name.
    package func read(_ content: ContentID) throws -> [String: [UInt8]] {
        switch content {
        case .file(let blob): return ["": try store.readBlob(blob, maximumBytes: 1 << 30)]
        case .directory(let id):
            var result: [String: [UInt8]] = [:]
            try store.tree(id).forEachEntry { entry in
                guard let blob = entry.blob else { return }
                result[entry.path.description] = try store.readBlob(blob, maximumBytes: 1 << 30)
            }
            return result
        }
    }
}

/// An empty remote on a simulated disk of its own.
package func makeRemote() throws -> (disk: SimulatedDisk, remote: FileRemote) {
    let disk = SimulatedDisk()
    return (disk, try FileRemote(directory: DiskPath("/remote"), on: disk))
}
