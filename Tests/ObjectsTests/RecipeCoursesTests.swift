import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

@testable import Objects

/// Blobs that are checked while their chunks arrive.
@Suite struct RecipeCoursesTests {
    /// More chunks than one node holds, some of them several times.
    private static let pieces: [[UInt8]] = {
        var random = SmallRandom(seed: 5)
        var pieces: [[UInt8]] = []
        for index in 0..<3000 {
            pieces.append(index % 7 == 6 ? pieces[index - 1] : random.bytes(420 + index % 30))
        }
        return pieces
    }()

    private struct Sample {
        let recipe: [UInt8]
        let blob: BlobID
        var nodes: [Digest: [UInt8]] = [:]

        init(naming digest: Digest) throws {
            blob = BlobID(digest)
            var nodes: [Digest: [UInt8]] = [:]
            var builder = RecipeBuilder()
            for piece in RecipeCoursesTests.pieces {
                let chunk = ChunkReference(id: ChunkID(sha256(piece)), length: piece.count)
                try builder.append(chunk) { nodes[$0] = $1 }
            }
            recipe = try builder.finish(blob) { nodes[$0] = $1 }
            self.nodes = nodes
        }
    }

    /// Puts the pieces in this order and checks the recipe; gives how many passed in its order, and
    /// what is in the file that was made meanwhile.
    private func arrive(
        _ order: [Int], of sample: Sample, withNodes: Bool = true,
        hasArrived: (Int) -> Bool = { _ in true }
    ) throws -> (passed: Int, file: [UInt8]?) {
        let fixture = try StoreFixture()
        let session = try fixture.store.beginSession()
        for (digest, bytes) in sample.nodes { try session.putObject(.recipeNode, digest, bytes) }
        let files = try ArrivingFiles(in: fixture.store)
        var courses = RecipeCourses(files: files)
        courses.follow(sample.recipe) { withNodes ? sample.nodes[$0] : nil }
        var seen: Set<Digest> = []
        for index in order {
            let piece = RecipeCoursesTests.pieces[index]
            guard seen.insert(sha256(piece)).inserted else { continue }
            let key = ObjectKey(.chunk, sha256(piece))
            let frame = try fixture.store.encodedFrame(of: [(key, piece)])
            courses.take(frame)
            _ = try session.putEncoded(frame)
        }
        try session.commitPart()
        let passed = courses.course(of: sample.blob)?.count ?? 0
        let arrived = Set(
            RecipeCoursesTests.pieces.indices.filter(hasArrived)
                .map { ChunkID(sha256(RecipeCoursesTests.pieces[$0])) })
        try fixture.store.checkRecipe(
            sample.recipe, courses: courses, hasArrived: arrived.contains)
        session.abandon()
        let place = files.take(sample.blob)
        #expect(files.take(sample.blob) == nil)
        return (
            passed, try place.map { try fixture.disk.readFile($0, maximumBytes: 2 << 20) }
        )
    }

    @Test func `chunks in any order make their blob`() throws {
        let count = RecipeCoursesTests.pieces.count
        let sample = try Sample(naming: sha256(Array(RecipeCoursesTests.pieces.joined())))
        #expect(sample.nodes.count > 1)
        #expect(try arrive(Array(0..<count), of: sample).passed == count)
        #expect(try arrive((0..<count).reversed(), of: sample).passed < count)
        // From where one was missed on, all is read.
        let late = [500] + Array(0..<500) + Array(501..<count)
        #expect(try arrive(late, of: sample).passed == 500)
        #expect(try arrive(Array(0..<count), of: sample, withNodes: false).passed == 0)
    }

    @Test func `the file is made of what arrives, and of the store where a chunk was missed`()
        throws
    {
        let count = RecipeCoursesTests.pieces.count
        let content = Array(RecipeCoursesTests.pieces.joined())
        let sample = try Sample(naming: sha256(content))
        let late = [500] + Array(0..<500) + Array(501..<count)
        #expect(try arrive(Array(0..<count), of: sample).file == content)
        #expect(try arrive(late, of: sample).file == content)
        #expect(try arrive((0..<count).reversed(), of: sample, withNodes: false).file == content)
    }

    @Test func `no file is made of what was mostly here`() throws {
        let count = RecipeCoursesTests.pieces.count
        let sample = try Sample(naming: sha256(Array(RecipeCoursesTests.pieces.joined())))
        for withNodes in [true, false] {
            let result = try arrive(
                Array(0..<count), of: sample, withNodes: withNodes, hasArrived: { $0 < 900 })
            #expect(result.file == nil)
        }
    }

    @Test func `chunks that make another blob are told from those that make it`() throws {
        let count = RecipeCoursesTests.pieces.count
        let forged = try Sample(naming: sha256([1]))
        for order in [Array(0..<count), (0..<count).reversed()] {
            let error = #expect(throws: StoreError.self) { _ = try arrive(order, of: forged) }
            #expect(error?.kind == .corrupt)
        }
    }
}
