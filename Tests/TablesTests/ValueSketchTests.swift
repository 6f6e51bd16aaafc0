import TestSupport
import Testing
import Vocabulary

@testable import Tables

@Suite struct ValueSketchTests {
    private static let limits = [31, 63, 511, 2048]

    private func sketch(of numbers: some Sequence<Double>, _ mostBins: Int) -> ValueSketch {
        var sketch = ValueSketch(mostBins: mostBins)
        for number in numbers { sketch.observe(number, times: 1) }
        return sketch
    }

    private func numbers(_ random: inout SmallRandom, spread: Int) -> [Double] {
        (0..<3_000).map { _ in
            let size = Double(1 + random.integer(in: 0..<1_000_000)) / 1_000_000
            let number = Double(
                sign: random.once(in: 2) ? .plus : .minus,
                exponent: random.integer(in: 0..<(spread + 1)), significand: size)
            return random.once(in: 50) ? 0 : number
        }
    }

    @Test(arguments: limits)
    func `any parts of the numbers give the same bins`(mostBins: Int) {
        for seed in 0..<20 {
            var random = SmallRandom(seed: UInt64(seed))
            let numbers = numbers(&random, spread: [0, 3, 40][seed % 3])
            let whole = sketch(of: numbers, mostBins)
            var parts: [ValueSketch] = []
            var rest = numbers[...]
            while !rest.isEmpty {
                let part = rest.prefix(1 + random.integer(in: 0..<900))
                rest = rest.dropFirst(part.count)
                parts.append(sketch(of: part, mostBins))
            }
            var merged = ValueSketch(mostBins: mostBins)
            for index in parts.indices.shuffled(using: &random) { merged.merge(parts[index]) }
            #expect(merged.bits == whole.bits)
            #expect(merged.sortedBins().map(\.bin) == whole.sortedBins().map(\.bin))
            #expect(merged.sortedBins().map(\.count) == whole.sortedBins().map(\.count))
        }
    }

    @Test(arguments: limits)
    func `bins are as many as may be, and hold what is near their middle`(mostBins: Int) {
        var random = SmallRandom(seed: 7)
        let numbers = numbers(&random, spread: 3).filter { $0 != 0 }.sorted()
        let sketch = sketch(of: numbers, mostBins)
        #expect(sketch.sortedBins().count <= mostBins || sketch.bits == sketch.leastBits)
        let width = Double(sign: .plus, exponent: -sketch.bits, significand: 1)
        var next = 0
        for value in sketch.values() {
            for number in numbers[next..<(next + value.count)] {
                #expect((number - value.value).magnitude <= number.magnitude * width)
            }
            next += value.count
        }
        #expect(next == numbers.count)
    }

    @Test func `tables of few columns have as many bins as ever, and of many a share`() {
        #expect(TableProfile.mostBins(columns: 1) == 2048)
        #expect(TableProfile.mostBins(columns: 1_024) == 2048)
        #expect(TableProfile.mostBins(columns: 1_025) == 1_023)
        #expect(TableProfile.mostBins(columns: 3_000) == 511)
        #expect(TableProfile.mostBins(columns: 100_000) == 31)
        #expect(TableProfile.mostBins(columns: 10_000_000) == 31)
    }
}
