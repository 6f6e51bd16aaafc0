import Platform
import Synchronization
import Testing

@Suite struct WorkerPoolTests {
    struct Failure: Error, Equatable { let index: Int }

    @Test(arguments: [1, 2, 7, 64])
    func `results come in order for any number of threads`(threads: Int) throws {
        for count in [0, 1, 2, 1000] {
            let results = try parallelMap(count: count, threads: threads) { $0 * $0 }
            #expect(results == (0..<count).map { $0 * $0 })
        }
    }

    @Test(arguments: [1, 2, 7])
    func `of several errors the lowest is thrown and no new work begins`(threads: Int) throws {
        let calls = Atomic<Int>(0)
        let error = #expect(throws: Failure.self) {
            try parallelForEach(count: 100_000, threads: threads) { index in
                calls.wrappingAdd(1, ordering: .relaxed)
                if index >= 50 { throw Failure(index: index) }
            }
        }
        #expect(error == Failure(index: 50))
        #expect(calls.load(ordering: .relaxed) < 50 + 1 + threads)
    }

    @Test func `each thread makes one state and keeps it`() throws {
        let made = Atomic<Int>(0)
        let sums = try WorkerPool(threads: 4).map(
            count: 1000,
            makeWorker: {
                made.wrappingAdd(1, ordering: .relaxed)
                return [Int]()
            },
            { state, index in
                state.append(index)
                return state.count
            })
        #expect(made.load(ordering: .relaxed) <= 4)
        #expect(sums.max().map { $0 >= 250 } == true)
    }

    @Test func `a pool inside a pool works`() throws {
        let nested = try parallelMap(count: 8, threads: 4) { outer in
            try parallelMap(count: 8, threads: 4) { outer * 8 + $0 }
        }
        #expect(nested.flatMap { $0 } == Array(0..<64))
    }
}
