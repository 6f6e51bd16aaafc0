import Bytes
import Platform
package import Vocabulary

/// Reads blobs, or parts of them, a window at a time, from wherever their objects are.
///
/// Of a part only those recipe nodes and chunks are read that it lies in. Every object is checked
/// against its digest; that the chunks make the blob is checked only where all of it is read, since
/// a recipe is known by the blob and not by what it says itself.
package struct BlobParts {
    /// Reads objects, checked: the bytes of each key, in the order of the keys.
    package typealias ObjectReader = (_ keys: [ObjectKey]) throws -> [[UInt8]]

    private let windowBytes: Int
    private let read: ObjectReader

    /// So many recipe nodes are read at once.
    private static let nodesAhead = 16

    /// Reads with `read`, which is asked for chunks of about `windowBytes` together at a time.
    package init(windowBytes: Int = StreamWindow.sizeBytes, reading read: @escaping ObjectReader) {
        self.windowBytes = windowBytes
        self.read = read
    }

    /// Calls `body` with the bytes of `range`, which lies in the blob, piece by piece, in order.
    /// `key` is the blob's only chunk or its recipe; where it does not make `sizeBytes`, as whoever
    /// names the blob says, that throws `.corrupt`.
    package func forEachPiece(
        of key: ObjectKey, sizeBytes: Int, in range: Range<Int>,
        _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        let bytes = try object(key)
        guard key.kind == .recipe else {
            guard bytes.count == sizeBytes else { throw damaged(key, "it has another length") }
            return try body(bytes[range])
        }
        let recipe = try recipe(bytes, key)
        guard recipe.size == sizeBytes else { throw damaged(key, "it has another length") }
        var digest = range == 0..<recipe.size ? Digester() : nil
        var window = Window()
        func flush() throws {
            let chunks = try read(window.chunks.map { ObjectKey(.chunk, $0.digest) })
            for (chunk, bytes) in zip(window.chunks, chunks) {
                guard bytes.count == chunk.size else { throw damaged(key, "a chunk's length") }
                let start = max(0, range.lowerBound - chunk.offset)
                let end = min(chunk.size, range.upperBound - chunk.offset)
                digest?.update(bytes)
                try body(bytes[start..<end])
            }
            window = Window()
        }
        try forEachChunk(of: recipe.root, level: nil, at: 0, in: range, key) { chunk in
            window.append(chunk)
            if window.sizeBytes >= windowBytes { try flush() }
        }
        try flush()
        if let found = digest?.finish(), found != recipe.blob.digest {
            throw damaged(key, "its chunks make another blob")
        }
    }

    private struct Window {
        var chunks: [Place] = []
        var sizeBytes = 0

        mutating func append(_ chunk: Place) {
            chunks.append(chunk)
            sizeBytes += chunk.size
        }
    }

    /// An item of a recipe, and where in the blob what it makes begins.
    private struct Place {
        var digest: Digest
        var size: Int
        var offset: Int
    }

    private func forEachChunk(
        of node: RecipeFormat.Node, level: Int?, at offset: Int, in range: Range<Int>,
        _ blob: ObjectKey, _ body: (Place) throws -> Void
    ) throws {
        guard level == nil || level == node.level else { throw damaged(blob, "a node's level") }
        var wanted: [Place] = []
        var start = offset
        for item in node.items {
            if start < range.upperBound, start + item.size > range.lowerBound {
                wanted.append(Place(digest: item.digest, size: item.size, offset: start))
            }
            start += item.size
        }
        if node.level == 0 { return try wanted.forEach(body) }
        for first in stride(from: 0, to: wanted.count, by: BlobParts.nodesAhead) {
            let batch = wanted[first..<min(first + BlobParts.nodesAhead, wanted.count)]
            let nodes = try read(batch.map { ObjectKey(.recipeNode, $0.digest) })
            for (place, bytes) in zip(batch, nodes) {
                let child: RecipeFormat.Node
                do {
                    child = try RecipeFormat.decodeNode(bytes.span, size: place.size)
                } catch { throw damaged(blob, error.reason) }
                try forEachChunk(
                    of: child, level: node.level - 1, at: place.offset, in: range, blob, body)
            }
        }
    }

    private func object(_ key: ObjectKey) throws -> [UInt8] {
        guard let bytes = try read([key]).first else { throw StoreError.objectMissing(key) }
        return bytes
    }

    private func recipe(_ bytes: [UInt8], _ key: ObjectKey) throws -> RecipeFormat.Recipe {
        do {
            let recipe = try RecipeFormat.decode(bytes.span)
            guard recipe.blob.digest == key.digest else {
                throw DecodeError(at: 0, "recipe of another blob")
            }
            return recipe
        } catch let fault as DecodeError { throw damaged(key, fault.reason) }
    }

    private func damaged(_ key: ObjectKey, _ why: String) -> StoreError {
        StoreError(
            .corrupt, "\(key.kind.name) '\(key.digest.hex.prefix(12))' is damaged: \(why)",
            subject: BlobID(key.digest).description, advice: "run 'mlstore fsck'")
    }
}

extension ObjectStore {
    /// Calls `body` with the bytes of `range` of the blob, piece by piece, in order; all of it is
    /// checked as `streamBlob` says, a part as `BlobParts` does. Within some 40 MiB. `.notInStore`
    /// when something of it is not here.
    package func streamBlob(
        _ id: BlobID, sizeBytes: Int, in range: Range<Int>,
        _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        let kind: ObjectKind = contains(.chunk, id.digest) ? .chunk : .recipe
        if range == 0..<(try size(of: id)) {
            // Unsafe: the piece lives for the call, and is copied in it.
            return try unsafe streamBlob(id) { try unsafe body(Array($0)[...]) }
        }
        let parts = BlobParts { keys in
            try parallelMap(count: keys.count, threads: self.threads) { index in
                let key = keys[index]
                return try self.readObject(
                    key.kind, key.digest,
                    maximumBytes: key.kind == .chunk
                        ? FramePrefix.maximumPlainLength : ObjectStore.maximumNodeBytes)
            }
        }
        try parts.forEachPiece(
            of: ObjectKey(kind, id.digest), sizeBytes: sizeBytes, in: range, body)
    }
}
