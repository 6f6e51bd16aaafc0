import Bytes
import TestSupport
import Testing
import Vocabulary

@testable import Objects

@Suite struct ChunkerTests {
    /// The definition of `cdc1` in its own words, a byte at a time.
    private func definedCut(_ chunker: Chunker, _ content: ArraySlice<UInt8>) -> Int {
        let limit = min(content.count, chunker.maximum)
        guard limit > chunker.minimum else { return limit }
        var hash: UInt64 = 0
        for length in (chunker.minimum - 63)...limit {
            hash = (hash << 1) &+ Gear.table[Int(content[content.startIndex + length - 1])]
            guard length >= chunker.minimum else { continue }
            let mask = length < chunker.normal ? chunker.strictMask : chunker.looseMask
            if hash & mask == 0 { return snapped(length, chunker, content, limit) }
        }
        return snapped(limit, chunker, content, limit)
    }

    private func snapped(
        _ cut: Int, _ chunker: Chunker, _ content: ArraySlice<UInt8>, _ limit: Int
    ) -> Int {
        for end in cut..<max(cut + 1, min(limit, cut + chunker.snapLimit) + 1)
        where content[content.startIndex + end - 1] == 0x0a && end <= limit
            && chunker.snapLimit > 0
        {
            return end
        }
        return cut
    }

    private func lengths(_ chunker: Chunker, _ content: [UInt8]) -> [Int] {
        var result: [Int] = []
        var position = 0
        while position < content.count {
            let length = content.withUnsafeBytes {
                chunker.cut(UnsafeRawBufferPointer(rebasing: $0[position...]))
            }
            result.append(length)
            position += length
        }
        return result
    }

    /// Cuts with never more than `buffer` bytes (at least the maximum) in hand.
    private func bufferedLengths(_ chunker: Chunker, _ content: [UInt8], _ buffer: Int) -> [Int] {
        var result: [Int] = []
        var position = 0
        while position < content.count {
            let end = min(content.count, position + buffer)
            let length = content.withUnsafeBytes {
                chunker.cut(UnsafeRawBufferPointer(rebasing: $0[position..<end]))
            }
            result.append(length)
            position += length
        }
        return result
    }

    static let small = Chunker(minimum: 128, normalBits: 9, snapLimit: 0)
    static let smallText = Chunker(minimum: 128, normalBits: 9, snapLimit: 64)

    @Test func `cuts are where the definition says`() {
        var random = SmallRandom(seed: 1)
        for chunker in [ChunkerTests.small, ChunkerTests.smallText] {
            for _ in 0..<20 {
                let content = random.once(in: 2) ? random.bytes(20_000) : random.text(20_000)
                var rest = content[...]
                while !rest.isEmpty {
                    let expected = definedCut(chunker, rest)
                    let found = Array(rest).withUnsafeBytes { chunker.cut($0) }
                    #expect(found == expected)
                    rest = rest.dropFirst(max(1, found))
                }
            }
        }
    }

    @Test func `a chunk boundary never depends on the buffer size`() {
        var random = SmallRandom(seed: 2)
        for chunker in [ChunkerTests.small, ChunkerTests.smallText] {
            let content = random.text(15_000) + random.bytes(15_000)
            let whole = lengths(chunker, content)
            for extra in 0..<200 {
                #expect(bufferedLengths(chunker, content, chunker.maximum + extra) == whole)
            }
        }
    }

    @Test func `every length is within its bounds and they make the content`() {
        var random = SmallRandom(seed: 3)
        let content = random.bytes(300_000)
        let lengths = lengths(ChunkerTests.small, content)
        #expect(lengths.reduce(0, +) == content.count)
        for length in lengths.dropLast() {
            #expect((ChunkerTests.small.minimum...ChunkerTests.small.maximum).contains(length))
        }
        let mean = content.count / lengths.count
        #expect((384...768).contains(mean), "the mean is \(mean)")
    }

    @Test func `a small edit changes the chunks around it only`() {
        var random = SmallRandom(seed: 4)
        let content = random.bytes(200_000)
        var edited = content
        edited.insert(7, at: 100_000)
        func pieces(_ bytes: [UInt8]) -> Set<[UInt8]> {
            var result = Set<[UInt8]>()
            var position = 0
            for length in lengths(ChunkerTests.small, bytes) {
                result.insert(Array(bytes[position..<(position + length)]))
                position += length
            }
            return result
        }
        #expect(pieces(edited).subtracting(pieces(content)).count <= 4)
    }

    @Test(arguments: 0...255) func `a run of one byte never meets a mask`(byte: Int) {
        let hash = 0 &- Gear.table[byte]
        for chunker in [Chunker.text, .opaque] {
            #expect(hash & chunker.looseMask != 0)
            #expect(hash & chunker.strictMask != 0)
        }
    }

    @Test func `the table is the one that the format page states`() {
        let bytes = Gear.table.prefix(256).flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
        }
        #expect(sha256(bytes).hex == ChunkerTests.goldenTable)
    }

    static let goldenTable = "a90a7c4fb7e739607d771e732cea31e43615e3803a755c8a9b3cd38ec24252ac"

    @Test func `known content is cut at known places`() {
        var random = SmallRandom(seed: 5)
        let text = random.text(600_000)
        #expect(lengths(.text, text) == ChunkerTests.goldenText)
        let opaque = random.bytes(900_000)
        #expect(lengths(.opaque, opaque) == ChunkerTests.goldenOpaque)
    }

    static let goldenText = [190_175, 338_289, 71536]
    static let goldenOpaque = [122_991, 417_693, 359_316]

    @Test func `text is cut behind newlines`() {
        var random = SmallRandom(seed: 6)
        let content = random.text(400_000)
        var position = 0
        for length in lengths(.text, content).dropLast() {
            position += length
            #expect(content[position - 1] == 0x0a)
        }
    }

    @Test func `text without newlines near a cut is cut all the same`() {
        let content = [UInt8](repeating: 0x61, count: 100_000) + SmallRandom.letters(200_000)
        #expect(lengths(.text, content).reduce(0, +) == content.count)
    }

    @Test(arguments: [
        ("a,b\n1,2\n", true), ("no newline", false), ("", false), ("a\u{0}b\n", false),
        ("a\u{7f}\n", false), ("tab\tand\r\n", true), ("größe\n", true),
    ]) func `content is text when its sample has newlines and no other controls`(
        text: String, isText: Bool
    ) {
        let chunker = Array(text.utf8).withUnsafeBytes { Chunker.forContent(startingWith: $0) }
        #expect(chunker == (isText ? .text : .opaque))
    }

    @Test func `a run of equal bytes is one chunk of the greatest size`() {
        let zeros = [UInt8](repeating: 0, count: 3 << 20)
        #expect(lengths(.opaque, zeros) == [1 << 20, 1 << 20, 1 << 20])
        #expect(lengths(.text, Array(zeros.prefix(1_500_000))) == [1 << 20, 451_424])
    }
}

extension SmallRandom {
    /// Letters only.
    static func letters(_ count: Int) -> [UInt8] {
        var random = SmallRandom(seed: 99)
        return (0..<count).map { _ in UInt8(random.integer(in: 0x61..<0x7b)) }
    }
}
