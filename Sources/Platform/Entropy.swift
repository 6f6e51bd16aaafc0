private import CPlatform
import Synchronization
import Vocabulary

/// Random bytes: for names that must be new, never for results.
package struct Entropy: Sendable {
    private let source: @Sendable (Int) -> [UInt8]

    /// The system's generator.
    package static let system = Entropy { count in
        var bytes = [UInt8](repeating: 0, count: count)
        // The call fills exactly `count` bytes; it fails only where the kernel has no generator.
        let result = unsafe mlp_random(&bytes, count)
        precondition(result == 0, "the system has random bytes")
        return bytes
    }

    /// The same bytes in the same order for the same seed: for tests and transcripts.
    package static func seeded(_ seed: UInt64) -> Entropy {
        let state = SeededState(seed)
        return Entropy { state.bytes($0) }
    }

    /// Seeded by `MLSTORE_SEED_FOR_TESTS` where that is set; else the system's. Throws `.badUsage`
    /// when the variable is no number.
    package static func fromEnvironment() throws -> Entropy {
        let name = "MLSTORE_SEED_FOR_TESTS"
        guard let text = Environment.variable(name) else { return .system }
        guard let seed = UInt64(text) else {
            throw StoreError(
                .badUsage, "cannot use \(name) '\(text)': it is no number", subject: name)
        }
        return .seeded(seed)
    }

    /// The next `count` bytes.
    package func bytes(_ count: Int) -> [UInt8] { source(count) }
}

/// SplitMix64: small, well mixed, the same everywhere.
private final class SeededState: Sendable {
    private let state: Atomic<UInt64>

    init(_ seed: UInt64) { state = Atomic(seed) }

    func bytes(_ count: Int) -> [UInt8] {
        var result: [UInt8] = []
        while result.count < count {
            let word = next()
            for shift in stride(from: UInt64(0), to: 64, by: 8) where result.count < count {
                result.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return result
    }

    private func next() -> UInt64 {
        var word = state.wrappingAdd(0x9e37_79b9_7f4a_7c15, ordering: .relaxed).newValue
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}
