import Platform
package import Vocabulary

/// A new empty folder on the real disk, removed with the last reference.
package final class TemporaryFolder: Sendable {
    /// Where it is: absolute, without links on the way.
    package let path: DiskPath

    /// Makes the folder below `TMPDIR` (or `/tmp`).
    package init() throws {
        let place = DiskPath(Environment.variable("TMPDIR") ?? "/tmp")
        let name = Entropy.system.bytes(8).map { String($0, radix: 16) }.joined()
        let folder = place / "mlstore-test-\(name)"
        try LocalDisk().makeDirectories(folder)
        path = try Environment.realPath(folder)
    }

    deinit {
        // A folder that a test made unreadable can stay: the system cleans its temporary files.
        try? LocalDisk().removeTree(path)
    }

    /// Writes a file, and the folders above it.
    package func write(_ text: String, to name: String) throws {
        try write(Array(text.utf8), to: name)
    }

    /// Writes a file, and the folders above it.
    package func write(_ bytes: [UInt8], to name: String) throws {
        let file = path / name
        try LocalDisk().makeDirectories(file.parent)
        let open = try LocalDisk().openFile(file, .createOrOpen(permissions: 0o644))
        defer { try? open.close() }
        try open.truncate(to: 0)
        try open.write(bytes, at: 0)
    }

    /// The text of a file.
    package func read(_ name: String) throws -> String {
        let bytes = try LocalDisk().readFile(path / name, maximumBytes: 1 << 30)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether there is something with this name, also a dangling link.
    package func has(_ name: String) throws -> Bool {
        try LocalDisk().status(of: path / name, followingLinks: false) != nil
    }

    /// Runs a program in the folder; its standard output. Throws when it fails. The user's own
    /// settings of git have no influence.
    @discardableResult
    package func run(_ arguments: String..., in directory: String = "") throws -> String {
        var environment = Environment.variables
        environment["GIT_CONFIG_GLOBAL"] = "/dev/null"
        environment["GIT_CONFIG_SYSTEM"] = "/dev/null"
        for role in ["AUTHOR", "COMMITTER"] {
            environment["GIT_\(role)_NAME"] = "Ada"
            environment["GIT_\(role)_EMAIL"] = "ada@example.org"
            environment["GIT_\(role)_DATE"] = "2026-01-01T00:00:00Z"
        }
        let child = ChildProcess(
            arguments: ["/usr/bin/env"] + arguments,
            directory: directory.isEmpty ? path : path / directory,
            environment: environment, standardOutput: .capture(limit: 1 << 24),
            standardError: .capture(limit: 1 << 20))
        let outcome = try child.run()
        guard outcome.succeeded else {
            let text = String(decoding: outcome.standardError, as: UTF8.self)
            throw StoreError(.io, "'\(arguments.joined(separator: " "))' failed: \(text)")
        }
        return String(decoding: outcome.standardOutput, as: UTF8.self)
    }
}

/// Calls `body` with a new empty folder on the real disk, removed afterwards.
package func withTemporaryFolder<Result>(
    _ body: (DiskPath) throws -> Result
) throws -> Result {
    let folder = try TemporaryFolder()
    return try withExtendedLifetime(folder) { try body(folder.path) }
}
