import Bytes
package import Vocabulary

/// The objects of one frame, decoded; their lengths are known, their digests not yet checked.
struct DecodedFrame: Sendable {
    let kind: ObjectKind
    /// Where each object starts in `plain`, and behind the last its end.
    let offsets: [Int]
    let plain: [UInt8]
    let firstDigest: Digest
    /// What it was decoded against; nil where it needs nothing.
    let bases: FrameBases?

    var count: Int { offsets.count - 1 }

    /// Checks the whole frame and decodes it; `base` reads what it is decoded against. A frame that
    /// another one of `generation` builds on must be of a lower one.
    init(
        _ frame: [UInt8], with worker: FrameWorker, below generation: Int = .max, base: BaseReader
    ) throws(FrameFault) {
        let prefix = try FramePrefix(checking: frame.span)
        let lengths = try prefix.lengths(in: frame.span)
        let bases = try prefix.bases(in: frame.span)
        self.bases = bases
        guard (bases?.generation ?? 0) < generation else {
            throw .damaged(DecodeError(at: FramePrefix.sizeBytes, "it builds on what builds on it"))
        }
        let prior = try prefix.plainBases(bases, base)
        kind = prefix.kind
        firstDigest = prefix.firstDigest
        var offsets = [0]
        offsets.reserveCapacity(lengths.count + 1)
        for length in lengths { offsets.append(offsets[offsets.count - 1] + length) }
        self.offsets = offsets
        var fault: FrameFault?
        plain = unsafe [UInt8](unsafeUninitializedCapacity: prefix.plainLength) { buffer, count in
            // Unsafe: the whole buffer is written, or zeroed where decoding fails.
            let target = unsafe UnsafeMutableRawBufferPointer(
                start: buffer.baseAddress, count: prefix.plainLength)
            unsafe frame.withUnsafeBytes { source in
                do throws(FrameFault) {
                    try unsafe worker.decode(source, prefix, bases, after: prior, into: target)
                } catch {
                    fault = error
                    unsafe target.initializeMemory(as: UInt8.self, repeating: 0)
                }
            }
            count = prefix.plainLength
        }
        if let fault { throw fault }
    }

    /// The bytes of one object, or nil where there is no such.
    func object(_ ordinal: Int) -> [UInt8]? {
        guard ordinal >= 0, ordinal < count else { return nil }
        if count == 1 { return plain }  // shared, not copied
        return Array(plain[offsets[ordinal]..<offsets[ordinal + 1]])
    }

    /// The digest of one object, computed from its bytes; for a recipe, the one that it states.
    func digest(_ ordinal: Int) -> Digest? {
        guard ordinal >= 0, ordinal < count else { return nil }
        let range = offsets[ordinal]..<offsets[ordinal + 1]
        return unsafe plain.withUnsafeBytes {
            unsafe objectDigest(kind, UnsafeRawBufferPointer(rebasing: $0[range]))
        }
    }

    /// The keys of all objects, in order; nil where one cannot be computed.
    func keys() -> [ObjectKey]? {
        var keys: [ObjectKey] = []
        keys.reserveCapacity(count)
        for ordinal in 0..<count {
            guard let digest = digest(ordinal) else { return nil }
            keys.append(ObjectKey(kind, digest))
        }
        return keys
    }
}

/// The digest of an object from its bytes, as its kind says; nil for a recipe too short to state
/// its own.
func objectDigest(_ kind: ObjectKind, _ bytes: UnsafeRawBufferPointer) -> Digest? {
    if kind == .recipe {
        guard bytes.count >= Digest.sizeBytes else { return nil }
        return unsafe Digest(bytes: bytes[0..<Digest.sizeBytes])
    }
    var digester = Digester()
    if let tag = kind.digestTag { digester.update(text: tag + "\n") }
    unsafe digester.update(buffer: bytes)
    return digester.finish()
}

/// The digest of an object from its bytes, as its kind says.
package func objectDigest(_ kind: ObjectKind, _ bytes: [UInt8]) -> Digest? {
    unsafe bytes.withUnsafeBytes { unsafe objectDigest(kind, $0) }
}

/// One frame as it stands in a pack, checked and named: what Transfer copies.
package struct EncodedFrame: Sendable {
    /// The frame, from its magic number to the end of its payload.
    package let bytes: [UInt8]
    /// Its objects with their lengths, in order; at least one, all of one kind.
    package let objects: [(key: ObjectKey, length: Int)]
    /// What it is decoded against; nil where it needs nothing.
    package let bases: FrameBases?

    init(
        trusted bytes: [UInt8], _ objects: [(key: ObjectKey, length: Int)],
        bases: FrameBases? = nil
    ) {
        self.bytes = bytes
        self.objects = objects
        self.bases = bases
    }

    /// Takes over a frame that stands elsewhere, which is to be what `objects` and `bases` say; only
    /// its checksum is looked at, and that it says so too. Whoever decodes it checks the rest. Throws
    /// `.corrupt` or `.newerFormat` naming `source`.
    package init(
        copying bytes: [UInt8], of objects: [(key: ObjectKey, length: Int)], bases: FrameBases?,
        from source: String
    ) throws {
        do {
            let prefix = try FramePrefix(checking: bytes.span)
            guard prefix.count == objects.count, let first = objects.first,
                prefix.firstDigest == first.key.digest, prefix.kind == first.key.kind,
                try prefix.lengths(in: bytes.span) == objects.map(\.length),
                try prefix.bases(in: bytes.span) == bases
            else { throw FrameFault.damaged(DecodeError(at: 0, "it is not what is said of it")) }
            self.init(trusted: bytes, objects, bases: bases)
        } catch let fault as FrameFault { throw fault.error(in: source, at: 0) }
    }

    /// Takes over a frame of one object from a pack of this store, where it was verified before it was
    /// written: its checksum, which spans the object's digest too, says that it is still the same. Nil for
    /// one of several objects, which does not say their digests. Throws `.corrupt` or `.newerFormat`
    /// naming `source`.
    init?(ofOneObject bytes: [UInt8], from source: String) throws {
        do throws(FrameFault) {
            let prefix = try FramePrefix(checking: bytes.span)
            guard prefix.count == 1, prefix.codec != .beside else { return nil }
            let key = ObjectKey(prefix.kind, prefix.firstDigest)
            self.init(
                trusted: bytes, [(key, prefix.plainLength)], bases: try prefix.bases(in: bytes.span)
            )
        } catch { throw error.error(in: source, at: 0) }
    }

    /// Checks the frame completely: its checksum, that it decodes, and what its objects hash to.
    /// A recipe is trusted for its name only: reading its blob checks the rest. `base` reads what
    /// the frame is decoded against. Throws `.corrupt` or `.newerFormat` naming `source`.
    package init(
        verifying bytes: [UInt8], from source: String,
        base: BaseReader = { key, _ in throw StoreError.objectMissing(key) }
    ) throws {
        do {
            let decoded = try DecodedFrame(bytes, with: FrameWorker(), base: base)
            guard let keys = decoded.keys(), keys.first?.digest == decoded.firstDigest else {
                throw FrameFault.damaged(DecodeError(at: 32, "objects do not hash to their ids"))
            }
            self.bytes = bytes
            bases = decoded.bases
            objects = keys.enumerated().map { index, key in
                (key, decoded.offsets[index + 1] - decoded.offsets[index])
            }
        } catch let fault as FrameFault { throw fault.error(in: source, at: 0) }
    }
}
