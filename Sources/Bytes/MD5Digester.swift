/// A running MD5: to check what others call by it. It is no protection against who means harm, and
/// never names anything of ours.
package struct MD5Digester {
    private var state = HashState()

    /// An empty hash.
    package init() { LibCrypto.md5.start(&state) }

    /// Adds `bytes`.
    package mutating func update(_ bytes: [UInt8]) {
        unsafe bytes.withUnsafeBytes {
            if unsafe !$0.isEmpty { unsafe LibCrypto.md5.update(&state, $0) }
        }
    }

    /// The 32 hexadecimal digits for everything added; the digester starts anew.
    package mutating func finish() -> String {
        let bytes = LibCrypto.md5.finish(&state, count: 16)
        LibCrypto.md5.start(&state)
        return Hex.encode(bytes)
    }
}
