package import Objects

/// How to check a remote.
package struct RemoteVerifyOptions: Sendable {
    /// How much is checked. `.structure`: root, state, indexes, and that every pack is there with its
    /// length. `.connectivity`: reads all metadata, and looks whether everything that it names is there.
    /// `.checksums`: asks the remote for the digests that it keeps of packs, without reading these.
    /// `.full`: reads every pack.
    package var level: VerifyLevel = .connectivity
    /// How many of a hundred frames of data are read, besides.
    package var samplePercent = 0

    /// The defaults.
    package init() {}
}

/// What a check of a remote found.
package struct RemoteVerifyReport: Sendable {
    /// Packs that the index names.
    package var packs = 0
    /// Bytes of these.
    package var storedBytes = 0
    /// Objects in the index.
    package var objects = 0
    /// Refs of the remote, without notes of pushes.
    package var refs = 0
    /// Notes of pushes.
    package var pushes = 0
    /// Packs of which the digest that the remote keeps was compared.
    package var comparedPacks = 0
    /// Packs that were read whole.
    package var readPacks = 0
    /// Frames that were read one by one.
    package var readFrames = 0
    /// Bytes that were read of packs.
    package var receivedBytes = 0
    /// Packs that no index names: of pushes that are not published, or that nobody needs any more.
    package var loosePacks = 0
    /// What is not as it should be.
    package var problems: [VerifyProblem] = []

    /// Whether nothing is damaged or missing.
    package var isSound: Bool { problems.isEmpty }
}
