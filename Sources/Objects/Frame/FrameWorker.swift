import Bytes
import Synchronization
import Vocabulary

/// Encodes and decodes frames with reused zstd contexts: one worker a task at a time.
///
/// Invariant: every frame it returns was decoded again and compared with the plain bytes
/// ("verify before seal"), so that no encoder fault can reach a pack.
///
/// `@unchecked Sendable`: a worker is held by one task at a time, which `FrameWorkers` sees to.
final class FrameWorker: @unchecked Sendable {
    let compressor = ZstdCompressor(level: 1)
    private let decompressor = ZstdDecompressor()
    let planes = FloatPlanes()
    let choice = PlaneChoice()
    private var scratch: [UInt8] = []

    /// Encodes `plain`, the concatenation of objects of `lengths`, into the start of `output`,
    /// which has room for `frameBound`. With `prior`, builds on those bases where that takes at most
    /// half of what it would take without. Where these are numbers of `width` bytes, tries what is
    /// made for numbers. Returns the prefix, which has the length of the frame.
    func encode(
        _ kind: ObjectKind, _ plain: UnsafeRawBufferPointer, lengths: [Int], first: Digest,
        width: Int = 0, after prior: PriorBytes? = nil,
        into output: UnsafeMutableRawBufferPointer
    ) throws -> FramePrefix {
        var prefix = FramePrefix(
            kind: kind, codec: .raw, payloadLength: 0, plainLength: plain.count,
            count: lengths.count, firstDigest: first)
        let start = FramePrefix.sizeBytes + prefix.tableLength
        // Unsafe here and below: sub-buffers of buffers whose counts bound them.
        unsafe writeTable(lengths, prefix, output)
        let room = unsafe UnsafeMutableRawBufferPointer(
            rebasing: output[start..<(start + plain.count)])
        let encoded: Int
        (prefix.codec, encoded) = try unsafe encode(plain, width: width, after: prior, into: room)
        prefix.payloadLength = prefix.tableLength + encoded
        unsafe prefix.write(to: output)
        return prefix
    }

    /// Encodes into `room`, which is as long as `plain`, in the way that takes least.
    private func encode(
        _ plain: UnsafeRawBufferPointer, width: Int, after prior: PriorBytes?,
        into room: UnsafeMutableRawBufferPointer
    ) throws -> (FrameCodec, Int) {
        let numbers = unsafe choose(plain, width: width, after: prior)
        if let prior, numbers == .differences,
            let length = try unsafe differences(plain, width, prior, into: room)
        {
            return (.differences, length)
        }
        let expected = unsafe expectedLength(plain, room)
        if let prior, let length = try unsafe delta(plain, prior, limit: expected / 2, into: room) {
            return (.delta, length)
        }
        if numbers != .plain, let length = try unsafe planes(plain, width, into: room) {
            return (.planes, length)
        }
        if expected < plain.count, let length = try unsafe compressed(plain, into: room) {
            return (.zstd, length)
        }
        unsafe room.copyMemory(from: plain)
        return (.raw, plain.count)
    }

    /// How long a frame of these lengths can become at most.
    static func frameBound(plainLength: Int, count: Int) -> Int {
        FramePrefix.sizeBytes + (count > 1 ? 4 * count : 0) + plainLength
    }

    private func writeTable(
        _ lengths: [Int], _ prefix: FramePrefix, _ output: UnsafeMutableRawBufferPointer
    ) {
        guard prefix.count > 1 else { return }
        for (index, length) in lengths.enumerated() {
            unsafe output.storeBytes(
                of: UInt32(length).littleEndian, toByteOffset: FramePrefix.sizeBytes + 4 * index,
                as: UInt32.self)
        }
    }

    /// About how long `plain` will be, compressed, judged by a part from its middle; its own length
    /// where that does not shrink at all.
    private func expectedLength(
        _ plain: UnsafeRawBufferPointer, _ room: UnsafeMutableRawBufferPointer
    ) -> Int {
        guard plain.count >= 8 * FrameWorker.sampleBytes else {
            return plain.count >= 64 ? plain.count - 1 : plain.count
        }
        let start = plain.count / 2
        let sample = unsafe UnsafeRawBufferPointer(
            rebasing: plain[start..<(start + FrameWorker.sampleBytes)])
        let target = unsafe UnsafeMutableRawBufferPointer(
            rebasing: room[0..<(FrameWorker.sampleBytes - 64)])
        guard let packed = unsafe compressor.compress(sample, into: target) else {
            return plain.count
        }
        return plain.count / FrameWorker.sampleBytes * packed
    }

    static let sampleBytes = 8 << 10

    /// Whether a sample takes less when it is compressed, by what makes a frame a raw one.
    func compresses(_ sample: UnsafeRawBufferPointer) -> Bool {
        let limit = unsafe FrameWorker.limit(sample)
        guard limit > 0 else { return false }
        return unsafe withUnsafeTemporaryAllocation(byteCount: limit, alignment: 16) { room in
            unsafe compressor.compress(sample, into: room) != nil
        }
    }

