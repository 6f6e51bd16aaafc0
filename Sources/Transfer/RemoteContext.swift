package import Objects
package import Platform
package import Remotes
package import Vocabulary

/// A store, a remote, and what an exchange between them needs.
package struct RemoteContext: Sendable {
    /// The store at this end.
    package var store: ObjectStore
    /// The disk that the store and `stateDirectory` are on.
    package var disk: any Disk
    /// Where what is remembered between exchanges is kept: `.mlstore/state`. All in it is derived;
    /// without it exchanges only take longer and tell less.
    package var stateDirectory: DiskPath
    /// The remote.
    package var remote: any Remote
    /// What the user calls it.
    package var name: RemoteName
    /// For the times in roots.
    package var clock: WallClock
    /// For the names of sessions.
    package var entropy: Entropy
    /// How many threads read and check.
    package var threads: Int
    /// How many packs, or ranges of packs, are on their way at once, where someone says so.
    package var jobs: Int?

    /// Jobs when nobody says how many: more than there are processors, because most of the time they
    /// wait for the network; few enough packs on the disk.
    private static let defaultJobs = 4

    /// How many packs are sent at once.
    var uploads: Int { max(1, jobs ?? RemoteContext.defaultJobs) }

    /// How many ranges are asked for at once. What arrives is checked by the same threads.
    var downloads: Int { max(1, jobs ?? max(threads, RemoteContext.defaultJobs)) }

    /// Makes a context.
    package init(
        store: ObjectStore, disk: any Disk, stateDirectory: DiskPath, remote: any Remote,
        name: RemoteName, clock: WallClock = .system, entropy: Entropy = .system,
        threads: Int = Environment.processorCount, jobs: Int? = nil
    ) {
        self.store = store
        self.disk = disk
        self.stateDirectory = stateDirectory
        self.remote = remote
        self.name = name
        self.clock = clock
        self.entropy = entropy
        self.threads = threads
        self.jobs = jobs
    }

    /// The name and the place, for messages.
    var title: String { "'\(name)' (\(remote.description))" }
}

/// How far an exchange is.
package struct TransferProgress: Hashable, Sendable {
    /// What is being done.
    package enum Phase: String, Hashable, Sendable {
        /// Reading what the remote has.
        case reading
        /// Finding what is missing.
        case comparing
        /// Sending packs.
        case sending
        /// Fetching parts of packs.
        case fetching
        /// Checking what was fetched.
        case checking
    }

    /// What is being done.
    package var phase: Phase
    /// Objects done.
    package var objects: Int
    /// Objects in all; 0 while that is unknown.
    package var totalObjects: Int
    /// Bytes moved.
    package var bytes: Int

    /// Makes the value.
    package init(phase: Phase, objects: Int = 0, totalObjects: Int = 0, bytes: Int = 0) {
        self.phase = phase
        self.objects = objects
        self.totalObjects = totalObjects
        self.bytes = bytes
    }
}

/// What one exchange is about.
package struct TransferSelection: Sendable {
    /// What is wanted of a directory.
    package struct Part: Hashable, Sendable {
        /// The directory.
        package let tree: TreeID
        /// Where the workspace tracks it.
        package let path: RepoPath
        /// Files and folders in it, relative to it; sorted, none inside another.
        package let inside: [RepoPath]

        /// Makes the value; leaves out what is inside another.
        package init(tree: TreeID, path: RepoPath, inside: [RepoPath]) {
            self.tree = tree
            self.path = path
            self.inside = Set(inside).sorted().reduce(into: []) { kept, path in
                if kept.last.map({ path.isInside($0) }) != true { kept.append(path) }
            }
        }
    }

    /// Contents that are wanted, with the path that each is known by.
    package var contents: [(path: String, id: ContentID)]
    /// Directories of which only a part is wanted (fetch only).
    package var parts: [Part] = []
    /// Refs that are to be published (push only).
    package var refs: [RefName: RecordID]
    /// Contents that records name and that are not sent for their sake (push only).
    package var withheld: Set<ContentID> = []

    /// Makes a selection.
    package init(
        contents: [(path: String, id: ContentID)] = [], refs: [RefName: RecordID] = [:]
    ) {
        self.contents = contents
        self.refs = refs
    }
}
