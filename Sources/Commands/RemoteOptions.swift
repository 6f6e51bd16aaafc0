import ArgumentParser
import Transfer
import Vocabulary
import Workspaces

/// The option of every command that exchanges with a remote.
struct RemoteOptions: ParsableArguments {
    @Option(
        name: [.customShort("r"), .customLong("remote")],
        help: ArgumentHelp(
            "The remote; where none is given: 'remote.default', 'origin', or the only one.",
            valueName: "name"))
    var name: String?
}

/// How much of the link an exchange takes.
struct LinkArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "How many packs, or parts of packs, are on their way at once; 4, or for reading one for "
                + "each processor where these are more.", valueName: "n"))
    var jobs: Int?

    @Option(
        help: ArgumentHelp(
            "The most bytes in a second, on average: 500kB, 10MB, 1MiB.", valueName: "rate"))
    var limitRate: String?

    /// The options; throws `.badUsage`.
    func options() throws -> LinkOptions {
        if let jobs, jobs < 1 { throw refused("--jobs", "\(jobs)", "a number from 1") }
        let rate = try limitRate.map { text in
            guard let rate = ByteCount(text), rate.bytes > 0 else {
                throw refused("--limit-rate", text, "bytes in a second, as in 500kB or 10MB")
            }
            return rate.bytes
        }
        return LinkOptions(jobs: jobs, bytesPerSecond: rate)
    }

    private func refused(_ option: String, _ text: String, _ wanted: String) -> StoreError {
        StoreError(
            .badUsage, "cannot use '\(printable(Array(text.utf8)))' for '\(option)'",
            subject: option, advice: "give \(wanted)", safety: "nothing was done")
    }
}

/// What to bring from a remote.
struct FetchArguments: ParsableArguments {
    @Argument(help: "Only these.", completion: .file())
    var paths: [String] = []

    @Flag(help: "Look also for lost parts of what is here, and bring them again.")
    var thorough = false

    @Flag(name: .shortAndLong, help: "Only tell what would be fetched.")
    var dryRun = false

    @OptionGroup var remote: RemoteOptions
    @OptionGroup var link: LinkArguments
}
