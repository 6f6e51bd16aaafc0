import GitHistory
import Platform

/// The commits that git is about to send, as it tells its hook `pre-push`.
package struct PushedCommits: Sendable {
    /// The new end of each branch or tag.
    package private(set) var tips: [String] = []
    /// The commits behind them that change a pointer or the lock file and that no remote of git has.
    package private(set) var older: [String] = []

    /// Reads lines `<local ref> <local id> <remote ref> <remote id>`.
    package init(updates: String, _ workspace: Workspace) throws {
        guard let repository = workspace.git else { return }
        let git = GitProgram(in: repository.workDirectory)
        for line in updates.split(separator: "\n") {
            let words = line.split(separator: " ")
            // All zeros stand for a branch that is removed.
            guard words.count == 4, !words[1].allSatisfy({ $0 == "0" }) else { continue }
            // A tag names a commit, or (rarely) something without files.
            let commit = try git.run(["rev-parse", "-q", "--verify", "\(words[1])^{commit}"])
            guard commit.succeeded else { continue }
            let tip = String(decoding: commit.standardOutput.prefix { $0 != 0x0a }, as: UTF8.self)
            if !tips.contains(tip) { tips.append(tip) }
        }
        guard !tips.isEmpty else { return }
        let listing = try git.output(
            ["rev-list"] + tips + [
                "--not", "--remotes", "--", "*\(Pointer.suffix)", "*\(LockFile.name)",
            ])
        older = String(decoding: listing, as: UTF8.self).split(separator: "\n").map(String.init)
            .filter { !tips.contains($0) }
    }
}
