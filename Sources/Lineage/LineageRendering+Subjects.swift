import Bytes
import Vocabulary
package import Workspaces

extension LineageRendering {
    /// One line about a node: what it is, its id, what matters.
    static func line(
        for subject: LineageNode.Subject, _ verdicts: [RunID: RunVerdict]
    ) -> String {
        switch subject {
        case .content(let content): line(for: content)
        case .run(let id, let run):
            (["run \(run.stage)", short(id.digest), minute(run.startedAt)] + facts(of: run)
                + replay(of: id, verdicts)).joined(separator: "  ")
        case .snapshot(let snapshot):
            "snapshot  \(short(snapshot.id.digest))  \(minute(snapshot.time))  "
                + "\(printableText(Array(snapshot.message.utf8)))  "
                + "\(printableText(Array(snapshot.author.utf8)))"
        }
    }

    /// What distinguishes a run, in a few words each: method or command, parameters, seed, code,
    /// environment.
    package static func facts(of run: RunRecord) -> [String] {
        var facts = [method(of: run), code(of: run.environment)]
        let environment = run.environment
        let interpreter = environment.interpreterVersion ?? environment.interpreter
        facts.append(
            "env "
                + [environment.system, environment.architecture, interpreter ?? ""]
                .filter { !$0.isEmpty }.joined(separator: " "))
        return facts.filter { !$0.isEmpty }
    }

    private static func method(of run: RunRecord) -> String {
        var words: [String] = []
        switch run.action {
        case .command(let line):
            let clean = printableText(Array(line.utf8))
            words.append("'" + (clean.count > 50 ? clean.prefix(49) + "…" : clean) + "'")
        case .step(let step):
            if step["step"] == "train", let model = step["model"]?.stringValue {
                words.append(model)
            }
        }
        for (key, value) in run.parameters.sorted(by: { $0.key < $1.key }) {
            let name = key.split(separator: ".").last.map(String.init) ?? key
            words.append("\(name)=\(text(value))")
        }
        if let seed = run.seed { words.append("seed=\(seed)") }
        return words.joined(separator: " ")
    }

    private static func code(of environment: RunEnvironment) -> String {
        guard let commit = environment.gitCommit else { return "" }
        return "code \(commit.prefix(7)) (\(environment.dirtyPatch == nil ? "clean" : "modified"))"
    }

    private static func text(_ value: JSONValue) -> String {
        value.stringValue.map { printableText(Array($0.utf8)) }
            ?? String(decoding: value.canonical, as: UTF8.self)
    }

    private static func line(for content: LineageContent) -> String {
        var parts = [content.path?.description ?? "content"]
        let kind = if case .directory = content.id { "tree:" } else { "" }
        parts.append(kind + "sha256:" + short(content.id.digest))
        if let rows = content.rows { parts.append("\(groupedDigits(rows)) rows") }
        if let size = content.sizeBytes { parts.append(ByteCount(size).description) }
        if content.otherProducers > 0 {
            parts.append(
                "(\(content.otherProducers) more run\(content.otherProducers == 1 ? "" : "s") gave the same bytes)"
            )
        }
        return parts.joined(separator: "  ")
    }

    /// The same facts on short lines, for boxes.
    static func labelLines(
        for subject: LineageNode.Subject, _ verdicts: [RunID: RunVerdict]
    ) -> [String] {
        switch subject {
        case .content(let content):
            var lines = [content.path?.description ?? "content", short(content.id.digest)]
            if let rows = content.rows { lines.append("\(groupedDigits(rows)) rows") }
            return lines
        case .run(let id, let run):
            return ["run \(run.stage)", short(id.digest), minute(run.startedAt)] + facts(of: run)
                + replay(of: id, verdicts)
        case .snapshot(let snapshot):
            return [
                "snapshot", short(snapshot.id.digest), printableText(Array(snapshot.message.utf8)),
            ]
        }
    }

    /// What the newest replay showed: `replayed 2026-11-24: bitwise`; nothing where there was none.
    private static func replay(of id: RunID, _ verdicts: [RunID: RunVerdict]) -> [String] {
        verdicts[id].map { verdict in
            let day = verdict.replayedAt.description.prefix(10)
            return ["replayed \(day): \(printableText(Array(verdict.verdict.utf8)))"]
        } ?? []
    }

    static func json(
        _ subject: LineageNode.Subject, _ verdicts: [RunID: RunVerdict]
    ) -> JSONValue {
        switch subject {
        case .content(let content):
            var members: [String: JSONValue] = [
                "kind": "content", "id": .string(content.id.description),
            ]
            members["path"] = content.path.map { .string($0.description) }
            members["size"] = content.sizeBytes.map { JSONValue($0) }
            members["rows"] = content.rows.map { JSONValue($0) }
            return .object(members)
        case .run(let id, let run):
            return [
                "kind": "run", "id": .string(id.description), "record": run.json,
                "verdict": verdicts[id]?.json ?? .null,
            ]
        case .snapshot(let snapshot):
            return [
                "kind": "snapshot", "id": .string(snapshot.id.description),
                "message": .string(snapshot.message), "author": .string(snapshot.author),
                "time": .string(snapshot.time.description),
            ]
        }
    }

    private static func short(_ digest: Digest) -> String { String(digest.hex.prefix(6)) + "…" }

    private static func minute(_ time: Timestamp) -> String {
        String(time.description.prefix(16)).replacing("T", with: " ")
    }
}
