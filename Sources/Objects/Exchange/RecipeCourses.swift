import Bytes
package import Vocabulary

/// How far blobs have come that arrive from elsewhere chunk by chunk: their running digests.
///
/// A recipe is put only when its chunks are known to make the blob that it names. Chunks mostly come in
/// the order of the recipe, and as they are; such ones are hashed when they pass, so that only the others are
/// read again for it (`ObjectStore.checkRecipe`). Of large ones the files are written on the way, where they
/// are wanted.
///
/// Invariants: a course holds the digest of the first `count` chunks of its recipe, all of which were
/// given to `take`; no more than `maximumChunks` chunks are kept in mind.
package struct RecipeCourses {
    /// Where a blob is.
    struct Course {
        let chunks: [Digest]
        let sizeBytes: Int
        /// How many of them have passed.
        var count = 0
        let digest = RunningDigest()
    }

    private var courses: [BlobID: Course] = [:]
    /// Who waits for a chunk as the next one.
    private var waiting: [Digest: [BlobID]] = [:]
    private var chunkCount = 0
    /// Where the files of large blobs are made; nil: nowhere.
    let files: ArrivingFiles?

    /// 32 MB of digests: of what is beyond, all is read again.
    private static let maximumChunks = 1 << 20

    /// Follows nothing yet.
    package init(files: ArrivingFiles? = nil) { self.files = files }

    /// Follows the blob of a recipe; `node` gives the recipe nodes that came with it. What is damaged,
    /// incomplete or too long is not followed: who checks the recipe says so.
    package mutating func follow(_ recipe: [UInt8], node: (Digest) -> [UInt8]?) {
        guard let recipe = try? RecipeFormat.decode(recipe.span), courses[recipe.blob] == nil,
            let chunks = chunks(below: recipe.root, node), let first = chunks.first
        else { return }
        chunkCount += chunks.count
        courses[recipe.blob] = Course(chunks: chunks, sizeBytes: recipe.size)
        waiting[first, default: []].append(recipe.blob)
    }

    private func chunks(
        below node: RecipeFormat.Node, _ find: (Digest) -> [UInt8]?
    ) -> [Digest]? {
        let room = RecipeCourses.maximumChunks - chunkCount
        guard node.level > 0 else {
            return node.items.count <= room ? node.items.map(\.digest) : nil
        }
        var found: [Digest] = []
        for item in node.items {
            guard let bytes = find(item.digest),
                let child = try? RecipeFormat.decodeNode(bytes.span, size: item.size),
                child.level == node.level - 1, let below = chunks(below: child, find),
                found.count + below.count <= room
            else { return nil }
            found += below
        }
        return found
    }

    /// Hashes a verified frame that came, for the blobs of which it holds the next chunk as it is.
    package mutating func take(_ frame: EncodedFrame) {
        guard !waiting.isEmpty, let object = frame.objects.first, frame.objects.count == 1,
            frame.holdsPlainBytes
        else { return }
        let digest = object.key.digest
        // Again, as a chunk may follow itself.
        while let blobs = waiting.removeValue(forKey: digest) {
            for blob in blobs {
                guard var course = courses[blob] else { continue }
                if course.count == 0, course.sizeBytes >= ArrivingFiles.minimumBytes {
                    files?.begin(blob)
                }
                // Unsafe: for the call only.
                unsafe frame.bytes.withUnsafeBytes {
                    let plain = unsafe UnsafeRawBufferPointer(
                        rebasing: $0[FramePrefix.sizeBytes...])
                    unsafe course.digest.update(plain)
                    unsafe files?.append(blob, plain)
                }
                course.count += 1
                courses[blob] = course
                if course.count < course.chunks.count {
                    waiting[course.chunks[course.count], default: []].append(blob)
                }
            }
        }
    }

    /// What has passed of a blob.
    func course(of blob: BlobID) -> Course? { courses[blob] }
}

extension EncodedFrame {
    /// Whether the bytes behind the prefix are those of its only object.
    fileprivate var holdsPlainBytes: Bool {
        guard let prefix = try? FramePrefix(trusting: bytes.span) else { return false }
        return prefix.codec == .raw && prefix.count == 1
    }
}
