import Platform
package import Vocabulary

/// A directory on the real disk that is removed, with all in it, with the last reference.
package final class TemporaryDirectory: Sendable {
    /// Where it is: absolute, with all links resolved.
    package let path: DiskPath

    /// A new empty directory below `TMPDIR`, or below `/tmp`.
    package init() throws {
        let base = DiskPath(Environment.variable("TMPDIR") ?? "/tmp")
        let name = Entropy.system.bytes(8).map { String($0, radix: 16) }.joined()
        let made = base / "mlstore-test-\(name)"
        try LocalDisk().makeDirectory(made)
        path = try Environment.realPath(made)
    }

    deinit { try? LocalDisk().removeTree(path) }
}

/// Calls `body` with a new empty directory on the real disk, removed afterwards.
package func withTemporaryDirectory<Result>(
    _ body: (DiskPath) throws -> Result
) throws -> Result {
    let directory = try TemporaryDirectory()
    return try withExtendedLifetime(directory) { try body(directory.path) }
}
