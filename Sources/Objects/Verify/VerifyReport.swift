import Vocabulary

/// How much of a store is checked. Each level includes the ones before.
package enum VerifyLevel: Int, Sendable, Comparable, CaseIterable {
    /// Files, headers, directories, the journal's chain, index against packs. Reads no data.
    case structure
    /// And that everything that roots, refs and notes reach is here. Reads metadata.
    case connectivity
    /// And that every frame's checksum is right. Reads all packs, at the speed of the disk.
    case checksums
    /// And that every frame decodes, every object hashes to its id and every blob to its own.
    case full

    package static func < (left: VerifyLevel, right: VerifyLevel) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// One thing that is not as it should be.
package struct VerifyProblem: Sendable, Hashable, CustomStringConvertible {
    /// How bad it is.
    package enum Severity: String, Sendable, Hashable {
        /// Stored bytes fail their checks: something may be lost.
        case damaged
        /// Something that is named is not here: a remote may have it.
        case missing
        /// The content of an older version is not here: it was never fetched, or collected.
        case absent
        /// A derived file was wrong and has been made anew.
        case mended
        /// Left over from an interrupted command; harmless.
        case garbage
    }

    /// How bad it is.
    package let severity: Severity
    /// The file it is in, relative to the store; empty when it is in none.
    package let file: String
    /// Where in the file, when that is known.
    package let offset: Int?
    /// What is wrong, in a sentence.
    package let message: String
    /// The objects that it affects, as far as they are known, in order.
    package let affected: [ObjectKey]

    /// Makes the value.
    package init(
        _ severity: Severity, _ file: String, at offset: Int? = nil, _ message: String,
        affected: [ObjectKey] = []
    ) {
        self.severity = severity
        self.file = file
        self.offset = offset
        self.message = message
        self.affected = affected
    }

    init(_ error: any Error, in file: String, at offset: Int? = nil, affected: [ObjectKey] = []) {
        let storeError = error as? StoreError
        let isAbsent = storeError?.kind == .notInStore
        self.init(
            isAbsent ? .missing : .damaged, file, at: offset, storeError?.message ?? "\(error)",
            affected: affected)
    }

    /// `damaged: packs/…, byte 4096: checksum mismatch`, with the place once: some messages have it.
    package var description: String {
        let place = offset.map { "\(file), byte \($0)" } ?? file
        let isTold = place.isEmpty || message.hasPrefix("'\(file)'")
        return "\(severity.rawValue): " + (isTold ? message : "\(place): \(message)")
    }
}

/// What `verify` found.
package struct VerifyReport: Sendable {
    /// How much was checked.
    package let level: VerifyLevel
    /// Packs that the journal names.
    package var packs = 0
    /// Commits in the journal.
    package var commits = 0
    /// Objects in the packs' directories.
    package var objects = 0
    /// Frames that were decoded; 0 below the full level.
    package var frames = 0
    /// Blobs of several chunks that were hashed whole; 0 below the full level.
    package var blobs = 0
    /// Everything that is not as it should be, in the order in which it was found.
    package var problems: [VerifyProblem] = []

    init(level: VerifyLevel) { self.level = level }

    /// Whether nothing is damaged or missing.
    package var isSound: Bool {
        problems.allSatisfy { $0.severity != .damaged && $0.severity != .missing }
    }
}
