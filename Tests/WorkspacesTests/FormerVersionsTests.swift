import Objects
import Testing
import Vocabulary
import Workspaces

@Suite struct FormerVersionsTests {
    private let place: WorkspaceFolder

    init() throws { place = try WorkspaceFolder() }

    private func commit(_ text: String) throws -> SnapshotID {
        try place.add(text, to: "t.csv")
        var options = CommitOptions()
        options.message = text
        return try commitSnapshot(in: place.workspace, options: options).id
    }

    private func versions(
        from start: TrackingSource? = nil, leavingOut current: ContentID? = nil, limit: Int = 9
    ) throws -> [FormerVersion] {
        try formerVersions(
            of: try RepoPath("t.csv"), from: start, leavingOut: current, limit: limit,
            in: place.workspace)
    }

    @Test func `without git versions are those of snapshots, each once`() throws {
        #expect(try versions().isEmpty)
        let first = try commit("a,b\n1,2\n")
        let second = try commit("a,b\n1,2\n3,4\n")
        // Another file changes meanwhile.
        try place.add("x", to: "other")
        let third = try commit("a,b\n1,2\n3,4\n")
        let found = try versions()
        #expect(found.map(\.rows) == [2, 1])
        #expect(
            found.map(\.revision) == ["snapshot \(third.short)", "snapshot \(first.short)"])
        #expect(try versions(limit: 1).count == 1)
        #expect(try versions(leavingOut: found[0].content) == [found[1]])
        // It is left out in front only: what was there, went and came again is two versions.
        _ = try commit("a,b\n1,2\n")
        #expect(try versions(leavingOut: found[1].content).map(\.rows) == [2, 1])
        #expect(try versions(from: .snapshot(second)).map(\.rows) == [2, 1])
        #expect(try versions(from: .snapshot(first)).map(\.rows) == [1])
        let gone = try formerVersions(
            of: try RepoPath("gone.csv"), leavingOut: nil, limit: 1, in: place.workspace)
        #expect(gone.isEmpty)
    }
}
