/// Memory that a worker keeps from one frame to the next: touched once, not once a frame.
/// What it holds is not kept when it grows. Not thread-safe.
@safe final class ScratchBytes {
    private var buffer: UnsafeMutableRawBufferPointer

    init() { unsafe buffer = .init(start: nil, count: 0) }

    deinit { unsafe buffer.deallocate() }

    /// The first `count` bytes, of any content.
    func take(_ count: Int) -> UnsafeMutableRawBufferPointer {
        if unsafe buffer.count < count {
            unsafe buffer.deallocate()
            unsafe buffer = .allocate(byteCount: count, alignment: 64)
        }
        // Unsafe: the buffer is at least that long; it lives as long as this object.
        return unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[0..<count])
    }
}
