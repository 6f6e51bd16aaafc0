internal import CKernels

/// Which vector instructions of the processor loops use. All levels give the same bits: the lower
/// ones are the oracles of the higher in tests, and what older processors run.
package enum InstructionLevel: Int32, CaseIterable, Sendable {
    /// What every processor of the architecture has.
    case baseline = 0
    /// x86-64 with AVX2: registers of 32 bytes.
    case avx2 = 1
    /// x86-64 with AVX-512 F, VL, DQ and BW: registers of 64 bytes.
    case avx512 = 2

    /// The highest level of this processor.
    package static let best = InstructionLevel(rawValue: mlk_best_level()) ?? .baseline

    /// The levels of this processor, the lowest first.
    package static var available: [InstructionLevel] {
        allCases.filter { $0.rawValue <= best.rawValue }
    }
}

/// `exponential` of every value, the same bits.
package func exponentials(_ values: [Double], _ level: InstructionLevel = .best) -> [Double] {
    unsafe [Double](unsafeUninitializedCapacity: values.count) { target, count in
        unsafe values.withUnsafeBufferPointer { values in
            // Unsafe: as many values are read and written as there are.
            if let from = values.baseAddress, let to = target.baseAddress {
                unsafe mlk_exponentials(level.rawValue, from, to, values.count)
            }
        }
        count = values.count
    }
}
