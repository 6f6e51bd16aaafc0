import Bytes
import TestSupport
import Testing
import Vocabulary

@testable import Objects

@Suite struct FrameTests {
    static func solid(_ kind: ObjectKind, _ objects: [[UInt8]]) throws -> EncodedFrame {
        var group = SolidGroup(kind)
        for bytes in objects {
            let digest = try #require(objectDigest(kind, bytes))
            group.append(ObjectKey(kind, digest), bytes)
        }
        return try group.encoded(with: FrameWorker())
    }

    @Test func `objects come out of a frame as they went in`() throws {
        var random = SmallRandom(seed: 1)
        let sets: [[[UInt8]]] = [
            [[]], [[1]], [random.text(5000)], [random.bytes(5000)],
            [[], [1, 2], random.text(300), []], [random.bytes(100_000)], [random.text(200_000)],
        ]
        for objects in sets {
            let frame = try FrameTests.solid(.chunk, objects)
            let decoded = try DecodedFrame(frame.bytes, with: FrameWorker(), base: noBase)
            #expect((0..<decoded.count).map { decoded.object($0) } == objects)
            #expect(decoded.keys() == frame.objects.map(\.key))
            let verified = try EncodedFrame(verifying: frame.bytes, from: "test")
            #expect(verified.objects.map(\.key) == frame.objects.map(\.key))
            #expect(decoded.object(decoded.count) == nil)
        }
    }

    @Test func `data that does not compress is stored raw, text is not`() throws {
        var random = SmallRandom(seed: 2)
        let opaque = try FrameTests.solid(.chunk, [random.bytes(300_000)])
        #expect(opaque.bytes[17] == FrameCodec.raw.rawValue)
        #expect(opaque.bytes.count == 300_064)
        let text = try FrameTests.solid(.chunk, [random.text(300_000)])
        #expect(text.bytes[17] == FrameCodec.zstd.rawValue)
        #expect(text.bytes.count < 200_000)
    }

    @Test func `every flipped bit and every cut of a frame is rejected`() throws {
        let frame = try FrameTests.solid(.record, [Array("{}".utf8), Array("{\"a\":1}".utf8)]).bytes
        for bit in 0..<(frame.count * 8) {
            var flipped = frame
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: StoreError.self) { try EncodedFrame(verifying: flipped, from: "test") }
        }
        for length in 0..<frame.count {
            #expect(throws: StoreError.self) {
                try EncodedFrame(verifying: Array(frame.prefix(length)), from: "test")
            }
        }
    }

    /// The frame with a changed byte in its prefix and a checksum that agrees.
    private func forged(_ frame: [UInt8], _ offset: Int, _ value: UInt8) -> [UInt8] {
        var forged = frame
        forged[offset] = value
        let sum = xxh3(Array(forged[16...]))
        for index in 0..<8 {
            forged[8 + index] = UInt8(truncatingIfNeeded: sum >> UInt64(8 * index))
        }
        return forged
    }

    @Test(arguments: [
        (16, UInt8(9), "object kind 9"), (17, UInt8(7), "frame codec 7"),
        (19, UInt8(0x80), "encryption"), (18, UInt8(1), "frame flags 1"),
    ]) func `what a newer program wrote is called newer, not damaged`(
        offset: Int, value: UInt8, what: String
    ) throws {
        let frame = forged(try FrameTests.solid(.chunk, [[1, 2, 3]]).bytes, offset, value)
        let error = #expect(throws: StoreError.self) {
            try EncodedFrame(verifying: frame, from: "packs/x")
        }
        #expect(error?.kind == .newerFormat)
        #expect(error?.message.contains(what) == true)
    }

    @Test func `a forged prefix is rejected without a trap`() throws {
        let frame = try FrameTests.solid(.chunk, [[1, 2, 3], [4, 5]]).bytes
        var random = SmallRandom(seed: 3)
        for offset in 16..<72 {
            for value in [UInt8(0), 1, 0x7f, 0x80, 0xff, UInt8(random.integer(in: 0..<256))]
            where value != frame[offset] {
                #expect(throws: StoreError.self) {
                    try EncodedFrame(verifying: forged(frame, offset, value), from: "test")
                }
            }
        }
    }

    @Test func `ids are the digests that tools compute`() {
        let abc = Array("abc".utf8)
        #expect(
            objectDigest(.chunk, abc)?.hex
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(objectDigest(.record, abc) == sha256(Array("mlstore record 1\nabc".utf8)))
        #expect(objectDigest(.treeNode, abc) == sha256(Array("mlstore tree 1\nabc".utf8)))
        #expect(objectDigest(.recipeNode, abc) == sha256(Array("mlstore recipe node 1\nabc".utf8)))
        #expect(objectDigest(.recipe, abc) == nil)
    }
}
