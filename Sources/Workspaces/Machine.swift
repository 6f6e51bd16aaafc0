package import Platform
import Vocabulary

/// What a workspace needs of the machine it is on: everything that a test wants to decide.
package struct Machine: Sendable {
    /// Where the files are.
    package var disk: any Disk
    /// The clock for the times that people see.
    package var clock: WallClock
    /// Random bytes for names that must not meet.
    package var entropy: Entropy
    /// How many threads work may use.
    package var threads: Int
    /// Names the machine's current start. After a power cut it is another one, so that what was
    /// known of files never synced is looked at again. Nil: not known, so nothing is trusted over
    /// a reopening.
    package var bootID: [UInt8]?
    /// Environment variables.
    package var environment: [String: String]

    /// A machine made of its parts.
    package init(
        disk: any Disk, clock: WallClock, entropy: Entropy, threads: Int, bootID: [UInt8]?,
        environment: [String: String] = [:]
    ) {
        self.disk = disk
        self.clock = clock
        self.entropy = entropy
        self.threads = threads
        self.bootID = bootID
        self.environment = environment
    }

    /// The machine that this process runs on. Throws where the variables that fix the clock or
    /// the seed hold nonsense.
    package static func local(threads: Int = Environment.processorCount) throws -> Machine {
        Machine(
            disk: LocalDisk(), clock: try WallClock.fromEnvironment(),
            entropy: try Entropy.fromEnvironment(), threads: threads, bootID: localBootID(),
            environment: Environment.variables)
    }

    private static func localBootID() -> [UInt8]? {
        #if os(Linux)
            // Absent in some containers: then nothing is trusted, which costs time only.
            return try? LocalDisk().readFile(
                DiskPath("/proc/sys/kernel/random/boot_id"), maximumBytes: 4096)
        #else
            return nil
        #endif
    }
}
