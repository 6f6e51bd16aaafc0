/// Memory for a fixed number of values, aligned to cache lines, which the pieces of one
/// `ParallelExecutor.map` fill together.
///
/// `@unchecked Sendable`: within one `map` the pieces write disjoint places and read only what no
/// piece writes; the executor returns when all have, which orders one `map` after the other.
@safe package final class SharedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
    /// The number of values.
    package let count: Int
    /// The first of them, for loops that cannot afford a check a value.
    package let start: UnsafeMutablePointer<Element>

    /// `count` times the same value.
    package init(repeating value: Element, count: Int) {
        self.count = count
        let bytes = max(1, count) * MemoryLayout<Element>.stride
        // Unsafe, here and below: `count` values are allocated, initialised, and freed with self.
        unsafe start = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
            .bindMemory(to: Element.self, capacity: count)
        unsafe start.initialize(repeating: value, count: count)
    }

    /// A copy of the values.
    package convenience init(_ values: [Element]) {
        unsafe self.init(unset: values.count)
        // Unsafe: as many as were allocated.
        unsafe values.withUnsafeBufferPointer { values in
            guard let from = values.baseAddress else { return }
            unsafe start.initialize(from: from, count: values.count)
        }
    }

    /// `count` values that are not set: each must be before it is read. The memory is touched by
    /// whoever sets it, so by many threads where they do.
    @unsafe package init(unset count: Int) {
        self.count = count
        let bytes = max(1, count) * MemoryLayout<Element>.stride
        unsafe start = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
            .bindMemory(to: Element.self, capacity: count)
    }

    deinit { unsafe UnsafeMutableRawPointer(start).deallocate() }

    /// The value at an index below `count`.
    @inline(__always)
    package subscript(index: Int) -> Element {
        get {
            precondition(index >= 0 && index < count)
            return unsafe start[index]
        }
        set {
            precondition(index >= 0 && index < count)
            unsafe start[index] = newValue
        }
    }

    /// Sets all values.
    package func fill(_ value: Element) { unsafe start.update(repeating: value, count: count) }
}
