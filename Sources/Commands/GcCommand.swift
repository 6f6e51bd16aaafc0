import ArgumentParser
import Bytes
import Objects
import Transfer
import Vocabulary
import Workspaces

struct GcCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc",
        abstract: "Free what no version needs.",
        discussion: helpText(
            examples: [
                "mlstore gc --dry-run",
                "mlstore gc",
                "mlstore gc --keep-last 3 --keep-tags",
                "mlstore gc --keep-since 2026-10-01",
                "mlstore gc --explain sha256:5f70bf18a086…",
                "mlstore gc --remote origin --dry-run",
            ],
            notes: """
                Keeps what the work tree, git's index, branches, tags, stashes and logs, and the \
                refs of the store can reach. With any of the --keep options older versions go; \
                their records stay, so that the log can still be read. Other commands may be at \
                work meanwhile. With --remote it is a remote that is collected: it also keeps what \
                its own refs and every push to it named; with --keep-last or --keep-since so many of \
                the last pushes, or those since then.
                """))

    @Flag(name: .shortAndLong, help: "Only tell what would be freed.")
    var dryRun = false

    @Option(
        help: ArgumentHelp(
            "Tell what keeps the object with this id, or that nothing does.", valueName: "id"))
    var explain: String?

    @Option(
        help: ArgumentHelp(
            "Keep so many versions of each branch, snapshots and runs of each stage.",
            valueName: "n"))
    var keepLast: Int?

    @Flag(help: "Keep what has a tag.")
    var keepTags = false

    @Option(
        help: ArgumentHelp(
            "Keep versions since a day, a time (RFC 3339) or a revision of git.",
            valueName: "date|revision"))
    var keepSince: String?

    @Option(help: ArgumentHelp("Keep what undoing so many operations needs.", valueName: "n"))
    var keepOperations = KeepPolicy().operations

    @Option(
        help: ArgumentHelp("Collect a remote instead of this store.", valueName: "name"))
    var remote: String?

    @OptionGroup var link: LinkArguments
    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let workspace = try context.workspace()
        if let remote {
            guard explain == nil else {
                throw StoreError(
                    .badUsage, "'--explain' tells about this store, not about a remote",
                    advice: "leave '--remote' out", safety: "nothing was done")
            }
            let console = context.console
            let report = try collect(
                remote: remote, of: workspace, policy: try policy(), isDryRun: dryRun,
                link: try link.options()
            ) { what, objects in
                console.progress.update(what, done: objects, total: nil, unit: .items("object"))
            }
            return Report(lines: lines(report), json: json(report))
        }
        if let explain {
            let explanations = try explainCollection(
                of: try digest(explain), in: workspace, policy: try policy())
            return Report(
                lines: explanations.flatMap(lines),
                json: ["objects": .array(explanations.map(json))])
        }
        var options = CollectOptions()
        options.policy = try policy()
        options.isDryRun = dryRun
        let console = context.console
        let report = try collect(in: workspace, options: options) { progress in
            console.progress.update(
                progress.phase, done: progress.files, total: nil, unit: .items("object"))
        }
        return Report(lines: lines(report), json: json(report))
    }

    // MARK: - Options

    private func policy() throws -> KeepPolicy {
        var policy = KeepPolicy()
        policy.last = try keepLast.map { try count($0, "--keep-last") }
        policy.keepsTags = keepTags
        policy.operations = try count(keepOperations, "--keep-operations")
        policy.since = keepSince.map { text in
            let time = Timestamp(text) ?? Timestamp(text + "T00:00:00Z")
            return time.map { .time($0) } ?? .revision(text)
        }
        return policy
    }

    private func count(_ number: Int, _ option: String) throws -> Int {
        guard number > 0 else {
            throw StoreError(
                .badUsage, "'\(option)' must be 1 or more", subject: option,
                safety: "nothing was done")
        }
        return number
    }

    private func digest(_ text: String) throws -> Digest {
        var digits = text[...]
        for prefix in ["tree:", "sha256:"] where digits.hasPrefix(prefix) {
            digits = digits.dropFirst(prefix.count)
        }
        guard let digest = Digest(hex: digits) else {
            throw StoreError(
                .badUsage, "'\(printable(Array(text.utf8)))' is no id", subject: text,
                advice: "write 'sha256:' and 64 digits, as in a pointer", safety: "nothing was done"
            )
        }
        return digest
    }
}

// MARK: - Text and JSON

extension GcCommand {
    private func lines(_ report: CollectionReport) -> [String] {
        let isNothing =
            report.condemnedPacks == 0 && report.removedPacks == 0 && report.waitingPacks == 0
        var lines = opening(report, isNothing: isNothing)
        if report.waitingPacks > 0 {
            lines.append(
                "\(ByteCount(report.waitingBytes)) more go with the next 'mlstore gc': "
                    + "\(counted(report.waitingFor, "command")) that began earlier may need them")
        }
        if report.rescuedPacks > 0 {
            lines.append(
                "\(counted(report.rescuedPacks, "pack")) stayed: a command needs them by now")
        }
        lines.append(rest(report) + ":")
        for group in report.kept where group.objects > 0 {
            lines.append(
                "  \(group.group): \(counted(group.objects, "object")), "
                    + "\(ByteCount(group.plainBytes)) unpacked")
        }
        return lines
    }

