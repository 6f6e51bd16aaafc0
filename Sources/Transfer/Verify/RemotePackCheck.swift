import Bytes
import Objects
import Platform
import Remotes
import Vocabulary

/// Looks at packs of a remote as files: whether they are there, how long, and what is in them.
struct RemotePackCheck {
    let context: RemoteContext

    private static let pieceBytes = 8 << 20

    /// The files of packs that the remote lists, with their lengths.
    func listed() throws -> [RemoteFileName: Int] {
        var sizes: [RemoteFileName: Int] = [:]
        for item in try context.remote.list(RemoteFileName(validating: "packs")) {
            sizes[item.name] = item.size
        }
        return sizes
    }

    /// What is wrong with the length of a pack; nil for nothing. A listing may be behind: what it lacks is
    /// asked for.
    func fault(
        ofLengthOf pack: RemotePack, _ listed: [RemoteFileName: Int]
    ) throws -> (severity: VerifyProblem.Severity, message: String)? {
        let name = try pack.name()
        guard let size = try listed[name] ?? context.remote.size(name) else {
            return (.missing, "it is not there")
        }
        let end = (0..<pack.frameCount).map { pack.range(ofFrame: $0).upperBound }.max() ?? 0
        if size != pack.sizeBytes {
            return (.damaged, "it is \(size) bytes long, where the index says \(pack.sizeBytes)")
        }
        return end > size ? (.damaged, "the index names bytes behind its end") : nil
    }

    /// Calls `body` with the digest that the remote keeps of each pack, nil where it keeps none.
    func forEachStoredDigest(
        of packs: [RemotePack], _ body: (_ number: Int, Digest?) throws -> Void
    ) throws {
        let remote = context.remote
        let pool = WorkerPool(threads: context.downloads)
        let step = 4 * pool.threads
        for start in stride(from: 0, to: packs.count, by: step) {
            try SignalWatch.check()
            let end = min(start + step, packs.count)
            let digests = try pool.map(count: end - start) { index in
                try remote.storedDigest(packs[start + index].name())
            }
            for (index, digest) in digests.enumerated() { try body(start + index, digest) }
        }
    }

    /// Reads each pack and calls `body` with what is wrong with it, nil for nothing: whether its bytes
    /// have the digest that is its name, and its directory says what the index does. At most `downloads`
    /// packs are on the disk at once.
    func forEachWhole(
        of packs: [RemotePack], _ body: (_ number: Int, _ fault: String?) throws -> Void
    ) throws {
        let context = context
        let folder = context.stateDirectory / "fsck-\(Hex.encode(context.entropy.bytes(8)))"
        try context.disk.makeDirectories(folder)
        defer { try? context.disk.removeTree(folder) }
        let pool = WorkerPool(threads: context.downloads)
        for start in stride(from: 0, to: packs.count, by: pool.threads) {
            try SignalWatch.check()
            let end = min(start + pool.threads, packs.count)
            let faults = try pool.map(count: end - start) { index in
                try RemotePackCheck.fault(of: packs[start + index], context, in: folder)
            }
            for (index, fault) in faults.enumerated() { try body(start + index, fault) }
        }
    }

    private static func fault(
        of pack: RemotePack, _ context: RemoteContext, in folder: DiskPath
    ) throws -> String? {
        let path = folder / "\(pack.id.digest.hex).pack"
        defer { try? context.disk.removeFile(path) }
        do {
            var digester = Digester()
            let name = try pack.name()
            let file = try context.disk.openFile(path, .createNew(permissions: 0o600))
            defer { try? file.close() }
            for start in stride(from: 0, to: pack.sizeBytes, by: pieceBytes) {
                let range = start..<min(start + pieceBytes, pack.sizeBytes)
                let bytes = try context.remote.read(name, range: range)
                digester.update(bytes)
                try file.write(bytes, at: start)
            }
            guard digester.finish() == pack.id.digest else {
                return "its bytes are not what its name says"
            }
            let entries = try PackFile(pack.id, at: path, on: context.disk).directory()
            let known = Set(entries.map { Entry(key: $0.key, offset: $0.frameOffset) })
            for frame in 0..<pack.frameCount {
                let offset = pack.range(ofFrame: frame).lowerBound
                for object in pack.objects(ofFrame: frame)
                where !known.contains(Entry(key: pack.keys[object], offset: offset)) {
                    return "the index names \(pack.keys[object]) in it, which it does not hold"
                }
            }
            return nil
        } catch let error as StoreError where RemoteVerifier.isAboutData(error) {
            return error.message
        }
    }

    private struct Entry: Hashable {
        let key: ObjectKey
        let offset: Int
    }
}
