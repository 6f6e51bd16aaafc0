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
    private let compressor = ZstdCompressor(level: 1)
    private let decompressor = ZstdDecompressor()
    private var scratch: [UInt8] = []

    /// Encodes `plain`, the concatenation of objects of `lengths`, into the start of `output`,
    /// which has room for `frameBound`. Returns the length of the frame.
    func encode(
        _ kind: ObjectKind, _ plain: UnsafeRawBufferPointer, lengths: [Int], first: Digest,
        into output: UnsafeMutableRawBufferPointer
    ) throws -> Int {
        var prefix = FramePrefix(
            kind: kind, codec: .raw, payloadLength: 0, plainLength: plain.count,
            count: lengths.count, firstDigest: first)
        let start = FramePrefix.sizeBytes + prefix.tableLength
        // Unsafe here and below: sub-buffers of buffers whose counts bound them.
        unsafe writeTable(lengths, prefix, output)
        let room = unsafe UnsafeMutableRawBufferPointer(
            rebasing: output[start..<(start + plain.count)])
        var encoded = plain.count
        if let packed = try unsafe compressed(plain, into: room) {
            prefix.codec = .zstd
            encoded = packed
        } else {
            unsafe room.copyMemory(from: plain)
        }
        prefix.payloadLength = prefix.tableLength + encoded
        unsafe prefix.write(to: output)
        return prefix.frameLength
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

    /// The length of the verified zstd frame in `room`, or nil where compressing saves less than
    /// one part in 32, or a sample from the middle does not shrink at all.
    private func compressed(
        _ plain: UnsafeRawBufferPointer, into room: UnsafeMutableRawBufferPointer
    ) throws -> Int? {
        guard plain.count >= 64 else { return nil }
        if plain.count >= 8 * FrameWorker.sampleBytes {
            let start = plain.count / 2
            let sample = unsafe UnsafeRawBufferPointer(
                rebasing: plain[start..<(start + FrameWorker.sampleBytes)])
            let target = unsafe UnsafeMutableRawBufferPointer(
                rebasing: room[0..<(FrameWorker.sampleBytes - 64)])
            if unsafe compressor.compress(sample, into: target) == nil { return nil }
        }
        let limit = plain.count - plain.count / 32 - 1
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: room[0..<limit])
        guard let length = unsafe compressor.compress(plain, into: target) else { return nil }
        try unsafe verify(UnsafeRawBufferPointer(rebasing: target[0..<length]), plain)
        return length
    }

    static let sampleBytes = 8 << 10

    private func verify(_ encoded: UnsafeRawBufferPointer, _ plain: UnsafeRawBufferPointer) throws {
        if scratch.count < plain.count { scratch = [UInt8](repeating: 0, count: plain.count) }
        let count = plain.count
        let equal = unsafe scratch.withUnsafeMutableBytes { buffer in
            let target = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[0..<count])
            do throws(DecodeError) {
                try unsafe decompressor.decompress(encoded, into: target)
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
    /// `prefix.plainLength` long.
    func decode(
        _ frame: UnsafeRawBufferPointer, _ prefix: FramePrefix,
        into output: UnsafeMutableRawBufferPointer
    ) throws(FrameFault) {
        let start = FramePrefix.sizeBytes + prefix.tableLength
        let encoded = unsafe UnsafeRawBufferPointer(rebasing: frame[start...])
        switch prefix.codec {
        case .raw: unsafe output.copyMemory(from: encoded)
        case .zstd:
            do throws(DecodeError) {
                try unsafe decompressor.decompress(encoded, into: output)
            } catch { throw .damaged(error) }
        }
    }
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
