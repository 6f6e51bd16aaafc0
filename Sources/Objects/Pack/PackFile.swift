import Bytes
package import Platform
import Synchronization
package import Vocabulary

/// A pack opened for reading. Reads go through the file, not a map, so that a pack that was cut
/// short is an error and not a signal.
package final class PackFile: Sendable {
    /// The pack that the name promises.
    package let id: PackID
    /// Bytes of the file.
    package let sizeBytes: Int
    private let file: any DiskFile
    private let plain: PlainFile

    /// The name in errors.
    package var name: String { "packs/\(id.digest.hex).pack" }

    /// Opens the pack at `path`; checks nothing yet.
    package init(_ id: PackID, at path: DiskPath, on disk: any Disk) throws {
        self.id = id
        file = try disk.openFile(path, .read)
        sizeBytes = try file.status().size
        plain = PlainFile(of: path, on: disk)
    }

    deinit { try? file.close() }  // only read

    /// The frame at `offset`, of plausible length, but not yet checked. `guess` is how long it is
    /// expected to be: a good guess saves a read. One whose bytes stand in the plain file is
    /// given as one that holds them.
    func frameBytes(at offset: Int, guess: Int) throws -> [UInt8] {
        try whole(storedFrame(at: offset, guess: guess), at: offset)
    }

    /// The same, and where the frame ends in the pack.
    func frame(at offset: Int, guess: Int) throws -> (bytes: [UInt8], end: Int) {
        let stored = try storedFrame(at: offset, guess: guess)
        return (try whole(stored, at: offset), offset + stored.count)
    }

    /// The plain file; nil where the pack has none.
    func plainFile() throws -> (any DiskFile)? {
        guard try header().hasPlainFile else { return nil }
        do {
            return try plain.open()
        } catch let error as StoreError where error.kind == .notFound {
            throw StoreError.damaged(name, at: 10, "its plain file is missing", cause: error)
        }
    }

    private func whole(_ frame: [UInt8], at offset: Int) throws -> [UInt8] {
        guard PlainPlace.isNeeded(for: frame.span) else { return frame }
        do throws(FrameFault) {
            let place = try PlainPlace(checking: frame.span)
            return try place.rawFrame { try plain.read(at: $0, count: $1) }
        } catch { throw error.error(in: name, at: offset) }
    }

    /// The frame at `offset` as it stands in the pack.
    private func storedFrame(at offset: Int, guess: Int) throws -> [UInt8] {
        let wanted = max(FramePrefix.sizeBytes, guess)
        guard offset >= PackFormat.headerBytes, offset < sizeBytes else {
            throw StoreError.damaged(name, at: offset, "the file ends before it")
        }
        var bytes = try file.read(at: offset, count: min(wanted, sizeBytes - offset))
        let length: Int
        do {
            length = try FramePrefix.frameLength(startingWith: bytes.span)
        } catch { throw StoreError.damaged(name, at: offset, error.reason, cause: error) }
        guard length <= sizeBytes - offset else {
            throw StoreError.damaged(name, at: offset, "the file ends within a frame")
        }
        if bytes.count > length {
            bytes.removeLast(bytes.count - length)
        } else if bytes.count < length {
            bytes += try file.read(at: offset + bytes.count, count: length - bytes.count)
        }
        guard bytes.count == length else {
            throw StoreError.damaged(name, at: offset, "the file ends within a frame")
        }
        return bytes
    }

    /// The checked frame at `offset`, decoded.
    func frame(
        at offset: Int, guess: Int, with worker: FrameWorker, below generation: Int = .max,
        base: BaseReader
    ) throws -> DecodedFrame {
        let bytes = try frameBytes(at: offset, guess: guess)
        do {
            return try DecodedFrame(bytes, with: worker, below: generation, base: base)
        } catch { throw error.error(in: name, at: offset) }
    }

    /// What the frame at `offset` builds on; nil where it needs nothing.
    func frameBases(at offset: Int) throws -> FrameBases? {
        let bytes = try frameBytes(at: offset, guess: 4 << 10)
        do {
            return try FramePrefix(checking: bytes.span).bases(in: bytes.span)
        } catch { throw error.error(in: name, at: offset) }
    }

    /// The class in the checked header.
    package func packClass() throws -> PackClass { try header().packClass }

    private func header() throws -> (packClass: PackClass, hasPlainFile: Bool) {
        let header = try file.read(at: 0, count: PackFormat.headerBytes)
        do {
            return try PackFormat.parseHeader(header.span)
        } catch { throw error.error(in: name, at: 0) }
    }

    /// The checked trailer.
    package func trailer() throws -> PackTrailer {
        let start = sizeBytes - PackFormat.trailerBytes
        guard start >= PackFormat.headerBytes else {
            throw StoreError.damaged(name, at: sizeBytes, "the file is too short for a pack")
        }
        let bytes = try file.read(at: start, count: PackFormat.trailerBytes)
        do {
            return try PackTrailer(parsing: bytes.span, fileSize: sizeBytes)
        } catch { throw StoreError.damaged(name, at: start, error.reason, cause: error) }
    }

    /// The checked directory, in its own order.
    package func directory() throws -> [PackEntry] {
        _ = try packClass()
        let trailer = try trailer()
        let bytes = try file.read(at: trailer.directoryOffset, count: trailer.directoryBytes)
        do {
            return try PackDirectory.parse(bytes.span, trailer: trailer)
        } catch {
            throw StoreError.damaged(
                name, at: trailer.directoryOffset + error.offset, error.reason, cause: error)
        }
    }

    /// The SHA-256 of the whole file.
    func fileDigest() throws -> Digest {
        var digester = Digester()
        var offset = 0
        while true {
            let bytes = try file.read(at: offset, count: 1 << 20)
            if bytes.isEmpty { return digester.finish() }
            digester.update(bytes)
            offset += bytes.count
        }
    }
}

