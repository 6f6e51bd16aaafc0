package import Platform
import Vocabulary

extension Workspace {
    /// Runs `body` while no other command changes this workspace. Waits up to two seconds for the
    /// other one, then throws `.locked`. A command that dies releases its lock with it. Where
    /// content is missing, the error's hint names the remotes.
    package func withLock<Value>(_ command: String, _ body: () throws -> Value) throws -> Value {
        let held = try lock(command)
        defer { held.unlock() }
        do {
            return try body()
        } catch let error as StoreError {
            throw error.naming(remotesOf: self)
        }
    }

    /// Takes the lock of the workspace; see `withLock`. For work that begins and ends in
    /// different places.
    package func lock(_ command: String) throws -> any DiskLock {
        try disk.makeDirectories(layout.state)
        for attempt in 0...Workspace.lockAttempts {
            if attempt > 0 { pause(milliseconds: 50) }
            try SignalWatch.check()
            if let held = try disk.lock(layout.lock, .exclusive, wait: .never) { return held }
        }
        throw StoreError(
            .locked, "cannot run '\(command)': another mlstore command is changing '\(root)'",
            subject: root.description, advice: "wait until it has ended, then try again",
            safety: "nothing was changed")
    }

    private static let lockAttempts = 40
}
