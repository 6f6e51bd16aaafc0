import TestSupport
import Testing

@testable import Objects

@Suite struct SegmentCutterTests {
    /// All chunks of `bytes`, cut from buffers of some size as the pipeline does.
    private func pieces(_ bytes: [UInt8], _ map: ContentMap?, buffer: Int)
        -> [SegmentCutter.Piece]
    {
        var cutter = SegmentCutter(map)
        var pieces: [SegmentCutter.Piece] = []
        var start = 0
        var filled = 0
        while start < bytes.count {
            filled = min(bytes.count, max(filled, start) + buffer)
            unsafe bytes.withUnsafeBytes { all in
                while true {
                    let rest = unsafe UnsafeRawBufferPointer(rebasing: all[start..<filled])
                    guard
                        let piece = unsafe cutter.next(rest, isLast: filled == bytes.count)
                    else { break }
                    pieces.append(piece)
                    start += piece.length
                }
            }
        }
        return pieces
    }

    @Test func `without a map cuts are those of the chunker`() {
        var random = SmallRandom(seed: 1)
        for bytes in [random.bytes(3_000_000), random.text(1_000_000), []] {
            let plain = unsafe bytes.withUnsafeBytes { all in
                let chunker = unsafe Chunker.forContent(startingWith: all)
                var lengths: [Int] = []
                var start = 0
                while start < all.count {
                    let rest = unsafe UnsafeRawBufferPointer(rebasing: all[start...])
                    lengths.append(unsafe chunker.cut(rest))
                    start += lengths[lengths.count - 1]
                }
                return lengths
            }
            for buffer in [70_000, 1_500_000, 4_000_000] {
                let found = pieces(bytes, nil, buffer: buffer)
                #expect(found.map(\.length) == plain && found.allSatisfy { $0.width == 0 })
            }
        }
    }

    @Test func `cuts follow the map and no buffer`() throws {
        for fixture in try ContentFixture.all() {
            let map = try ContentMapTests.map(fixture.bytes)
            let found = pieces(fixture.bytes, map, buffer: 10 << 20)
            #expect(found.reduce(0) { $0 + $1.length } == fixture.bytes.count)
            #expect(pieces(fixture.bytes, map, buffer: 77_777) == found)
            // Each tensor starts a chunk, and its chunks are whole numbers of a fixed size.
            var starts: Set<Int> = []
            var offset = 0
            for piece in found {
                starts.insert(offset)
                offset += piece.length
            }
            for segment in map?.segments ?? [] { #expect(starts.contains(segment.offset)) }
        }
    }

    @Test func `a tensor has the same chunks wherever it stands`() throws {
        var random = SmallRandom(seed: 2)
        let tensor = random.weights(500_000, width: 2)
        let size = ContentMap.tensorChunkBytes
        for before in [100, 70_000, 333_333] {
            let bytes = random.bytes(before) + tensor + random.bytes(1000)
            var builder = ContentMapBuilder(sizeBytes: bytes.count)
            let isInOrder = builder.append(before, tensor.count, width: 2)
            #expect(isInOrder)
            let found = pieces(bytes, builder.finish(), buffer: 400_000)
                .filter { $0.width == 2 }.map(\.length)
            #expect(found == [size, size, size, tensor.count - 3 * size])
        }
    }

    @Test func `a blob that is longer or shorter than its map is cut to its end`() throws {
        let fixture = try ContentFixture.named("model.safetensors")
        let map = try ContentMapTests.map(fixture.bytes)
        for count in [1, 1000, fixture.bytes.count - 1, fixture.bytes.count + 500_000] {
            let bytes = Array((fixture.bytes + fixture.bytes).prefix(count))
            #expect(pieces(bytes, map, buffer: 99_999).reduce(0) { $0 + $1.length } == count)
        }
    }
}
