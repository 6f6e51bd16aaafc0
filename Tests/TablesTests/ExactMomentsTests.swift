import Bytes
import Tables
import TestSupport
import Testing
import Vocabulary

@Suite struct ExactMomentsTests {
    private func moments(_ values: some Sequence<Double>) -> ExactMoments {
        var moments = ExactMoments()
        for value in values { moments.add(value) }
        return moments
    }

    private func encoded(_ moments: ExactMoments) -> [UInt8] {
        var writer = ByteWriter()
        moments.encode(to: &writer)
        return writer.bytes
    }

    private func decoded(_ bytes: [UInt8], maximum: Int = 1 << 40) throws -> ExactMoments {
        var cursor = ByteCursor()
        let found = try ExactMoments(decoding: &cursor, bytes.span, maximumCount: maximum)
        guard cursor.isAtEnd(of: bytes.span) else { throw DecodeError(at: 0, "more bytes") }
        return found
    }

    @Test func `known values`() {
        let some = moments([2, 4, 4, 4, 5, 5, 7, 9])
        #expect(some.count == 8 && some.least == 2 && some.most == 9)
        #expect(some.mean == 5 && some.standardDeviation == 2)
        #expect(ExactMoments().mean == nil && ExactMoments().standardDeviation == nil)
        #expect(moments([3]).standardDeviation == 0)
        // Nothing cancels, and nothing overflows that need not.
        #expect(moments([1e16, 1, -1e16]).mean == 1.0 / 3)
        #expect(moments([1e9 + 1, 1e9 - 1]).standardDeviation == 1)
        let huge = Double.greatestFiniteMagnitude
        #expect(moments([huge, huge, huge]).mean == huge)
        #expect(moments([-0.0]).least.sign == .plus)
        var often = ExactMoments()
        often.add(2.5, times: 3)
        often.add(7, times: 0)
        #expect(often == moments([2.5, 2.5, 2.5]))
    }

    @Test func `any order and any cut give the same bits, and the bytes give them back`() throws {
        var random = SmallRandom(seed: 4)
        for _ in 0..<60 {
            let values = (0..<(1 + Int(random.next() % 40))).map { _ in
                let scale = [1, 1e-300, 1e140, 3][Int(random.next() % 4)]
                return (Double(Int64(bitPattern: random.next()) >> 11) / 1e6) * scale
            }
            let whole = moments(values)
            let cut = Int(random.next() % UInt64(values.count + 1))
            var parts = moments(values[cut...].reversed())
            parts.merge(moments(values[..<cut]))
            #expect(parts == whole && parts.mean == whole.mean)
            #expect(parts.standardDeviation == whole.standardDeviation)
            let bytes = encoded(parts)
            #expect(bytes == encoded(whole))
            #expect(try decoded(bytes) == whole)
            for end in bytes.indices {
                #expect(throws: DecodeError.self) { try decoded(Array(bytes[..<end])) }
            }
            #expect(throws: DecodeError.self) { try decoded(bytes, maximum: values.count - 1) }
        }
        #expect(try decoded(encoded(ExactMoments())) == ExactMoments())
    }
}
