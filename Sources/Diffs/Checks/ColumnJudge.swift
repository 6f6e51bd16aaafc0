import Bytes
import Tables
import Vocabulary

/// The rules about the values of one column, at most 64 of them.
///
/// What a value breaks depends on its text alone, so that the answers for the texts seen last are kept.
// Safe: tests get views only for the length of a call.
@safe struct ColumnJudge: Sendable {
    /// What a value is asked; true where it breaks that.
    typealias Test = @Sendable (UnsafeBufferPointer<UInt8>) -> Bool

    /// A test and the verdict that it is for, by place.
    @safe struct PlacedTest: Sendable {
        let place: Int
        let test: Test
    }

    let column: Int
    /// The verdicts of the tests, by place.
    let places: [Int]
    /// Tests of values that are there; bit by bit.
    private let tests: [PlacedTest]
    /// The verdict on missing values, if there is one.
    let requiredPlace: Int?
    private var cache: [(hash: Hash128, mask: UInt64)]
    /// The latest day or moment, in seconds since 1970; nil where nobody asks, or none was seen.
    private(set) var newest: Double?
    let asksForNewest: Bool

    /// How many answers all judges of a table keep, and the most that one does.
    private static let allAnswers = 1 << 21
    private static let mostAnswers = 4096

    /// One of `count` judges of a table.
    init(
        column: Int, tests: [PlacedTest], requiredPlace: Int?, asksForNewest: Bool, among count: Int
    ) {
        self.column = column
        places = tests.map(\.place)
        self.tests = tests
        self.requiredPlace = requiredPlace
        self.asksForNewest = asksForNewest
        let none = Hash128(high: 0, low: 0)
        let answers = min(ColumnJudge.mostAnswers, ColumnJudge.allAnswers / max(1, count))
        // A power of two, that a hash is cut down to.
        let size = 1 << (Int.bitWidth - 1 - max(1, answers).leadingZeroBitCount)
        cache = tests.isEmpty ? [] : Array(repeating: (none, .max), count: size)
    }

    /// Which tests a value breaks, bit by bit.
    // Unsafe: reads the view it is given.
    mutating func judge(_ text: UnsafeBufferPointer<UInt8>) -> UInt64 {
        guard !cache.isEmpty else {
            if asksForNewest { unsafe note(text) }
            return 0
        }
        let hash = unsafe xxh3Wide(buffer: UnsafeRawBufferPointer(text))
        let slot = Int(truncatingIfNeeded: hash.low) & (cache.count - 1)
        // A mask of all bits marks a place that was not used: there are 63 tests at most.
        if cache[slot].hash == hash, cache[slot].mask != .max { return cache[slot].mask }
        var mask: UInt64 = 0
        for index in tests.indices {
            let test = unsafe tests[index].test
            if unsafe test(text) { mask |= 1 << UInt64(index) }
        }
        cache[slot] = (hash, mask)
        if asksForNewest { unsafe note(text) }
        return mask
    }

    /// Takes account of the latest day or moment of other rows.
    mutating func note(newest other: Double?) {
        guard let other else { return }
        newest = max(newest ?? -.infinity, other)
    }

    private mutating func note(_ text: UnsafeBufferPointer<UInt8>) {
        if let day = unsafe FieldSyntax.date(text) {
            newest = max(newest ?? -.infinity, Double(day) * 86400)
        } else if let moment = unsafe FieldSyntax.timestamp(text) {
            newest = max(newest ?? -.infinity, Double(moment) / 1e6)
        }
    }
}

extension TableRule.Demand {
    /// What breaks a rule about single values; nil for rules of another sort. `known` are the hashes of
    /// what a rule about another table refers to.
    func test(known: Set<Hash128>?) -> ColumnJudge.Test? {
        // Unsafe: tests read the view they are given.
        switch self {
        case .type(let type): return { unsafe !type.holds(Array($0)) }
        case .range(let bounds): return { unsafe !bounds.holdsText(Array($0)) }
        case .values(let values):
            let set = Set(values.map { Array($0.utf8) })
            return { unsafe !set.contains(Array($0)) }
        case .length(let bounds):
            return { unsafe !bounds.holds($0.count { $0 & 0xc0 != 0x80 }) }
        case .pattern(let pattern): return { unsafe !pattern.matches($0) }
        case .shape(let shape): return { unsafe TextShape($0) != shape }
        case .references:
            guard let known else { return nil }
            return {
                unsafe !known.contains(xxh3Wide(buffer: UnsafeRawBufferPointer($0)))
            }
        case .rows, .key, .required, .unique, .newest, .rowChange, .drift, .advances: return nil
        }
    }
}
