import Platform
import Testing

@testable import dev

/// The rules of `dev check` that need no built program, on the project itself.
@Suite struct ProjectTests {
    @Test func `this project keeps its own rules`() throws {
        // A tree that was unpacked without git has no list of files to check.
        guard let tree = try? SourceTree.current() else { return }
        let findings = try Tidy(tree).findings
        #expect(findings.map(\.description) == [])
    }
}