    private func json(_ report: CollectionReport) -> JSONValue {
        json(
            report,
            and: [
                "removedPacks": JSONValue(report.removedPacks),
                "waitingPacks": JSONValue(report.waitingPacks),
                "waitingBytes": JSONValue(report.waitingBytes),
                "rescuedPacks": JSONValue(report.rescuedPacks),
                "kept": .array(
                    report.kept.map { group in
                        [
                            "group": .string(group.group), "roots": JSONValue(group.roots),
                            "objects": JSONValue(group.objects),
                            "bytes": JSONValue(group.plainBytes),
                        ]
                    }),
            ])
    }

    private func lines(_ report: RemoteCollectionReport) -> [String] {
        let isNothing = dryRun ? report.condemnedPacks == 0 : report.removedFiles == 0
        var lines = opening(report, isNothing: isNothing)
        if report.unfinishedPushes > 0 {
            lines.append(
                "\(counted(report.unfinishedPushes, "push", plural: "pushes")) did not finish: what was"
                    + " sent goes with the next 'gc --remote', unless they go on")
        }
        if report.endedPushes > 0 {
            lines.append(
                "ended \(counted(report.endedPushes, "push", plural: "pushes")) that did not finish"
            )
        }
        return lines + [rest(report)]
    }

    private func json(_ report: RemoteCollectionReport) -> JSONValue {
        json(
            report,
            and: [
                "removedFiles": JSONValue(report.removedFiles),
                "unfinishedPushes": JSONValue(report.unfinishedPushes),
                "endedPushes": JSONValue(report.endedPushes),
                "receivedBytes": JSONValue(report.receivedBytes),
            ])
    }

    // MARK: - What both kinds of collection say

    private func opening(_ report: some FreedSpace, isNothing: Bool) -> [String] {
        var lines: [String] = []
        let dead = counted(report.objects - report.liveObjects, "object")
        let gone = dryRun ? report.condemnedBytes : report.removedBytes
        let freed = ByteCount(max(0, gone - report.writtenBytes))
        if isNothing {
            lines.append("nothing to free")
        } else {
            lines.append(dryRun ? "would free about \(freed): \(dead)" : "freed \(freed): \(dead)")
        }
        if report.rewrittenPacks > 0 {
            lines.append(
                "\(dryRun ? "would write" : "wrote") \(counted(report.rewrittenPacks, "pack")) anew:"
                    + " \(ByteCount(report.writtenBytes))")
        }
        return lines
    }

    private func rest(_ report: some FreedSpace) -> String {
        "kept \(counted(report.liveObjects, "object")) of \(ByteCount(report.storedBytes))"
    }

    private func json(_ report: some FreedSpace, and own: [String: JSONValue]) -> JSONValue {
        .object(
            [
                "dryRun": .bool(dryRun), "objects": JSONValue(report.objects),
                "liveObjects": JSONValue(report.liveObjects),
                "storedBytes": JSONValue(report.storedBytes),
                "condemnedPacks": JSONValue(report.condemnedPacks),
                "condemnedBytes": JSONValue(report.condemnedBytes),
                "rewrittenPacks": JSONValue(report.rewrittenPacks),
                "writtenBytes": JSONValue(report.writtenBytes),
                "removedBytes": JSONValue(report.removedBytes),
            ].merging(own) { $1 })
    }

    private func lines(_ explanation: Explanation) -> [String] {
        guard let root = explanation.root else {
            return ["\(explanation.key): nothing keeps it"]
        }
        return ["\(explanation.key) stays:", "  \(root.reason) names"]
            + explanation.steps.map { step in
                "  \(step.key)" + (step.name.isEmpty ? "" : " ('\(step.name)')")
            }
    }

    private func json(_ explanation: Explanation) -> JSONValue {
        func object(_ key: ObjectKey) -> JSONValue {
            ["kind": .string(key.kind.name), "digest": .string(key.digest.hex)]
        }
        return [
            "object": object(explanation.key), "kept": .bool(explanation.root != nil),
            "root": explanation.root.map { .string($0.reason) } ?? nil,
            "steps": .array(
                explanation.steps.map { step in
                    ["object": object(step.key), "name": .string(step.name)]
                }),
        ]
    }
}

/// What the collection of a store and that of a remote have in common.
private protocol FreedSpace {
    var objects: Int { get }
    var liveObjects: Int { get }
    var storedBytes: Int { get }
    var condemnedPacks: Int { get }
    var condemnedBytes: Int { get }
    var rewrittenPacks: Int { get }
    var writtenBytes: Int { get }
    var removedBytes: Int { get }
}

extension CollectionReport: FreedSpace {}
extension RemoteCollectionReport: FreedSpace {}
