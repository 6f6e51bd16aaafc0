import Bytes
import Objects
import Vocabulary

/// Frames, trees and what else stands in packs.
let objectTargets = [
    FuzzTarget("frame", parseFrame), FuzzTarget("tree", parseTree),
    FuzzTarget("recipe", parseRecipe), FuzzTarget("planes", parsePlanes),
    FuzzTarget("content", parseContent), FuzzTarget("record", parseRecord),
    FuzzTarget("pack-directory", parsePackDirectory),
]

/// A frame; its bases are whatever the first of them asks for.
@Sendable private func parseFrame(_ input: [UInt8]) throws {
    var bytes = input
    if bytes.count >= FramePrefix.sizeBytes {
        bytes.setNumber(bytes.count - FramePrefix.sizeBytes, at: 4)
        bytes.setChecksum(of: 16..<bytes.count, at: 8)
    }
    let frame = try EncodedFrame(verifying: bytes, from: "a test") { key, _ in
        [UInt8](repeating: key.digest.bytes[0], count: 100 * Int(key.digest.bytes[1]))
    }
    try require(!frame.objects.isEmpty, "a frame without objects")
    let lengths = frame.objects.reduce(0) { $0 + $1.length }
    try require(lengths <= FramePrefix.maximumPlainLength, "a frame of \(lengths) bytes")
}

/// A tree of one node: what is read is in order, and written again it is the same.
@Sendable private func parseTree(_ bytes: [UInt8]) throws {
    let id = TreeID(taggedDigest("mlstore tree 1", bytes))
    let tree = Tree(id: id) { digest in
        guard digest == id.digest else { throw StoreError(.notInStore, "no such node") }
        return bytes
    }
    let entries = try tree.entries()
    try require(
        zip(entries, entries.dropFirst()).allSatisfy { $0.path < $1.path }, "a tree out of order")
    for entry in entries {
        let parts = entry.path.bytes.split(separator: 0x2f, omittingEmptySubsequences: false)
        let isInside = parts.allSatisfy {
            !$0.isEmpty && !$0.elementsEqual([0x2e]) && !$0.elementsEqual([0x2e, 0x2e])
                && !$0.contains(0)
        }
        try require(isInside, "a tree with the path '\(entry.path)'")
    }
}

@Sendable private func parseRecipe(_ bytes: [UInt8]) throws {
    let (sizes, size) = try ObjectParsers.recipe(bytes)
    try require(sizes.reduce(0, +) == size, "a recipe whose sizes do not add up")
}

/// Planes behind a length of two bytes and one byte that says whether a base comes before them.
@Sendable private func parsePlanes(_ bytes: [UInt8]) throws {
    guard bytes.count > 3 else { return }
    let length = Int(bytes[0]) | Int(bytes[1]) << 8
    let rest = Array(bytes[3...])
    let isDifference = bytes[2] & 1 == 1
    guard !isDifference || rest.count >= length else { return }
    let plain = try ObjectParsers.floatPlanes(
        isDifference ? Array(rest[length...]) : rest, plainLength: length,
        against: isDifference ? Array(rest[..<length]) : nil)
    try require(plain.count == length, "planes of another length")
}

/// A file in pieces: each a count of zeros (3 bytes) and of bytes that follow them (2 bytes).
@Sendable private func parseContent(_ bytes: [UInt8]) throws {
    var file: [UInt8] = []
    var cursor = ByteCursor()
    while cursor.remaining(in: bytes.span) >= 5 {
        let zeros = Int(try cursor.uint16(bytes.span)) | Int(try cursor.uint8(bytes.span)) << 16
        let count = Int(try cursor.uint16(bytes.span))
        guard file.count + zeros + count <= 2 << 20 else { break }
        file += repeatElement(0, count: zeros)
        file += try cursor.bytes(min(count, cursor.remaining(in: bytes.span)), bytes.span)
    }
    let whole = file
    let segments = try ObjectParsers.contentMap(sizeBytes: whole.count) { offset, count in
        Array(whole[min(offset, whole.count)..<min(offset + count, whole.count)])
    }
    var end = 0
    for segment in segments ?? [] {
        try require(segment.range.lowerBound == end, "a segment that does not follow")
        try require(!segment.range.isEmpty, "an empty segment")
        try require([0, 2, 4, 8].contains(segment.width), "numbers of \(segment.width) bytes")
        end = segment.range.upperBound
    }
    try require(segments == nil || end == whole.count, "segments that cover something else")
}

/// A record of any kind.
@Sendable private func parseRecord(_ bytes: [UInt8]) throws {
    let json = try JSONValue(parsing: bytes)
    try parseWorkspaceRecord(json)
    let snapshot = try SnapshotRecord(json)
    let again = try SnapshotRecord(JSONValue(parsing: snapshot.json.canonical))
    try require(again == snapshot, "a snapshot that reads differently again")
}

/// The end of a pack behind its frames, which are thought to fill the first four bytes.
@Sendable private func parsePackDirectory(_ input: [UInt8]) throws {
    var bytes = input
    let trailer = bytes.count - PackFormat.trailerBytes
    guard trailer >= 0 else { return }
    bytes.setChecksum(of: 0..<trailer, at: trailer + 32)
    bytes.setChecksum(of: trailer..<(trailer + 48), at: trailer + 48)
    var cursor = ByteCursor(offset: trailer)
    let offset = Int(try cursor.uint32(bytes.span))
    let parsed = try PackTrailer(
        parsing: Array(bytes[trailer...]).span, fileSize: offset + bytes.count)
    let entries = try PackDirectory.parse(Array(bytes.prefix(trailer)).span, trailer: parsed)
    try require(entries.allSatisfy { $0.frameOffset < offset }, "a frame behind the frames")
}
