/// Philox4x32-10: a counter-based generator. Ten keyed rounds turn a 128-bit counter into 128
/// random bits, so any draw can be made on its own, by any thread.
///
/// J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw, "Parallel random numbers: as easy as
/// 1, 2, 3", SC11 (2011). Tested against the known-answer vectors of the authors' Random123.
package enum Philox {
    /// The four output words for a counter and a key.
    @inline(__always)
    package static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var state = counter
        var key = key
        for _ in 0..<9 {
            state = round(state, key)
            key &+= SIMD2(0x9e37_79b9, 0xbb67_ae85)
        }
        return round(state, key)
    }

    @inline(__always)
    private static func round(_ state: SIMD4<UInt32>, _ key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        let first = (0xd251_1f53 as UInt32).multipliedFullWidth(by: state.x)
        let second = (0xcd9e_8d57 as UInt32).multipliedFullWidth(by: state.z)
        return SIMD4(
            second.high ^ state.y ^ key.x, second.low, first.high ^ state.w ^ key.y, first.low)
    }
}