// MARK: - Scanning

extension PackFile {
    /// Walks the frames from the header on, without the directory, calling `body` with each frame's
    /// offset and bytes (of plausible length, not yet checked). Stops at the directory, or where
    /// the bytes make no sense; returns where that is.
    func scanFrames(_ body: (_ offset: Int, _ frame: [UInt8]) throws -> Void) throws -> Int {
        var offset = PackFormat.headerBytes
        let end = (try? trailer().directoryOffset) ?? sizeBytes
        // A pack is shorter than 4 GiB: whatever stands behind is none of it.
        while offset < end, offset <= Int(UInt32.max) {
            guard let stored = try? storedFrame(at: offset, guess: 64 << 10) else { return offset }
            // What the plain file lacks is one frame's damage.
            try body(offset, (try? whole(stored, at: offset)) ?? stored)
            offset += stored.count
        }
        return offset
    }

    /// The directory, rebuilt from the frames that are intact. Those that build on others come
    /// last: `base` reads what they build on elsewhere, and here it is found by then, if it is intact.
    func rebuiltDirectory(with workers: FrameWorkers, base: BaseReader) throws -> [PackEntry] {
        var entries: [PackEntry] = []
        var places: [ObjectKey: PackEntry] = [:]
        var built: [Int: [Int]] = [:]
        func take(_ offset: Int, _ bytes: [UInt8], _ base: BaseReader) {
            let frame = try? workers.withWorker { try DecodedFrame(bytes, with: $0, base: base) }
            guard let frame, let keys = frame.keys() else { return }
            for (ordinal, key) in keys.enumerated() {
                let entry = PackEntry(
                    key: key, frameOffset: offset, ordinal: ordinal,
                    length: frame.offsets[ordinal + 1] - frame.offsets[ordinal],
                    hasBases: frame.bases != nil)
                entries.append(entry)
                places[key] = entry
            }
        }
        func readHere(_ key: ObjectKey, _ generation: Int) throws -> [UInt8] {
            guard let entry = places[key] else { return try base(key, generation) }
            let bytes = try frameBytes(at: entry.frameOffset, guess: 64 << 10)
            let frame = try workers.withWorker {
                try DecodedFrame(bytes, with: $0, below: generation, base: readHere)
            }
            guard let object = frame.object(entry.ordinal) else {
                throw StoreError.objectMissing(key)
            }
            return object
        }
        _ = try scanFrames { offset, bytes in
            guard let prefix = try? FramePrefix(checking: bytes.span),
                let bases = try? prefix.bases(in: bytes.span)
            else { return take(offset, bytes) { key, _ in throw StoreError.objectMissing(key) } }
            built[bases.generation, default: []].append(offset)
        }
        for generation in built.keys.sorted() {
            for offset in built[generation] ?? [] {
                take(offset, try frameBytes(at: offset, guess: 64 << 10), readHere)
            }
        }
        return entries
    }
}
