import Objects
import Platform
package import Vocabulary

extension Workspace {
    /// The workspace that holds `folder` (absolute): the first one found on the way up. A fresh
    /// clone, which has only the committed settings, gets its store made.
    ///
    /// Throws `.notAWorkspace` when there is none.
    package static func open(from folder: DiskPath, on machine: Machine) throws -> Workspace {
        guard let root = try find(from: folder, on: machine.disk) else {
            throw StoreError(
                .notAWorkspace, "there is no mlstore workspace in '\(folder)' or above it",
                subject: folder.description, advice: "run 'mlstore init' to make one")
        }
        let workspace = try Workspace(root: root, machine: machine)
        let format = workspace.layout.store / "format"
        if try machine.disk.status(of: format, followingLinks: true) == nil {
            try workspace.complete()
        }
        return workspace
    }

    /// Makes a workspace in `folder` (absolute). In one that is there already it completes what
    /// may be missing and says so: `isNew` is false then.
    ///
    /// Throws `.alreadyExists` inside of another workspace.
    package static func create(
        at folder: DiskPath, on machine: Machine
    ) throws -> (workspace: Workspace, isNew: Bool) {
        let existing = try find(from: folder, on: machine.disk)
        if let outer = existing, outer != folder {
            throw StoreError(
                .alreadyExists,
                "cannot make a workspace in '\(folder)': it lies inside the workspace '\(outer)'",
                subject: folder.description,
                advice: "use that one: mlstore works from any of its folders",
                safety: "nothing was changed")
        }
        let workspace = try Workspace(root: folder, machine: machine)
        try machine.disk.makeDirectories(folder)
        try workspace.complete()
        return (workspace, existing == nil)
    }

    private static func find(from folder: DiskPath, on disk: any Disk) throws -> DiskPath? {
        var current = folder
        while true {
            let layout = WorkspaceLayout(root: current)
            for part in [layout.config, layout.store / "format"] {
                if try disk.status(of: part, followingLinks: true) != nil { return current }
            }
            let parent = current.parent
            guard parent != current, current.isAbsolute else { return nil }
            current = parent
        }
    }

    /// Makes what is missing of `.mlstore`; the settings last, since they make it a workspace.
    private func complete() throws {
        try disk.makeDirectories(layout.statTables)
        try withLock("init") {
            if try disk.status(of: layout.store / "format", followingLinks: true) == nil {
                _ = try ObjectStore.create(
                    at: layout.store, on: disk, entropy: machine.entropy, clock: machine.clock,
                    threads: machine.threads)
            }
            try write(Workspace.ignoreText, to: layout.gitIgnore)
            try write(Config.initialText, to: layout.config)
            try disk.syncDirectory(root)
        }
    }

    private func write(_ text: String, to path: DiskPath) throws {
        guard try disk.status(of: path, followingLinks: true) == nil else { return }
        try writeAtomically(Array(text.utf8), to: path, on: disk, durable: true)
    }

    private static let ignoreText = """
        # kept by mlstore: only the settings belong into git
        *
        !/config.toml

        """
}
