import Kernels
import Testing

@Suite struct BinTests {
    private func bins(_ values: [Double], _ maximum: Int = 255) -> (NumberBins, [UInt8]) {
        let bins = NumberBins(values, maximum: maximum)
        let target = SharedBuffer<UInt8>(repeating: 99, count: values.count)
        bins.assign(values, to: target.start)
        return (bins, values.indices.map { target[$0] })
    }

    @Test func `few values have a bin each, with bounds between them`() {
        let (bins, found) = bins([3, 1, .nan, 1, 2, 3])
        #expect(bins.bounds == [1.5, 2.5])
        #expect(found == [2, 0, 3, 0, 1, 2])
        #expect(bins.missing == 3)
    }

    @Test func `zeros of either sign are one value and neighbours are told apart`() {
        #expect(bins([-0.0, 0, 1]).1 == [0, 0, 1])
        let next = (1.0).nextUp
        let (near, found) = bins([1, next])
        #expect(near.bounds == [1])
        #expect(found == [0, 1])
        let ends = [-Double.greatestFiniteMagnitude, .greatestFiniteMagnitude]
        #expect(bins(ends).0.bounds == [0])
    }

    @Test func `no values and one value make one bin`() {
        #expect(bins([]).0.count == 1)
        #expect(bins([.nan, .nan]).1 == [1, 1])
        #expect(bins([7, 7]).1 == [0, 0])
    }

    @Test func `many values make bins of about equal size`() {
        let source = RandomSource(seed: 1, purpose: "bins")
        let values = (0..<20_000).map { source.normal(at: UInt64($0)) }
        let (bins, found) = bins(values)
        #expect(bins.count == 255)
        var sizes = [Int](repeating: 0, count: 255)
        for bin in found { sizes[Int(bin)] += 1 }
        #expect(sizes.allSatisfy { $0 == 78 || $0 == 79 })
        #expect(zip(bins.bounds, bins.bounds.dropFirst()).allSatisfy { $0 < $1 })
    }

    @Test func `a value that fills a bin stands alone`() {
        let values = [Double](repeating: 0, count: 900) + (1...100).map(Double.init)
        let (bins, found) = bins(values, 5)
        #expect(bins.count == 5)
        #expect(bins.bounds[0] == 0.5)
        #expect(found.prefix(900).allSatisfy { $0 == 0 })
    }

    /// The bin of a value is the number of bounds below it.
    @Test(arguments: [1, 2, 3, 127, 128, 129, 254])
    func `values fall into the bins that their bounds say`(count: Int) {
        let bounds = (0..<count).map { Double($0) * 0.5 - 20 }
        let bins = NumberBins(bounds: bounds)
        let values = bounds.flatMap { [$0.nextDown, $0, $0.nextUp] } + [-1e300, 1e300]
        let target = SharedBuffer<UInt8>(repeating: 0, count: values.count)
        bins.assign(values, to: target.start)
        for (index, value) in values.enumerated() {
            #expect(Int(target[index]) == bounds.count { $0 < value })
        }
    }

    private func sorted(_ keys: [UInt64]) -> [UInt64] {
        SortingMemory().withKeys(keys.count) { buffer, spare in
            for (index, key) in keys.enumerated() { buffer[index] = key }
            let found = radixSort(buffer, spare, count: keys.count)
            return keys.indices.map { found[$0] }
        }
    }

    @Test(arguments: [0, 1, 100, 2049, 50_000])
    func `the radix sort is the sort`(count: Int) {
        let source = RandomSource(seed: 2, purpose: "sort")
        let wide = (0..<count).map { source.bits(at: UInt64($0)) }
        // All bits, a few in the middle, and prefixes that thousands share.
        for mask in [UInt64.max, 0xff00, 0xff00_0000_0000_00ff, 0xfff0_0000_07ff_f0ff, 0] {
            let keys = wide.map { $0 & mask }
            #expect(sorted(keys) == keys.sorted())
        }
    }

    @Test func `memory serves columns of any length in turn`() {
        let memory = SortingMemory()
        let values = (0..<5000).map { Double($0 % 700) }
        for count in [5000, 10, 3000, 0, 5000] {
            let some = Array(values.prefix(count))
            #expect(NumberBins(some, memory) == NumberBins(some))
        }
    }
}
