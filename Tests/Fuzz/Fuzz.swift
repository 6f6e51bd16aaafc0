#if Fuzz
    import FuzzTargets

    /// The target that the environment names.
    private let target = FuzzTarget.ofEnvironment()

    /// What libFuzzer calls with each input; it has a `main` of its own.
    @_cdecl("LLVMFuzzerTestOneInput")
    public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
        // Unsafe: libFuzzer keeps the bytes until this returns.
        target.tryOrTrap(Array(UnsafeBufferPointer(start: start, count: count)))
        return 0
    }
#else
    @main struct Fuzz {
        static func main() { print("'dev fuzz' builds this program for libFuzzer") }
    }
#endif
