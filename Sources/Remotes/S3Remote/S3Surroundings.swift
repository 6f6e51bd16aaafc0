package import Platform
package import Vocabulary

/// What an S3 remote sees of the machine it runs on; tests hand in another.
package struct S3Surroundings: Sendable {
    /// An environment variable, nil when it is unset or empty.
    package var variable: @Sendable (String) -> String?
    /// Where `.aws` is.
    package var home: DiskPath?
    /// Where its files are.
    package var disk: any Disk
    /// The time to sign with, and to judge credentials by.
    package var clock: WallClock
    /// For the marks of uploads.
    package var entropy: Entropy
    /// How requests are repeated.
    package var backoff: Backoff
    /// Makes what carries requests.
    package var transport: @Sendable (HTTPClientOptions) -> any HTTPTransport

    /// Makes surroundings.
    package init(
        variable: @escaping @Sendable (String) -> String?, home: DiskPath?, disk: any Disk,
        clock: WallClock, entropy: Entropy, backoff: Backoff,
        transport: @escaping @Sendable (HTTPClientOptions) -> any HTTPTransport
    ) {
        self.variable = variable
        self.home = home
        self.disk = disk
        self.clock = clock
        self.entropy = entropy
        self.backoff = backoff
        self.transport = transport
    }

    /// This machine, now.
    package static var system: S3Surroundings {
        S3Surroundings(
            variable: { Environment.variable($0) }, home: try? Environment.homeDirectory(),
            disk: LocalDisk(), clock: .system, entropy: .system, backoff: Backoff(),
            transport: { HTTPClient($0) })
    }
}
