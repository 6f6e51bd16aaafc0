/// How a file was compressed, as its first bytes tell.
package enum Packing: Sendable, Hashable {
    /// It was not.
    case none
    /// By gzip.
    case gzip
    /// By zstd.
    case zstd

    /// How many bytes tell it.
    package static let tellingBytes = 4

    /// What the first bytes of a file tell: four, or all that it has.
    package init(firstBytes: some Collection<UInt8>) {
        let bytes = Array(firstBytes.prefix(Packing.tellingBytes))
        if bytes.starts(with: [0x1f, 0x8b]) {
            self = .gzip
        } else if bytes == [0x28, 0xb5, 0x2f, 0xfd]
            // A frame that decoders skip: some programs begin with one.
            || bytes.count == 4 && bytes[0] & 0xf0 == 0x50
                && bytes[1...] == [0x2a, 0x4d, 0x18]
        {
            self = .zstd
        } else {
            self = .none
        }
    }
}

/// Hands on the bytes pushed into it, unpacked where they begin as gzip or zstd data do.
///
/// Memory does not grow with what is unpacked: some 300 KiB, for zstd the window that its frame asks
/// for, 128 MiB at most.
package struct StreamUnpacker {
    private enum Stage {
        case undecided([UInt8])
        case plain
        case gzip(GzipUnpacker)
        case zstd(ZstdUnpacker)
    }

    private var stage = Stage.undecided([])

    /// An unpacker at the start of a file.
    package init() {}

    /// Takes the next bytes; `body` gets what they stand for, in buffers that live for the call.
    /// Throws `DecodeError` where the data are damaged, `.notFound` where the system has no zlib.
    package mutating func consume(
        _ buffer: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        switch stage {
        case .undecided(var start):
            let missing = max(0, Packing.tellingBytes - start.count)
            unsafe start.append(contentsOf: buffer.prefix(missing))
            stage = .undecided(start)
            guard start.count == Packing.tellingBytes else { return }
            unsafe try decide(start, body)
            let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer.dropFirst(missing))
            if unsafe !rest.isEmpty { unsafe try consume(rest, body) }
        case .plain: unsafe try body(buffer)
        case .gzip(let unpacker): try unsafe unpacker.consume(buffer, body)
        case .zstd(let unpacker): unsafe try unpacker.consume(buffer, body)
        }
    }

    /// Ends the file. Throws `DecodeError` where packed data end too early.
    package mutating func finish(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        if case .undecided(let start) = stage { unsafe try decide(start, body) }
        switch stage {
        case .undecided, .plain: break
        case .gzip(let unpacker): try unpacker.finish()
        case .zstd(let unpacker): try unpacker.finish()
        }
    }

    private mutating func decide(
        _ start: [UInt8], _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        switch Packing(firstBytes: start) {
        case .none: stage = .plain
        case .gzip: stage = .gzip(try GzipUnpacker())
        case .zstd: stage = .zstd(ZstdUnpacker())
        }
        // The bytes live for the call.
        unsafe try start.withUnsafeBytes { unsafe try consume($0, body) }
    }
}
