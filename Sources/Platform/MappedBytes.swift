private import CPlatform

/// The bytes of an immutable file as memory, unmapped with the last reference.
///
/// `@unchecked Sendable`: the pointer and the count never change and the memory is only read.
@safe package final class MappedBytes: @unchecked Sendable {
    private let memory: UnsafeRawBufferPointer
    private let isMapped: Bool

    /// Takes over a mapping of `count` bytes made by `mlp_map`.
    init(mapped start: UnsafeMutableRawPointer, count: Int) {
        unsafe memory = UnsafeRawBufferPointer(start: start, count: count)
        isMapped = true
    }

    /// A copy of `bytes` that looks like a mapping: for simulated disks and empty files.
    package init(_ bytes: [UInt8]) {
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 16)
        unsafe copy.copyBytes(from: bytes)
        unsafe memory = UnsafeRawBufferPointer(copy)
        isMapped = false
    }

    deinit {
        if isMapped {
            let start = unsafe UnsafeMutableRawPointer(mutating: memory.baseAddress)
            unsafe mlp_unmap(start, memory.count)
        } else {
            unsafe memory.deallocate()
        }
    }

    /// The number of bytes.
    package var count: Int { unsafe memory.count }

    /// Calls `body` with the bytes, which live until it returns.
    package func withBytes<Result: ~Copyable>(
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try unsafe body(memory)
    }

    /// Calls `body` with the bytes as a span.
    package func withSpan<Result: ~Copyable>(
        _ body: (Span<UInt8>) throws -> Result
    ) rethrows -> Result {
        // The memory outlives the call, since `self` does.
        try body(unsafe Span(_unsafeBytes: memory))
    }

    /// The bytes of `range`, copied; the caller has checked that they are there.
    package func copy(_ range: Range<Int>) -> [UInt8] {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "range within the map")
        return unsafe Array(memory[range])
    }
}
