import Bytes
import TestSupport
import Testing
import Vocabulary

@testable import Objects

@Suite struct FloatPlanesTests {
    /// Encodes with as much room as the encoding could want.
    static func encode(_ plain: [UInt8], width: Int, base: [UInt8]? = nil, room: Int? = nil)
        -> [UInt8]?
    {
        var output = [UInt8](repeating: 0xee, count: room ?? plain.count + 1000)
        let length = unsafe output.withUnsafeMutableBytes { room in
            unsafe plain.withUnsafeBytes { plain in
                guard let base else {
                    return unsafe FloatPlanes().encode(plain, width: width, into: room)
                }
                return unsafe base.withUnsafeBytes { base in
                    unsafe FloatPlanes().encode(plain, width: width, against: base, into: room)
                }
            }
        }
        return length.map { Array(output.prefix($0)) }
    }

    static func decode(_ encoded: [UInt8], base: [UInt8]? = nil, count: Int) throws -> [UInt8] {
        var output = [UInt8](repeating: 0xdd, count: count)
        try unsafe output.withUnsafeMutableBytes { room in
            try unsafe encoded.withUnsafeBytes { encoded in
                guard let base else {
                    return try unsafe FloatPlanes().decode(encoded, into: room)
                }
                try unsafe base.withUnsafeBytes { base in
                    try unsafe FloatPlanes().decode(encoded, against: base, into: room)
                }
            }
        }
        return output
    }

    /// Bytes of every kind that a frame of numbers may hold.
    static func contents(_ random: inout SmallRandom, _ count: Int) -> [[UInt8]] {
        var sparse = [UInt8](repeating: 0, count: count)
        for _ in 0..<(count / 20) { sparse[random.integer(in: 0..<count)] = 0x3f }
        return [
            random.bytes(count), [UInt8](repeating: 0, count: count),
            [UInt8](repeating: 0xff, count: count), random.text(count), sparse,
            Array(random.weights(count / 4 + 1, width: 4).prefix(count)),
        ]
    }

    @Test(arguments: [2, 4, 8])
    func `numbers come out of their planes as they went in`(width: Int) throws {
        var random = SmallRandom(seed: UInt64(width))
        for count in [8, 9, 15, 63, 64, 65, 127, 1000, 4096, 40_003, 140_000] {
            for plain in FloatPlanesTests.contents(&random, count) {
                let encoded = try #require(FloatPlanesTests.encode(plain, width: width))
                #expect(try FloatPlanesTests.decode(encoded, count: count) == plain)
            }
        }
    }

