import ArgumentParser
import Bytes
import Remotes
import Transfer
import Vocabulary
import Workspaces

struct RemoteAddCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "add",
        abstract: "Name a remote.",
        discussion: helpText(
            examples: [
                "mlstore remote add origin file:///mnt/share/project",
                "mlstore remote add origin s3://bucket/project --region eu-central-1",
                "mlstore remote add origin s3://data/project --endpoint http://minio:9000",
                "mlstore remote add origin s3://data/project --set storageClass=STANDARD_IA",
            ],
            notes: """
                A bucket is tried out: whether it replaces files only on condition, so that \
                several people can push at once. What is found is kept in the settings as \
                'remote.NAME.writers'. Keys are never kept there: they come from the \
                environment, from ~/.aws or from the machine's role.
                """))

    @Argument(help: "The name.")
    var name: String

    @Argument(help: "Where it is.")
    var address: String

    @Option(help: ArgumentHelp("The server of a bucket, for all but AWS.", valueName: "url"))
    var endpoint: String?

    @Option(help: ArgumentHelp("The region of a bucket.", valueName: "name"))
    var region: String?

    @Option(help: ArgumentHelp("The profile of ~/.aws that has the keys.", valueName: "name"))
    var profile: String?

    @Option(
        help: ArgumentHelp(
            "Another setting of the remote; may be repeated.", valueName: "key=value"))
    var set: [String] = []

    @Flag(help: "Do not try out what the remote can do.")
    var noProbe = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        guard let remote = RemoteName(name) else {
            throw StoreError(
                .badUsage, "a remote cannot be named '\(name)'", subject: name,
                advice: "use letters, digits, '_' and '-'", safety: "nothing was changed")
        }
        let config = try workspace.config()
        guard !config.remotes.contains(where: { $0.name == remote }) else {
            throw StoreError(
                .alreadyExists, "there is a remote '\(name)' already", subject: name,
                advice: "'mlstore remote remove \(name)' forgets it", safety: "nothing was changed")
        }
        let url = try RemoteURL(parsing: address, relativeTo: context.directory)
        var edited = try config.setting("remote.\(name).url", to: url.description)
        for (key, value) in try settings() {
            edited = try edited.setting("remote.\(name).\(key)", to: value)
        }
        let found =
            noProbe ? nil : try workspace.probe(url, edited.settings(ofRemote: remote))
        if let found {
            edited = try edited.setting("remote.\(name).writers", to: found.writers.rawValue)
        }
        try workspace.save(edited)
        if let found { notes(found).forEach(context.console.note) }
        return Report(
            lines: ["remote '\(name)' is \(url)"],
            json: [
                "name": .string(name), "url": .string(url.description),
                "writers": found.map { .string($0.writers.rawValue) } ?? .null,
            ])
    }

    private func settings() throws -> [(key: String, value: String)] {
        let given = [("endpoint", endpoint), ("region", region), ("profile", profile)]
            .compactMap { key, value in value.map { (key: key, value: $0) } }
        return try given
            + set.map { text in
                guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                    throw StoreError(
                        .badUsage, "'\(printable(Array(text.utf8)))' sets nothing", subject: text,
                        advice: "write --set key=value", safety: "nothing was changed")
                }
                return (
                    key: String(text[..<equals]), value: String(text[text.index(after: equals)...])
                )
            }
    }

    private func notes(_ found: RemoteCapabilities) -> [String] {
        guard let reason = found.reason else { return [] }
        switch found.writers {
        case .many: return []
        case .one:
            return [
                "only one may push to this remote at a time: \(reason)",
                "a push puts an object 'lock' there meanwhile, which keeps a later one out",
            ]
        case .none: return ["this remote can only be read from: \(reason)"]
        }
    }
}
