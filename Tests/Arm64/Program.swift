// Prints the digests of the kernels of the processor that runs it, a line each.

@_silgen_name("arm64_write") func write(_ text: UnsafePointer<UInt8>, _ count: Int)

func print(_ name: StaticString, _ digest: UInt64) {
    var line: [UInt8] = (0..<16).map { place in
        let digit = UInt8(truncatingIfNeeded: digest >> UInt64(60 - 4 * place)) & 15
        return digit < 10 ? 0x30 + digit : 0x57 + digit
    }
    line.append(0x20)
    line += UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
    line.append(0x0a)
    line.withUnsafeBufferPointer { write($0.baseAddress!, $0.count) }
}

@_cdecl("arm64_main") func main() {
    KernelDigests(.serial) { name, digest in print(name, digest) }.run()
}
