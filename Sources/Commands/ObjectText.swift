import Bytes
import Learning
import Lineage
import Objects
import Pipelines
import Vocabulary
import Workspaces

/// What `show` prints of one object.
struct ObjectText {
    let report: Report

    init(_ object: NamedObject, in workspace: Workspace) throws {
        var builder = Builder(kind: object.kind, digest: object.digest)
        switch object {
        case .file(let id, let path, let size):
            builder.add("path", path.map { .string($0.description) })
            builder.add("size", size.map { JSONValue($0) }, shown: size.map(sizeText))
            builder.addShape(try path.flatMap { try workspace.pointer(of: $0) }, ifOf: .file(id))
            builder.addPresence(try workspace.store().contains(id))
        case .directory(let id, let path, let entries, let size):
            builder.add("path", path.map { .string($0.description) })
            builder.add("size", size.map { JSONValue($0) }, shown: size.map(sizeText))
            builder.add("entries", entries.map { JSONValue($0) })
            builder.addPresence(try workspace.store().contains(.directory(id)))
        case .run(let id, let run):
            builder.add(run, try ledger(of: run, in: workspace.store()))
            builder.add(try runVerdicts(of: id, in: workspace.store()))
        case .snapshot(_, let record):
            builder.add(record, paths: try trackedPaths(in: record, workspace))
        case .verdict(_, let json), .record(_, let json): builder.add(record: json)
        }
        report = Report(lines: builder.lines, json: .object(builder.json))
    }
}

/// What a training went through, where its record is here.
private func ledger(of run: RunRecord, in store: ObjectStore) throws -> StepLedger? {
    guard let id = run.ledger, store.contains(.record, id.digest) else { return nil }
    return try? StepLedger(store.readRecord(id))
}

private func sizeText(_ bytes: Int) -> String {
    "\(ByteCount(bytes))" + (bytes < 1000 ? "" : " (\(groupedDigits(bytes)) bytes)")
}

/// The paths of a snapshot, without pointers and lock.
private func trackedPaths(
    in record: SnapshotRecord, _ workspace: Workspace
) throws -> [TreeEntry] {
    var entries: [TreeEntry] = []
    try workspace.store().tree(record.tree).forEachEntry { entry in
        let isText =
            entry.path.text == LockFile.name || entry.path.removingSuffix(Pointer.suffix) != nil
        if !isText { entries.append(entry) }
    }
    return entries
}

/// Collects lines and members side by side.
private struct Builder {
    var lines: [String] = []
    var json: [String: JSONValue]

    init(kind: String, digest: Digest) {
        json = ["kind": .string(kind), "id": .string("sha256:\(digest.hex)")]
        line(kind, "sha256:\(digest.hex)")
    }

    mutating func line(_ name: String, _ value: String) {
        lines.append(name + String(repeating: " ", count: max(1, 12 - name.count)) + value)
    }

    mutating func add(_ name: String, _ value: JSONValue?, shown: String? = nil) {
        guard let value else { return }
        json[name] = value
        line(name, shown ?? ValueText.text(value))
    }

    mutating func addShape(_ pointer: Pointer?, ifOf content: ContentID) {
        guard let pointer, pointer.content == content else { return }
        add("use", .string(pointer.kind.name))
        guard let shape = pointer.shape else { return }
        add("rows", JSONValue(shape.rows), shown: groupedDigits(shape.rows))
        guard let columns = shape.columns else {
            json["columnCount"] = JSONValue(shape.columnCount)
            return line("columns", groupedDigits(shape.columnCount))
        }
        json["columns"] = .array(
            columns.map { ["name": .string($0.name), "type": .string($0.type)] })
        let texts = columns.map { "\(printable(Array($0.name.utf8))): \($0.type)" }
        line("columns", texts.joined(separator: ", "))
    }

    mutating func addPresence(_ isHere: Bool) {
        json["inStore"] = .bool(isHere)
        line("store", isHere ? "here" : "not here")
    }

    mutating func add(_ run: RunRecord, _ ledger: StepLedger?) {
        json["record"] = run.json
        line("stage", run.stage)
        line("began", run.startedAt.description)
        line("took", durationText(milliseconds: Int(run.durationMilliseconds)))
        switch run.action {
        case .command(let text): line("command", printableText(Array(text.utf8)))
        case .step(let step): line("step", String(decoding: step.canonical, as: UTF8.self))
        }
        if let seed = run.seed { line("seed", String(seed)) }
        let environment = run.environment
        if let commit = environment.gitCommit {
            line("code", commit + (environment.dirtyPatch == nil ? " (clean)" : " (modified)"))
        }
        let parts = [
            environment.system, environment.architecture, environment.interpreterVersion ?? "",
            "mlstore \(environment.mlstoreVersion)",
        ]
        line("environment", parts.filter { !$0.isEmpty }.joined(separator: ", "))
        line("recipe", run.recipe.description)
        if let ledger { line("training", words(ledger)) }
        section("parameters", ValueText.lines(run.parameters))
        section("inputs", contentLines(run.inputs, run.details))
        section("outputs", contentLines(run.outputs, run.details))
        for (path, value) in run.metrics.sorted(by: { $0.key < $1.key }) {
            section("metrics in \(path)", ValueText.lines(Parameters(value).leaves()))
        }
    }

    private func words(_ ledger: StepLedger) -> String {
        let steps = counted(ledger.steps, ledger.unit)
        let losses = ledger.entries.compactMap(\.loss)
        guard let first = losses.first, let last = losses.last else { return steps }
        return "\(steps), loss \(ValueText.rounded(first)) -> \(ValueText.rounded(last))"
    }

    mutating func add(_ verdicts: [RunVerdict]) {
        json["verdicts"] = .array(verdicts.map(\.json))
        section("replayed", verdicts.map { "  \($0)" })
    }

    mutating func add(_ record: SnapshotRecord, paths: [TreeEntry]) {
        json["record"] = record.json
        line("author", printableText(Array(record.author.utf8)))
        line("time", record.time.description)
        for parent in record.parents { line("parent", parent.description) }
        line("message", printableText(Array(record.message.utf8)))
        var table = TableLayout([.left, .right, .left])
        for entry in paths {
            let id = "sha256:\(entry.id.hex.prefix(12))"
            table.add(["\(entry.path)", ByteCount(entry.size).description, id])
        }
        section("paths", table.lines(indent: 2))
    }

    mutating func add(record: JSONValue) {
        json["record"] = record
        for (name, value) in (record.objectValue ?? [:]).sorted(by: { $0.key < $1.key })
        where name != "type" && name != "version" {
            line(name, ValueText.text(value))
        }
    }

    private mutating func section(_ title: String, _ found: [String]) {
        guard !found.isEmpty else { return }
        lines.append(title + ":")
        lines += found
    }

    private func contentLines(
        _ contents: [RepoPath: ContentID], _ details: [RepoPath: RunRecord.Detail]
    ) -> [String] {
        var table = TableLayout([.left, .right, .left])
        for (path, id) in contents.sorted(by: { $0.key < $1.key }) {
            let size = details[path].map { ByteCount($0.sizeBytes).description } ?? ""
            table.add(["\(path)", size, "sha256:\(id.short)"])
        }
        return table.lines(indent: 2)
    }
}
