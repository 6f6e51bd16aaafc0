package import Vocabulary

#if canImport(Glibc)
    import Glibc
#elseif canImport(Darwin)
    import CommonCrypto
#endif

/// A running SHA-256.
///
/// The work is done by the system's libcrypto, which uses the processor's SHA instructions. It is
/// opened on first use and not linked, because loading it costs half a millisecond that
/// `mlstore --version` should not pay; see docs/decisions/0001.
///
/// Cost: about 1.8 GB/s on one core that has SHA instructions.
package struct Digester {
    private var state = HashState()

    /// An empty hash.
    package init() {
        LibCrypto.shared.start(&state)
    }

    /// Adds the bytes of `buffer`.
    package mutating func update(buffer: UnsafeRawBufferPointer) {
        guard unsafe !buffer.isEmpty else { return }
        unsafe LibCrypto.shared.update(&state, buffer)
    }

    /// Adds `bytes`.
    package mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes { unsafe update(buffer: $0) }
    }

    /// Adds the bytes of `span`.
    package mutating func update(_ span: Span<UInt8>) {
        unsafe span.withUnsafeBytes { unsafe update(buffer: $0) }
    }

    /// Adds the UTF-8 of `text`.
    package mutating func update(text: String) { update(Array(text.utf8)) }

    /// The digest of everything added; the digester starts anew.
    package mutating func finish() -> Digest {
        let bytes = LibCrypto.shared.finish(&state, count: Digest.sizeBytes)
        let digest = Digest(at: 0, of: bytes.span)
        LibCrypto.shared.start(&state)
        return digest
    }
}

/// The SHA-256 of `bytes`.
package func sha256(_ bytes: [UInt8]) -> Digest {
    unsafe bytes.withUnsafeBytes { unsafe sha256(buffer: $0) }
}

/// The SHA-256 of the bytes of `buffer`.
package func sha256(buffer: UnsafeRawBufferPointer) -> Digest {
    var digester = Digester()
    unsafe digester.update(buffer: buffer)
    return digester.finish()
}

/// The SHA-256 of `tag`, a newline and `bytes`: a namespace of its own for each tag.
package func taggedDigest(_ tag: String, _ bytes: [UInt8]) -> Digest {
    var digester = Digester()
    digester.update(text: tag + "\n")
    digester.update(bytes)
    return digester.finish()
}

/// Room for libcrypto's `SHA256_CTX` (112 bytes; CommonCrypto's is 104) or `MD5_CTX` (92), by value, so that a
/// digester needs no heap.
struct HashState {
    typealias Block = (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)
    var first: Block = (0, 0, 0, 0, 0, 0, 0, 0)
    var second: Block = (0, 0, 0, 0, 0, 0, 0, 0)
}

#if canImport(Darwin)
    /// CommonCrypto in the same shape.
    @safe struct LibCrypto: Sendable {
        static let shared = LibCrypto(isMD5: false)
        static let md5 = LibCrypto(isMD5: true)

        private let isMD5: Bool

        func start(_ state: inout HashState) {
            unsafe withUnsafeMutableBytes(of: &state) { bytes in
                if isMD5 {
                    _ = unsafe CC_MD5_Init(
                        bytes.assumingMemoryBound(to: CC_MD5_CTX.self).baseAddress)
                } else {
                    _ = unsafe CC_SHA256_Init(
                        bytes.assumingMemoryBound(to: CC_SHA256_CTX.self).baseAddress)
                }
            }
        }

        func update(_ state: inout HashState, _ buffer: UnsafeRawBufferPointer) {
            unsafe withUnsafeMutableBytes(of: &state) { bytes in
                let context = unsafe bytes.baseAddress
                var rest = unsafe buffer
                while unsafe !rest.isEmpty {
                    let count = unsafe min(rest.count, 1 << 30)
                    if isMD5 {
                        _ = unsafe CC_MD5_Update(
                            context?.assumingMemoryBound(to: CC_MD5_CTX.self), rest.baseAddress,
                            CC_LONG(count))
                    } else {
                        _ = unsafe CC_SHA256_Update(
                            context?.assumingMemoryBound(to: CC_SHA256_CTX.self),
                            rest.baseAddress, CC_LONG(count))
                    }
                    unsafe rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                }
            }
        }

        func finish(_ state: inout HashState, count: Int) -> [UInt8] {
            var result = [UInt8](repeating: 0, count: count)
            unsafe withUnsafeMutableBytes(of: &state) { bytes in
                if isMD5 {
                    _ = unsafe CC_MD5_Final(
                        &result, bytes.assumingMemoryBound(to: CC_MD5_CTX.self).baseAddress)
                } else {
                    _ = unsafe CC_SHA256_Final(
                        &result, bytes.assumingMemoryBound(to: CC_SHA256_CTX.self).baseAddress)
                }
            }
            return result
        }
    }
