import Platform
import Vocabulary
import Workspaces

/// A repository on a git server, reached by the system's `git`, so that the user's keys, agents and
/// helpers count.
///
/// URLs begin with `git+` (`git+https://…`, `git+ssh://…`, `git+file://…`): the same address could be
/// that of a remote.
struct GitSource {
    /// The URL as git knows it.
    let url: String
    private let machine: Machine

    /// The source, where `place` is the URL of one; throws for what may be a secret in it: a password,
    /// for a web server any user, a query or fragment. None is repeated.
    init?(_ place: String, on machine: Machine) throws {
        guard place.hasPrefix("git+"), place.contains("://") else { return nil }
        url = String(place.dropFirst(4))
        self.machine = machine
        let isWeb = url.hasPrefix("http://") || url.hasPrefix("https://")
        let host = url.drop { $0 != ":" }.dropFirst(3).prefix { $0 != "/" }
        let user = host.lastIndex(of: "@").map { host[..<$0] }
        let hasSecret = user.map { isWeb || $0.contains(":") } ?? false
        guard hasSecret || isWeb && url.contains(where: { "?#".contains($0) }) else { return }
        throw StoreError(
            .badUsage,
            "cannot use this URL: it holds a user, password or query, which would be kept",
            advice: "leave user, password and query out: git asks its credential helper "
                + "('git help credentials')",
            safety: "nothing was changed")
    }

    /// The commit that a branch, a tag or (nil) HEAD is now: one small request. A commit's own name is
    /// itself. Throws `.notFound`.
    func commit(_ revision: String?) throws -> String {
        let name = revision ?? "HEAD"
        let said = try run(["ls-remote", "--", url, name, name + "^{}"], in: DiskPath("/"))
        var found: [String: String] = [:]
        for line in said.split(separator: "\n") {
            let parts = line.split(separator: "\t")
            guard parts.count == 2 else { continue }
            found[String(parts[1])] = String(parts[0])
        }
        for ref in [
            "refs/tags/\(name)^{}", "refs/tags/\(name)", "refs/heads/\(name)", name,
        ] {
            if let commit = found[ref] { return commit }
        }
        let isCommit = name.utf8.count == 40 && name.allSatisfy(\.isHexDigit)
        guard isCommit else {
            throw StoreError(
                .notFound,
                "'\(printable(Array(name.utf8)))' is no branch or tag of '\(url)'", subject: name,
                advice: "'git ls-remote \(url)' lists them; of commits give all 40 digits",
                safety: "nothing was changed")
        }
        return name.lowercased()
    }

    /// Calls `body` with a clone that stands at the commit, in a new folder beside `place`; it goes
    /// when that returns. All of the history is fetched where the server gives no single commits.
    func withClone<Result>(
        of commit: String, beside place: DiskPath, _ body: (DiskPath) throws -> Result
    ) throws -> Result {
        let clone = DiskPath(bytes: place.bytes + Array("-git".utf8))
        defer { try? machine.disk.removeTree(clone) }  // only litter, if it stays
        try machine.disk.makeDirectory(clone)
        _ = try run(["init", "--quiet"], in: clone)
        do {
            _ = try run(["fetch", "--quiet", "--depth", "1", "--", url, commit], in: clone)
        } catch let error as StoreError where error.kind != .interrupted {
            _ = try run(
                [
                    "fetch", "--quiet", "--", url, "+refs/heads/*:refs/heads/*",
                    "+refs/tags/*:refs/tags/*",
                ],
                in: clone)
        }
        _ = try run(["checkout", "--quiet", "--detach", commit], in: clone)
        return try body(clone)
    }

    private func run(_ arguments: [String], in directory: DiskPath) throws -> String {
        var environment = machine.environment
        environment["GIT_TERMINAL_PROMPT"] = "0"
        // Hooks and settings of a repository around must not count.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] { environment[name] = nil }
        let git = ChildProcess(
            arguments: ["git"] + arguments, directory: directory,
            environment: environment, standardOutput: .capture(limit: 1 << 20),
            standardError: .capture(limit: 1 << 16))
        let outcome = try git.run()
        guard outcome.succeeded else {
            let said =
                String(decoding: outcome.standardError, as: UTF8.self)
                .split(separator: "\n").last.map { printable(Array($0.utf8)) } ?? "no reason given"
            throw StoreError(
                .remoteUnreachable, "git cannot read '\(url)': \(said)", subject: url,
                advice: "try 'git ls-remote \(url)'", safety: "nothing was changed")
        }
        return String(decoding: outcome.standardOutput, as: UTF8.self)
    }
}

extension StoreError {
    /// The same error, with another name for a place.
    func naming(_ name: String, insteadOf place: String) -> StoreError {
        StoreError(
            kind, message.replacing(place, with: name),
            subject: subject?.replacing(place, with: name),
            advice: advice?.replacing(place, with: name), safety: safety, cause: cause)
    }
}