    /// The length of bases and verified delta in `room`; nil where they take more than `limit`.
    private func delta(
        _ plain: UnsafeRawBufferPointer, _ prior: PriorBytes, limit: Int,
        into room: UnsafeMutableRawBufferPointer
    ) throws -> Int? {
        let header = prior.bases.encodedLength
        let limit = min(limit, room.count)
        guard limit > header else { return nil }
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: room[header..<limit])
        guard let length = unsafe compressor.compress(plain, after: prior.bytes, into: target)
        else { return nil }
        unsafe prior.bases.write(to: room)
        try unsafe verify(plain) { (output) throws(DecodeError) in
            try unsafe decompressor.decompress(
                UnsafeRawBufferPointer(rebasing: target[0..<length]), after: prior.bytes,
                into: output)
        }
        return header + length
    }

    /// What an encoding may take at most: it must save one part in 32.
    static func limit(_ plain: UnsafeRawBufferPointer) -> Int {
        plain.count - plain.count / 32 - 1
    }

    /// The length of the verified zstd frame in `room`, or nil where that saves too little.
    private func compressed(
        _ plain: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
    ) throws -> Int? {
        let limit = unsafe FrameWorker.limit(plain)
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: room[0..<limit])
        guard let length = unsafe compressor.compress(plain, into: target) else { return nil }
        try unsafe verify(plain) { (output) throws(DecodeError) in
            try unsafe decompressor.decompress(
                UnsafeRawBufferPointer(rebasing: target[0..<length]), into: output)
        }
        return length
    }

    /// Throws unless `decode` gives `plain` back.
    func verify(
        _ plain: UnsafeRawBufferPointer,
        _ decode: (UnsafeMutableRawBufferPointer) throws(DecodeError) -> Void
    ) throws {
        if scratch.count < plain.count { scratch = [UInt8](repeating: 0, count: plain.count) }
        let count = plain.count
        let equal = unsafe scratch.withUnsafeMutableBytes { buffer in
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[0..<count])
            do throws(DecodeError) {
                try unsafe decode(target)
            } catch { return false }
            return unsafe equalBytes(UnsafeRawBufferPointer(target), plain)
        }
        guard equal else {
            throw StoreError(
                .internalFault,
                "cannot store: what was compressed does not decode to the same bytes",
                advice: "check this machine's memory", safety: "nothing was stored")
        }
    }

    /// Decodes the objects of the checked frame in `frame` into the whole of `output`, which is
    /// `prefix.plainLength` long. `prior` has the bytes of its `bases`, and is empty where it has none.
    func decode(
        _ frame: UnsafeRawBufferPointer, _ prefix: FramePrefix, _ bases: FrameBases?,
        after prior: [UInt8], into output: UnsafeMutableRawBufferPointer
    ) throws(FrameFault) {
        let start =
            FramePrefix.sizeBytes + prefix.tableLength + (bases?.encodedLength ?? 0)
        let encoded = unsafe UnsafeRawBufferPointer(rebasing: frame[start...])
        do throws(DecodeError) {
            switch prefix.codec {
            case .raw: unsafe output.copyMemory(from: encoded)
            case .zstd: try unsafe decompressor.decompress(encoded, into: output)
            case .planes: try unsafe planes.decode(encoded, into: output)
            case .beside: throw DecodeError(at: 17, "its bytes stand in the file of another pack")
            case .delta, .differences:
                try unsafe decode(prefix.codec, encoded, after: prior, into: output)
            }
        } catch { throw .damaged(error) }
    }

    private func decode(
        _ codec: FrameCodec, _ encoded: UnsafeRawBufferPointer, after prior: [UInt8],
        into output: UnsafeMutableRawBufferPointer
    ) throws(DecodeError) {
        var fault: DecodeError?
        unsafe prior.withUnsafeBytes { prior in
            do throws(DecodeError) {
                if codec == .differences {
                    try unsafe planes.decode(encoded, against: prior, into: output)
                } else {
                    try unsafe decompressor.decompress(encoded, after: prior, into: output)
                }
            } catch { fault = error }
        }
        if let fault { throw fault }
    }
}

/// The bytes that a frame may build on.
@safe struct PriorBytes {
    /// Which objects they are.
    let bases: FrameBases
    /// Their bytes, one behind the other; they outlive the call.
    let bytes: UnsafeRawBufferPointer
}

/// Whether two buffers of one length hold equal bytes. Cost: about 10 GB/s.
func equalBytes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
    guard left.count == right.count else { return false }
    guard let a = left.baseAddress, let b = right.baseAddress else { return true }
    var index = 0
    // Unsafe: loads that end at or before the common count.
    while index &+ 8 <= left.count {
        if unsafe a.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            != b.loadUnaligned(fromByteOffset: index, as: UInt64.self)
        {
            return false
        }
        index &+= 8
    }
    while index < left.count {
        if unsafe a.load(fromByteOffset: index, as: UInt8.self)
            != b.load(fromByteOffset: index, as: UInt8.self)
        {
            return false
        }
        index &+= 1
    }
    return true
}

/// The idle workers of a store: as many as ever worked at once.
final class FrameWorkers: Sendable {
    private let idle = Mutex<[FrameWorker]>([])

    /// Runs `body` with a worker of its own.
    func withWorker<Result>(_ body: (FrameWorker) throws -> Result) rethrows -> Result {
        let worker = idle.withLock { $0.popLast() } ?? FrameWorker()
        defer { idle.withLock { $0.append(worker) } }
        return try body(worker)
    }
}
