import Bytes
import Platform
import Vocabulary

/// A pack of one large file that does not compress: the file itself, shared as the pack's plain
/// file, and frames that say where in it the chunks stand.
///
/// Not thread-safe.
final class PlainPack {
    private let session: StoreSession
    private let path: DiskPath
    private let plain: any DiskFile
    private let writer: PackWriter
    private var keys: [ObjectKey] = []

    /// Shares the extents of `file`, which has `sizeBytes`, or copies it when the plain file is to
    /// have a name in the work tree too; nil where neither can be.
    init?(_ file: any DiskFile, sizeBytes: Int, in session: StoreSession) throws {
        let disk = session.store.disk
        self.session = session
        path = session.nextPath(.data)
        let plainPath = StoreLayout.plainFile(of: path)
        plain = try disk.openFile(plainPath, .createNew(permissions: 0o444))
        do {
            if try !shareContent(of: file, sizeBytes: sizeBytes, with: plain) {
                guard session.store.sharing == .hardlink else {
                    try? plain.close()
                    try? disk.removeFile(plainPath)
                    return nil
                }
                try copyContent(of: file, sizeBytes: sizeBytes, to: plain)
            }
            writer = PackWriter(
                .data, nonce: session.directory.nonce,
                file: try disk.openFile(path, .createNew(permissions: 0o444)), hasPlainFile: true)
        } catch {
            try? plain.close()  // the first failure is the one to report
            throw error
        }
    }

    /// What there is to read: nobody else can change it.
    func content(sizeBytes: Int) -> BlobInput { BlobInput(plain, sizeBytes: sizeBytes) }

    /// Adds the frame of a chunk that is new to the session.
    func append(_ frame: UnsafeRawBufferPointer, _ key: ObjectKey, _ length: Int) throws {
        keys.append(key)
        try unsafe writer.append(frame, [(key, length)])
    }

    /// Makes both files last; they are published with the session's other packs.
    func seal() throws {
        try plain.sync()
        try plain.close()
        try session.add(try writer.seal(), at: path)
    }

    /// Takes back all that was put.
    func abandon() {
        writer.abandon()
        try? plain.close()
        session.put.remove(keys)
        for file in [path, StoreLayout.plainFile(of: path)] {
            try? session.store.disk.removeFile(file)  // else removed with the session
        }
    }
}

extension StoreSession {
    /// Stores a large file that does not compress as it is: without writing it again where the file
    /// system shares extents, or to be linked; nil where neither is so, or where it would not pay.
    ///
    /// It pays when most chunks are new: of a file that shares many with the store only the others
    /// should stay when it goes.
    func putBeside(
        _ file: any DiskFile, _ expected: FileStatus, _ name: String
    ) throws -> BlobReceipt? {
        guard expected.size >= plainFileMinimumBytes, store.sharing != .copy,
            try !store.compresses(BlobInput(file, sizeBytes: expected.size)),
            let pack = try guarded({ try PlainPack(file, sizeBytes: expected.size, in: self) })
        else { return nil }
        do {
            try StoreSession.compare(file, expected, name)
            let receipt = try BlobPipeline(
                self, pack.content(sizeBytes: expected.size), beside: pack
            ).run()
            guard receipt.sizeBytes == expected.size else { throw StoreError.fileChanged(name) }
            guard receipt.newBytesPlain > expected.size / 4 * 3 else {
                pack.abandon()
                return nil
            }
            try guarded { try pack.seal() }
            return receipt
        } catch {
            pack.abandon()
            throw error
        }
    }
}

extension ObjectStore {
    /// Whether samples say that a blob takes less when it is compressed.
    func compresses(_ input: BlobInput) throws -> Bool {
        var content = input.content
        let head = try content.bytes(at: 0, upTo: 1 << 20) ?? []
        let map = try unsafe head.withUnsafeBytes {
            try unsafe ContentMap(recognising: content, head: $0)
        }
        // Numbers have their own codecs, and what is in an archive is often stored already.
        if let map, map.segments.contains(where: { $0.width > 0 }) { return true }
        return try workers.withWorker { worker in
            for place in 0..<ObjectStore.samples {
                let offset =
                    (input.sizeBytes - FrameWorker.sampleBytes) / ObjectStore.samples * place
                let sample = try content.bytes(at: offset, upTo: FrameWorker.sampleBytes) ?? []
                if unsafe sample.withUnsafeBytes({ unsafe worker.compresses($0) }) { return true }
            }
            return false
        }
    }

    private static let samples = 64
}

/// Makes the empty file `target` what `file` is by sharing its extents; only what is left of a
/// block is copied. False where that cannot be done.
func shareContent(
    of file: any DiskFile, sizeBytes: Int, with target: any DiskFile
) throws -> Bool {
    let unit = try target.cloneUnit()
    let whole = sizeBytes / unit * unit
    guard whole > 0, try target.clone(0..<whole, of: file, at: 0) else { return false }
    let rest = try file.read(at: whole, count: sizeBytes - whole)
    if !rest.isEmpty { try target.write(rest, at: whole) }
    return true
}

/// Writes the first `sizeBytes` of `file` into the empty file `target`; fewer when it has no more.
private func copyContent(
    of file: any DiskFile, sizeBytes: Int, to target: any DiskFile
) throws {
    var offset = 0
    while offset < sizeBytes {
        let bytes = try file.read(at: offset, count: min(1 << 20, sizeBytes - offset))
        guard !bytes.isEmpty else { return }
        try target.write(bytes, at: offset)
        offset += bytes.count
    }
}
