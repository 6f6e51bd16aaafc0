import GitHistory
import Objects
import Platform
package import Vocabulary

/// What a commit that git is about to make would leave out, or should not hold.
///
/// Asks the git program, not the index file: for `git commit PATH` git uses an index of its own.
package struct StagedPointerCheck: Sendable {
    /// Tracked data that is not what its pointer says, in order.
    package private(set) var changedData: [RepoPath] = []
    /// Pointer files that the commit lacks, or has in an older version, relative to the repository.
    package private(set) var unstagedPointers: [String] = []
    /// Why the commit should not be made: a pointer in it that cannot be read, or whose content is not
    /// in the store.
    package private(set) var fault: StoreError?

    /// Looks at what is staged and at the work tree. Costs a `status`.
    package init(_ workspace: Workspace) throws {
        guard let repository = workspace.git else { return }
        let git = GitProgram(in: repository.workDirectory)
        // A stage's output that changed is for `repro`, which `status` tells.
        var options = StatusOptions()
        options.comparesHead = false
        changedData = try status(in: workspace, options: options).paths.filter { path in
            if case .pointer = path.tracked.source { path.state == .modified } else { false }
        }.map(\.tracked.path)
        let scope = (workspace.gitPrefix.map { "\($0)/" } ?? "") + "*\(Pointer.suffix)"
        let listing = try git.output([
            "ls-files", "-z", "--modified", "--others", "--exclude-standard", "--", scope,
        ])
        unstagedPointers = Array(Set(StagedPointerCheck.names(listing))).sorted()
        let staged = try git.output([
            "diff", "--cached", "--name-only", "-z", "--diff-filter=ACMR", "--", scope,
        ])
        for name in StagedPointerCheck.names(staged) {
            fault = try StagedPointerCheck.fault(in: name, git, workspace)
            if fault != nil { return }
        }
    }

    private static func names(_ listing: [UInt8]) -> [String] {
        listing.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func fault(
        in name: String, _ git: GitProgram, _ workspace: Workspace
    ) throws -> StoreError? {
        let text = try git.output(["cat-file", "blob", ":\(name)"])
        do {
            let pointer = try Pointer(parsing: text, file: name)
            guard try !workspace.store().contains(pointer.content) else { return nil }
            return StoreError(
                .notInStore, "cannot commit '\(name)': its content is not in this store",
                subject: name,
                advice: "run 'mlstore add' on the data, or 'mlstore fetch' if a remote has it; "
                    + "'git commit --no-verify' commits all the same",
                safety: "nothing was committed")
        } catch let error as StoreError {
            return StoreError(
                error.kind, "cannot commit '\(name)': \(error.message)", subject: name,
                advice: error.advice, safety: "nothing was committed", cause: error)
        }
    }
}
