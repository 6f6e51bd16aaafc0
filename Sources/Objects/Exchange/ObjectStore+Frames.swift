import Bytes
import Platform
package import Vocabulary

extension ObjectStore {
    /// Calls `body` with frames that hold just these objects, pack by pack in the order in which the keys
    /// name them: as they are where a whole frame is wanted, encoded anew where only a part is.
    ///
    /// Each frame is as it was when it was verified and written, by its checksum; those of several objects,
    /// which do not say what is in them, are verified anew. Reads ahead on `threads` threads. An
    /// object of which one copy is damaged comes from another. Throws `.notInStore` and `.corrupt`.
    package func forEachFrame(
        holding keys: [ObjectKey], _ body: (EncodedFrame) throws -> Void
    ) throws {
        let groups = try groupedByFrame(keys)
        let pool = WorkerPool(threads: threads)
        for start in stride(from: 0, to: groups.count, by: ObjectStore.framesAhead) {
            let batch = groups[start..<min(start + ObjectStore.framesAhead, groups.count)]
            let frames = try pool.map(count: batch.count) { index in
                try self.frame(of: batch[start + index])
            }
            try frames.forEach(body)
        }
    }

    /// How many frames are read before the first is used: some tens of MiB at most.
    private static let framesAhead = 32

    private struct FrameGroup: Sendable {
        let place: ObjectPlace
        var keys: Set<ObjectKey>
    }

    private func groupedByFrame(_ keys: [ObjectKey]) throws -> [FrameGroup] {
        var groups: [PackID: [Int: FrameGroup]] = [:]
        var order: [PackID] = []
        for key in keys {
            let place = try view.place(of: key) ?? places(of: key)[0]
            if groups[place.pack] == nil { order.append(place.pack) }
            groups[place.pack, default: [:]][
                place.frameOffset, default: FrameGroup(place: place, keys: [])
            ].keys.insert(key)
        }
        return order.flatMap { pack in
            (groups[pack] ?? [:]).sorted { $0.key < $1.key }.map(\.value)
        }
    }

    private func frame(of group: FrameGroup) throws -> EncodedFrame {
        do {
            let pack = try packCache.pack(group.place.pack)
            let bytes = try pack.frameBytes(at: group.place.frameOffset, guess: 64 << 10)
            let frame =
                try EncodedFrame(ofOneObject: bytes, from: pack.name)
                ?? EncodedFrame(verifying: bytes, from: pack.name, base: readBase)
            if frame.objects.allSatisfy({ group.keys.contains($0.key) }),
                frame.objects.count == group.keys.count
            {
                return frame
            }
        } catch let error as StoreError where error.kind == .corrupt {
            // Another copy may be intact: each object is read again, wherever it stands.
        }
        guard let kind = group.keys.first?.kind else { throw StoreError.sessionOver }
        return try encodedFrame(
            of: group.keys.sorted().map { key in
                let limit = FramePrefix.maximumPlainLength
                return (key, try readObject(kind, key.digest, maximumBytes: limit))
            })
    }

    /// New objects of one kind, not all of them large, as one verified frame.
    package func encodedFrame(of objects: [(key: ObjectKey, bytes: [UInt8])]) throws -> EncodedFrame
    {
        var solid = SolidGroup(objects[0].key.kind)
        for object in objects { solid.append(object.key, object.bytes) }
        return try workers.withWorker { try solid.encoded(with: $0) }
    }

    /// Checks that the chunks of a recipe, which are all here, make the blob that it names: for
    /// recipes that come from elsewhere, before they are put. Of what `courses` saw passing nothing is read again;
    /// a course is good for one call. The file of a large blob is made, where the courses have a place for files
    /// and most of its chunks `hasArrived`. Throws `.corrupt`.
    package func checkRecipe(
        _ bytes: [UInt8], courses: RecipeCourses = RecipeCourses(),
        hasArrived: (ChunkID) -> Bool = { _ in false }
    ) throws {
        let recipe: RecipeFormat.Recipe
        do {
            recipe = try RecipeFormat.decode(bytes.span)
        } catch {
            throw StoreError(.corrupt, "a recipe is damaged: \(error.reason)", cause: error)
        }
        var chunks: [ChunkReference] = []
        try forEachChunk(of: recipe, nodes: { _ in }) { chunks.append($0) }
        let blob = recipe.blob
        let course = courses.course(of: blob)
        let passed = course?.count ?? 0
        let files = recipe.size >= ArrivingFiles.minimumBytes ? courses.files : nil
        let arrived = files == nil ? 0 : chunks.count { hasArrived($0.id) }
        // Where most was here before, the work tree may have most of the file too.
        if arrived <= chunks.count / 2 {
            files?.drop(blob)
        } else if passed == 0 {
            files?.begin(blob)
        }
        chunks.removeFirst(passed)
        let digest = course?.digest ?? RunningDigest()
        let found = try unsafe stream(chunks, after: digest) { unsafe files?.append(blob, $0) }
        guard found == blob.digest else {
            files?.drop(blob)
            throw StoreError(
                .corrupt, "the recipe of '\(blob.short)' makes another blob",
                subject: blob.description)
        }
        files?.finish(blob)
    }
}

extension EncodedFrame {
    /// The objects' bytes, in order; `base` reads what the frame builds on.
    package func plainObjects(base: BaseReader) throws -> [[UInt8]] {
        do throws(FrameFault) {
            let decoded = try DecodedFrame(bytes, with: FrameWorker(), base: base)
            return (0..<decoded.count).compactMap { decoded.object($0) }
        } catch { throw error.error(in: "a frame", at: 0) }
    }
}