#else
    /// The three functions of libcrypto that hash by one algorithm.
    ///
    /// `unsafe` here because they are C functions found by name; their signatures are those of
    /// OpenSSL's `sha.h`, unchanged since 0.9.
    @safe struct LibCrypto: Sendable {
        static let shared = LibCrypto("SHA256")
        static let md5 = LibCrypto("MD5")

        private typealias Start = @convention(c) @Sendable (UnsafeMutableRawPointer?) -> CInt
        private typealias Update =
            @convention(c) @Sendable (UnsafeMutableRawPointer?, UnsafeRawPointer?, Int) -> CInt
        private typealias Finish =
            @convention(c) @Sendable (UnsafeMutablePointer<UInt8>?, UnsafeMutableRawPointer?) ->
            CInt

        private let startFunction: Start
        private let updateFunction: Update
        private let finishFunction: Finish

        /// Without libcrypto nothing can be stored or checked: the process says so and ends.
        private init(_ algorithm: String) {
            let names = ["libcrypto.so.3", "libcrypto.so", "libcrypto.so.1.1"]
            for name in names {
                guard let handle = unsafe dlopen(name, RTLD_NOW | RTLD_LOCAL),
                    let start = unsafe dlsym(handle, algorithm + "_Init"),
                    let update = unsafe dlsym(handle, algorithm + "_Update"),
                    let finish = unsafe dlsym(handle, algorithm + "_Final")
                else { continue }
                unsafe startFunction = unsafeBitCast(start, to: Start.self)
                unsafe updateFunction = unsafeBitCast(update, to: Update.self)
                unsafe finishFunction = unsafeBitCast(finish, to: Finish.self)
                return
            }
            let message = """
                error: cannot hash: the system's libcrypto (OpenSSL) was not found
                hint: install it ('apt-get install libssl3') and try again; nothing was changed

                """
            unsafe message.utf8CString.withUnsafeBytes { text in
                _ = unsafe write(2, text.baseAddress, text.count - 1)
            }
            exit(1)
        }

        func start(_ state: inout HashState) {
            unsafe withUnsafeMutableBytes(of: &state) { bytes in
                _ = unsafe startFunction(bytes.baseAddress)
            }
        }

        func update(_ state: inout HashState, _ buffer: UnsafeRawBufferPointer) {
            unsafe withUnsafeMutableBytes(of: &state) { bytes in
                _ = unsafe updateFunction(bytes.baseAddress, buffer.baseAddress, buffer.count)
            }
        }

        /// `count` is the length of the algorithm's digests.
        func finish(_ state: inout HashState, count: Int) -> [UInt8] {
            var result = [UInt8](repeating: 0, count: count)
            unsafe withUnsafeMutableBytes(of: &state) { bytes in
                unsafe result.withUnsafeMutableBufferPointer { output in
                    _ = unsafe finishFunction(output.baseAddress, bytes.baseAddress)
                }
            }
            return result
        }
    }
#endif
