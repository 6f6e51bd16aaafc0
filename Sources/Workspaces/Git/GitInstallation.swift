import GitHistory
import Platform
package import Vocabulary

/// What `install` did to a git repository.
package struct GitInstallationReport: Sendable {
    /// A hook that was left as it is, because it is not ours.
    package struct KeptHook: Sendable {
        /// Which.
        package let hook: GitHook
        /// Why it is not ours to write.
        package let reason: String
        /// The line that the user may add to it.
        package let line: String
    }

    /// What was set, written or taken away, in order; nothing where all was so before.
    package internal(set) var changes: [String] = []
    /// Hooks that are the user's own.
    package internal(set) var keptHooks: [KeptHook] = []
}

/// What `mlstore install` keeps in a git repository: drivers that show and merge pointers, in
/// `.git/config`; the patterns they apply to, in `.git/info/attributes`; and hooks. Nothing of it is
/// committed, and nothing of the user's is replaced.
package struct GitInstallation: Sendable {
    private let workspace: Workspace
    private let git: GitProgram
    private let commonDirectory: DiskPath
    /// The program that git is to run.
    private let program: DiskPath

    /// The installation in the repository around `workspace`; `.notARepository` without one.
    package init(_ workspace: Workspace, program: DiskPath) throws {
        guard let repository = workspace.git else {
            throw StoreError(
                .notARepository,
                "cannot install into git: the workspace '\(workspace.root)' is not in a git "
                    + "repository", subject: workspace.root.description,
                advice: "run 'git init' first", safety: "nothing was changed")
        }
        self.workspace = workspace
        self.program = program
        git = GitProgram(in: repository.workDirectory)
        commonDirectory = repository.commonDirectory
    }

    /// Sets all that is not set yet.
    package func install() throws -> GitInstallationReport {
        var report = GitInstallationReport()
        for (key, value) in settings where try git.setting(key) != value {
            _ = try git.output(["config", "--local", key, value])
            report.changes.append("set '\(key)' in git's settings of this repository")
        }
        let lines = try attributeLines()
        let missing = GitInstallation.attributes.filter { !lines.contains($0) }
        if !missing.isEmpty {
            try saveAttributes(lines + missing)
            report.changes.append("wrote the patterns into '\(attributesFile)'")
        }
        for hook in GitHook.allCases { try install(hook, &report) }
        return report
    }

    /// Takes away what `install` set, and nothing else.
    package func uninstall() throws -> GitInstallationReport {
        var report = GitInstallationReport()
        for section in ["diff.mlstore", "merge.mlstore"]
        where try git.run(["config", "--local", "--remove-section", section]).succeeded {
            report.changes.append("removed '\(section)' from git's settings of this repository")
        }
        let lines = try attributeLines()
        let kept = lines.filter { !GitInstallation.attributes.contains($0) }
        if kept.count < lines.count {
            try saveAttributes(kept)
            report.changes.append("removed the patterns from '\(attributesFile)'")
        }
        for hook in GitHook.allCases where try script(of: hook).map(isOurs) == true {
            try workspace.disk.removeFile(path(of: hook))
            report.changes.append("removed the hook '\(hook.rawValue)'")
        }
        return report
    }

    // MARK: - Settings

    private var settings: [(key: String, value: String)] {
        let run = GitHook.quoted(program.description)
        let place = workspace.gitPrefix.map { " -C " + GitHook.quoted($0.description) } ?? ""
        return [
            ("diff.mlstore.command", "\(run) git-diff"),
            ("diff.mlstore.textconv", "\(run) git-text\(place)"),
            ("merge.mlstore.name", "mlstore: folders and tables"),
            ("merge.mlstore.driver", "\(run) git-merge %O %A %B %L %P"),
        ]
    }

    // MARK: - Attributes

    private static let attributes = [
        GitHook.marker, "*.mlstore diff=mlstore merge=mlstore",
        "mlstore.lock diff=mlstore merge=mlstore",
    ]

    private var attributesFile: DiskPath { commonDirectory / "info/attributes" }

    private func attributeLines() throws -> [String] {
        guard try workspace.disk.status(of: attributesFile, followingLinks: true) != nil else {
            return []
        }
        let bytes = try workspace.disk.readFile(attributesFile, maximumBytes: 1 << 24)
        var lines = String(decoding: bytes, as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    private func saveAttributes(_ lines: [String]) throws {
        guard !lines.isEmpty else { return try workspace.disk.removeFile(attributesFile) }
        try workspace.disk.makeDirectories(attributesFile.parent)
        let text = lines.map { $0 + "\n" }.joined()
        try writeAtomically(
            Array(text.utf8), to: attributesFile, on: workspace.disk, durable: true)
    }

    // MARK: - Hooks

    private func path(of hook: GitHook) -> DiskPath { commonDirectory / "hooks" / hook.rawValue }

    private func script(of hook: GitHook) throws -> String? {
        let path = path(of: hook)
        guard try workspace.disk.status(of: path, followingLinks: true) != nil else { return nil }
        return String(
            decoding: try workspace.disk.readFile(path, maximumBytes: 1 << 24), as: UTF8.self)
    }

    private func isOurs(_ script: String) -> Bool { script.contains("\n\(GitHook.marker)") }

    private func install(_ hook: GitHook, _ report: inout GitInstallationReport) throws {
        let line = hook.line(program: program, workspace: workspace.gitPrefix)
        if let folder = try git.setting("core.hooksPath") {
            let reason = "git takes its hooks from '\(printable(Array(folder.utf8)))'"
            report.keptHooks.append(.init(hook: hook, reason: reason, line: line))
            return
        }
        let wanted = hook.script(program: program, workspace: workspace.gitPrefix)
        let found = try script(of: hook)
        guard found != wanted else { return }
        // What only another place of the program tells apart from ours is ours.
        if let found, !isOurs(found) || !serves(found) {
            if found.split(separator: "\n").contains(where: { $0.hasSuffix(line) }) { return }
            let reason =
                isOurs(found) ? "it serves another workspace" : "there is one that is not mlstore's"
            report.keptHooks.append(.init(hook: hook, reason: reason, line: line))
            return
        }
        try workspace.disk.makeDirectories(path(of: hook).parent)
        try writeAtomically(
            Array(wanted.utf8), to: path(of: hook), on: workspace.disk, permissions: 0o755,
            durable: true)
        report.changes.append("wrote the hook '\(hook.rawValue)'")
    }

    /// Whether a hook of ours is for this workspace.
    private func serves(_ script: String) -> Bool {
        let place = workspace.gitPrefix.map { " -C " + GitHook.quoted($0.description) } ?? ""
        return GitHook.allCases.contains { script.contains("git-hook \($0.rawValue)\(place)\n") }
    }
}
