import Platform
package import Vocabulary

/// A real file system of a kind that shares extents, in a sparse file that is mounted.
///
/// Needs root, loop devices and the tools that make such file systems; where `whyNot` says that
/// something is missing, tests are skipped with that reason.
package final class LoopVolume: Sendable {
    /// The kinds.
    package enum Kind: String, CaseIterable, Sendable {
        case xfs, btrfs

        var make: [String] {
            switch self {
            case .xfs: ["mkfs.xfs", "-q", "-m", "reflink=1"]
            case .btrfs: ["mkfs.btrfs", "-q"]
            }
        }
    }

    /// Where it is mounted.
    package let path: DiskPath
    private let folder: TemporaryFolder
    private static let sizeBytes = 320 << 20

    /// Makes and mounts one.
    package init(_ kind: Kind) throws {
        folder = try TemporaryFolder()
        path = folder.path / "volume"
        try LocalDisk().makeDirectory(path)
        let image = folder.path / "image"
        let file = try LocalDisk().openFile(image, .createNew(permissions: 0o600))
        try file.truncate(to: LoopVolume.sizeBytes)
        try file.close()
        try LoopVolume.run(kind.make + ["\(image)"])
        try LoopVolume.run(["mount", "-o", "loop", "\(image)", "\(path)"])
    }

    deinit {
        // A busy one can stay mounted; its image is then removed when it is.
        try? LoopVolume.run(["umount", "\(path)"])
    }

    /// The bytes that are taken on the medium, after all was written out.
    package func usedBytes() throws -> Int {
        try LoopVolume.run(["sync", "-f", "\(path)"])
        return LoopVolume.sizeBytes - (try LocalDisk().capacityLeft(at: path))
    }

    /// Why there can be none of this kind here; nil where there can.
    package static func whyNot(_ kind: Kind) -> String? {
        do {
            _ = try LoopVolume(kind)
            return nil
        } catch { return "\((error as? StoreError)?.message ?? "\(error)")" }
    }

    /// The kinds that can be had here; says aloud which cannot, and why.
    package static let available: [Kind] = Kind.allCases.filter { kind in
        guard let reason = whyNot(kind) else { return true }
        print("SKIPPED: nothing is tested on \(kind.rawValue): \(reason)")
        return false
    }

    private static func run(_ arguments: [String]) throws {
        let outcome = try ChildProcess(
            arguments: ["/usr/bin/env"] + arguments, directory: DiskPath("/"),
            environment: Environment.variables, standardOutput: .capture(limit: 1 << 16),
            standardError: .capture(limit: 1 << 16)
        ).run()
        guard outcome.succeeded else {
            let text = String(decoding: outcome.standardError, as: UTF8.self)
            throw StoreError(.io, "'\(arguments[0])' failed: \(text)")
        }
    }
}