    @Test(arguments: [2, 4, 8])
    func `numbers come out of the differences from their base`(width: Int) throws {
        var random = SmallRandom(seed: 10 + UInt64(width))
        for count in [8, 11, 64, 1000, 40_003, 140_000] {
            let old = FloatPlanesTests.contents(&random, count)
            let new = old.map { moved($0, &random) } + [random.bytes(count)]
            for (plain, base) in zip(new, old + [old[1]]) {
                let encoded = try #require(
                    FloatPlanesTests.encode(plain, width: width, base: base))
                #expect(try FloatPlanesTests.decode(encoded, base: base, count: count) == plain)
            }
        }
    }

    /// Some bytes changed a little.
    private func moved(_ bytes: [UInt8], _ random: inout SmallRandom) -> [UInt8] {
        bytes.map { random.once(in: 3) ? $0 &+ UInt8(random.integer(in: 0..<5)) &- 2 : $0 }
    }

    @Test func `weights of a model take two thirds, a small change of them a fifth`() throws {
        var random = SmallRandom(seed: 3)
        let old = random.weights(200_000, width: 2)
        let plain = try #require(FloatPlanesTests.encode(old, width: 2))
        #expect(plain.count < old.count * 67 / 100)
        // The lowest bit of the mantissa of every second weight.
        let new = old.enumerated().map { index, byte in index % 4 == 0 ? byte ^ 1 : byte }
        let change = try #require(FloatPlanesTests.encode(new, width: 2, base: old))
        #expect(change.count < old.count / 5)
        let same = try #require(FloatPlanesTests.encode(old, width: 2, base: old))
        #expect(same.count < 3000)
        let single = random.weights(100_000, width: 4)
        let packed = try #require(FloatPlanesTests.encode(single, width: 4))
        #expect(packed.count < single.count * 85 / 100)
    }

    @Test func `few changes cost little more than themselves`() throws {
        var random = SmallRandom(seed: 8)
        let old = random.weights(65_536, width: 4)
        var new = old
        for _ in 0..<60 { new[4 * random.integer(in: 0..<65_536)] ^= 1 }
        let change = try #require(FloatPlanesTests.encode(new, width: 4, base: old))
        #expect(change.count < 3000)
        #expect(try FloatPlanesTests.decode(change, base: old, count: new.count) == new)
    }

    @Test func `an encoding that does not fit is none`() throws {
        var random = SmallRandom(seed: 4)
        let plain = random.weights(20_000, width: 2)
        let length = try #require(FloatPlanesTests.encode(plain, width: 2)).count
        for room in [0, 1, 2, 11, 12, 13, length / 2, length - 1] {
            #expect(FloatPlanesTests.encode(plain, width: 2, room: room) == nil)
        }
        #expect(FloatPlanesTests.encode(plain, width: 2, room: length + 8192) != nil)
        let noise = random.bytes(100_000)
        #expect(FloatPlanesTests.encode(noise, width: 4, room: 99_000) == nil)
    }

    @Test func `other widths, no whole number, and a base of another length have no planes`() {
        let plain = [UInt8](repeating: 1, count: 100)
        for width in [-1, 0, 1, 3, 16] {
            #expect(FloatPlanesTests.encode(plain, width: width) == nil)
        }
        #expect(FloatPlanesTests.encode([1, 2, 3], width: 4) == nil)
        #expect(FloatPlanesTests.encode(plain, width: 4, base: Array(plain.dropLast())) == nil)
    }

    @Test func `an encoder that is used again gives the same bytes`() throws {
        var random = SmallRandom(seed: 5)
        let planes = FloatPlanes()
        var first: [Int: [UInt8]] = [:]
        let samples = [random.weights(9000, width: 2), random.bytes(700), random.text(30_000)]
        for round in 0..<9 {
            let plain = samples[round % 3]
            var room = [UInt8](repeating: 0, count: plain.count + 1000)
            let length = unsafe room.withUnsafeMutableBytes { room in
                unsafe plain.withUnsafeBytes { plain in
                    unsafe planes.encode(plain, width: 2, into: room)
                }
            }
            let encoded = Array(room.prefix(try #require(length)))
            #expect(first[round % 3, default: encoded] == encoded)
            first[round % 3] = encoded
        }
    }

    // MARK: - Damage

    private func samples() throws -> [(encoded: [UInt8], base: [UInt8]?, count: Int)] {
        var random = SmallRandom(seed: 6)
        let old = random.weights(20_000, width: 2) + [7]
        let new = old.enumerated().map { $0 % 40 == 0 ? $1 ^ 1 : $1 }
        var samples: [(encoded: [UInt8], base: [UInt8]?, count: Int)] = []
        for (width, plain) in [(2, old), (4, random.text(999)), (8, new)] {
            let encoded = try #require(FloatPlanesTests.encode(plain, width: width))
            samples.append((encoded, nil, plain.count))
        }
        let change = try #require(FloatPlanesTests.encode(new, width: 2, base: old))
        #expect(change[1] > 1, "several groups")
        return samples + [(change, old, new.count)]
    }

    @Test func `every truncation is refused`() throws {
        for (encoded, base, count) in try samples() {
            let cuts =
                Array(0..<min(300, encoded.count))
                + stride(
                    from: 300, to: encoded.count, by: 97)
            for cut in cuts {
                #expect(throws: DecodeError.self) {
                    try FloatPlanesTests.decode(
                        Array(encoded.prefix(cut)), base: base, count: count)
                }
            }
            #expect(throws: DecodeError.self) {
                try FloatPlanesTests.decode(encoded + [0], base: base, count: count)
            }
        }
    }

    @Test
    func `wrong lengths, and a base where none belongs, are refused or decode to other bytes`()
        throws
    {
        for (encoded, base, count) in try samples() {
            for wrong in [0, 1, 2, count - 1, count + 1, 2 * count] {
                #expect(throws: DecodeError.self) {
                    try FloatPlanesTests.decode(encoded, base: base, count: wrong)
                }
            }
            if let base {
                #expect(throws: DecodeError.self) {
                    try FloatPlanesTests.decode(
                        encoded, base: Array(base.dropLast()), count: count)
                }
                #expect(throws: DecodeError.self) {
                    try FloatPlanesTests.decode(encoded, count: count)
                }
            }
        }
    }

    @Test func `changed bytes never do harm`() throws {
        var random = SmallRandom(seed: 7)
        var readable = 0
        for (encoded, base, count) in try samples() {
            for _ in 0..<400 {
                var damaged = encoded
                for _ in 0...random.integer(in: 0..<3) {
                    // The tables at the start, mostly.
                    let end = random.once(in: 2) ? min(100, encoded.count) : encoded.count
                    damaged[random.integer(in: 0..<end)] = UInt8(random.integer(in: 0..<256))
                }
                do {
                    let plain = try FloatPlanesTests.decode(damaged, base: base, count: count)
                    #expect(plain.count == count)
                    readable += 1
                } catch is DecodeError {}
            }
        }
        #expect(readable > 0)
    }
}
