package import Vocabulary

/// A moment at which git asks us.
package enum GitHook: String, CaseIterable, Sendable {
    /// Before a commit.
    case preCommit = "pre-commit"
    /// Before commits are sent.
    case prePush = "pre-push"

    /// What tells our hooks from the user's own.
    static let marker = "# kept by mlstore install"

    /// The line with which a hook of the user's own can ask us too.
    package func line(program: DiskPath, workspace: RepoPath?) -> String {
        let place = workspace.map { " -C " + GitHook.quoted($0.description) } ?? ""
        return GitHook.quoted(program.description) + " git-hook \(rawValue)\(place)"
    }

    /// The whole script.
    func script(program: DiskPath, workspace: RepoPath?) -> String {
        let place = GitHook.quoted(program.description)
        return """
            #!/bin/sh
            \(GitHook.marker): 'mlstore install --uninstall' takes it away
            if [ ! -x \(place) ]; then
                echo "mlstore is not at "\(place)" any more; run 'mlstore install' with the one" \\
                    "that you have, or go on without it with 'git \(verb) --no-verify'" >&2
                exit 1
            fi
            exec \(line(program: program, workspace: workspace))

            """
    }

    private var verb: String { self == .preCommit ? "commit" : "push" }

    /// The text as one word of a shell.
    static func quoted(_ text: String) -> String {
        "'" + text.replacing("'", with: "'\\''") + "'"
    }
}
