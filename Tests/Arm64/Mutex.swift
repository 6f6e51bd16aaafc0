struct Mutex<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    private let cell: UnsafeMutablePointer<Value>
    init(_ value: consuming sending Value) {
        cell = .allocate(capacity: 1)
        cell.initialize(to: value)
    }
    deinit { cell.deinitialize(count: 1); cell.deallocate() }
    func withLock<Result: ~Copyable, E: Error>(
        _ body: (inout sending Value) throws(E) -> sending Result
    ) throws(E) -> sending Result {
        try body(&cell.pointee)
    }
}
