import Testing
import Vocabulary

@testable import Pipelines

@Suite struct UndeclaredFilesTests {
    private func files(_ list: [(String, UndeclaredFiles.Access)]) throws -> UndeclaredFiles {
        UndeclaredFiles(
            files: try list.map { .init(path: try RepoPath($0.0), access: $0.1) }, isCut: false)
    }

    @Test func `what the items of a stage used does not depend on which ended first`() throws {
        let one = try files([("a", .read), ("b", .written), ("d", .removed)])
        let two = try files([("a", .written), ("b", .removed), ("c", .read), ("d", .read)])
        let both = try files([("a", .written), ("b", .written), ("c", .read), ("d", .removed)])
        #expect(one.joined(two) == both)
        #expect(two.joined(one) == both)
    }
}
