import Bytes
package import Platform
package import Vocabulary

/// A finished pack.
package struct SealedPack: Sendable {
    /// Its name: the SHA-256 of the file.
    package let id: PackID
    /// Which sort of objects it holds.
    package let packClass: PackClass
    /// Bytes of the file.
    package let sizeBytes: Int
    /// Every object in it, in the order of the frames.
    package let entries: [PackEntry]
    /// Whether it has a plain file.
    package let hasPlainFile: Bool
}

/// Writes one pack to a new file: frames in the order given, then directory and trailer.
///
/// Invariants: only whole, verified frames are appended; a file that is to last is synced before its name
/// is known; after any failure the writer is broken and every further call throws, so that a file
/// whose sync failed is abandoned and never synced again. Not thread-safe.
package final class PackWriter {
    private let file: any DiskFile
    private let packClass: PackClass
    private let hasPlainFile: Bool
    private let isDurable: Bool
    private var buffer: [UInt8]
    private var flushed = 0
    private var digester = Digester()
    private var entries: [PackEntry] = []
    private var frameCount = 0
    private var plainBytes = 0
    private var broken = false

    /// Bytes gathered before they are written.
    private static let bufferBytes = 1 << 20
    /// Bytes after which the medium may begin: the sync at the end then finds little left to do.
    private static let writtenAheadBytes = 8 << 20

    /// Starts a pack in `file`, which is new and empty. `nonce` has 16 random bytes. A pack that need
    /// not outlive a power cut is not `durable`.
    package init(
        _ packClass: PackClass, nonce: [UInt8], file: any DiskFile, hasPlainFile: Bool = false,
        durable: Bool = true
    ) {
        self.file = file
        self.packClass = packClass
        self.hasPlainFile = hasPlainFile
        isDurable = durable
        buffer = PackFormat.header(packClass, nonce: nonce, hasPlainFile: hasPlainFile)
    }

    /// Bytes so far.
    package var sizeBytes: Int { flushed + buffer.count }

    /// Whether it is time to close this pack and start another.
    package var isFull: Bool {
        sizeBytes >= PackFormat.targetBytes || entries.count >= PackFormat.targetObjects
    }

    /// Whether anything was appended.
    package var isEmpty: Bool { frameCount == 0 }

    /// Appends a frame that was verified.
    package func append(_ frame: EncodedFrame) throws {
        try unsafe frame.bytes.withUnsafeBytes {
            try unsafe append($0, frame.objects, hasBases: frame.bases != nil)
        }
    }

    /// Appends a frame of these objects; `frame` comes from a `FrameWorker`.
    func append(
        _ frame: UnsafeRawBufferPointer, _ objects: [(key: ObjectKey, length: Int)],
        hasBases: Bool = false
    ) throws {
        guard !broken else { throw StoreError.sessionOver }
        let offset = sizeBytes
        for (ordinal, object) in objects.enumerated() {
            entries.append(
                PackEntry(
                    key: object.key, frameOffset: offset, ordinal: ordinal, length: object.length,
                    hasBases: hasBases))
            plainBytes += object.length
        }
        frameCount += 1
        unsafe buffer.append(contentsOf: frame)
        if buffer.count >= PackWriter.bufferBytes { try flush() }
    }

    /// Writes directory and trailer, syncs the file if it is to last, and closes it.
    package func seal() throws -> SealedPack {
        let directoryOffset = sizeBytes
        let directory = PackDirectory.encode(entries)
        let trailer = PackTrailer(
            directoryOffset: directoryOffset, objectCount: entries.count, frameCount: frameCount,
            plainBytes: plainBytes, directoryChecksum: xxh3(directory))
        buffer += directory
        buffer += trailer.encoded
        try flush()
        try guarded {
            if isDurable { try file.sync() }
            try file.close()
        }
        broken = true
        return SealedPack(
            id: PackID(digester.finish()), packClass: packClass, sizeBytes: flushed,
            entries: entries, hasPlainFile: hasPlainFile)
    }

    /// Closes the file without finishing it.
    package func abandon() {
        broken = true
        try? file.close()  // the file is removed with its session
    }

    private func flush() throws {
        guard !broken else { throw StoreError.sessionOver }
        digester.update(buffer)
        try guarded { try file.write(buffer, at: flushed) }
        flushed += buffer.count
        let unit = PackWriter.writtenAheadBytes
        if isDurable, flushed / unit > (flushed - buffer.count) / unit { file.startWriting() }
        buffer.removeAll(keepingCapacity: true)
    }

    private func guarded(_ body: () throws -> Void) throws {
        do { try body() } catch {
            broken = true
            try? file.close()  // the first failure is the one to report
            throw error
        }
    }
}
