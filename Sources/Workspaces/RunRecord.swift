package import Bytes
package import Vocabulary

/// One execution of a stage: what it read, wrote and measured, and in which environment. Kept in
/// the store as a record of type `run`; docs/format/run-record.md is its page.
package struct RunRecord: Sendable, Equatable {
    /// What was run.
    package typealias Action = LockFile.Action

    /// What is known about a content without reading it.
    package struct Detail: Sendable, Equatable {
        /// The bytes of the file, or of all files of the directory.
        package var sizeBytes: Int
        /// The rows, where it is a table.
        package var rows: Int?
        /// Whether a file may be executed.
        package var isExecutable: Bool

        /// Makes a detail.
        package init(sizeBytes: Int, rows: Int? = nil, isExecutable: Bool = false) {
            self.sizeBytes = sizeBytes
            self.rows = rows
            self.isExecutable = isExecutable
        }
    }

    /// The stage's name.
    package var stage: String
    /// What was run.
    package var action: Action
    /// The folder that a command ran in; nil for the top of the workspace.
    package var directory: RepoPath?
    /// The hash of everything that could influence the run.
    package var recipe: RecipeKey
    /// What it read.
    package var inputs: [RepoPath: ContentID] = [:]
    /// What it wrote, metrics included.
    package var outputs: [RepoPath: ContentID] = [:]
    /// Sizes and rows of inputs and outputs, where known.
    package var details: [RepoPath: Detail] = [:]
    /// The contents of its metric files.
    package var metrics: [RepoPath: JSONValue] = [:]
    /// The parameters it depended on, leaf by leaf.
    package var parameters: [String: JSONValue] = [:]
    /// The seed it was given.
    package var seed: Int64?
    /// What its process returned; 0 for a step.
    package var exitStatus = 0
    /// The record of the steps of a training, where it was one.
    package var ledger: RecordID?
    /// When it began.
    package var startedAt: Timestamp
    /// How long it took.
    package var durationMilliseconds: Int64 = 0
    /// Where it ran.
    package var environment = RunEnvironment()

    /// A run that has not read or written anything yet.
    package init(stage: String, action: Action, recipe: RecipeKey, startedAt: Timestamp) {
        self.stage = stage
        self.action = action
        self.recipe = recipe
        self.startedAt = startedAt
    }
}

extension RunRecord {
    /// The record's document: what is hashed and stored.
    package var json: JSONValue {
        var members: [String: JSONValue] = [
            "type": "run", "version": 1, "stage": .string(stage),
            "recipe": .string(recipe.description),
            "inputs": object(inputs) { .string($0.description) },
            "outputs": object(outputs) { .string($0.description) },
            "details": object(details) { $0.json },
            "metrics": object(metrics) { $0 },
            "params": .object(parameters),
            "seed": seed.map { .integer($0) } ?? .null,
            "exitStatus": JSONValue(exitStatus),
            "startedAt": .string(startedAt.description),
            "durationMilliseconds": .integer(durationMilliseconds),
            "environment": environment.json,
        ]
        switch action {
        case .command(let line): members["command"] = .string(line)
        case .step(let step): members["step"] = step
        }
        members["ledger"] = ledger.map { .string($0.description) }
        members["directory"] = directory.map { .string($0.text ?? $0.description) }
        return .object(members)
    }

    /// Reads a record's document; throws for another type, a newer version or missing members.
    package init(_ json: JSONValue) throws(DecodeError) {
        let reader = RecordReader(json, type: "run")
        try reader.checkHeader(version: 1)
        let action: Action
        if let line = json["command"]?.stringValue {
            action = .command(line)
        } else if let step = json["step"] {
            action = .step(step)
        } else {
            throw DecodeError(at: 0, "a run with neither 'command' nor 'step'")
        }
        self.init(
            stage: try reader.text("stage"), action: action,
            recipe: try reader.value("recipe") { $0.stringValue.flatMap { RecipeKey(text: $0) } },
            startedAt: try reader.value("startedAt") { $0.stringValue.flatMap { Timestamp($0) } })
        let contentID: (JSONValue) -> ContentID? = { value in
            value.stringValue.flatMap { ContentID(text: $0) }
        }
        inputs = try reader.paths("inputs", contentID)
        outputs = try reader.paths("outputs", contentID)
        details = try reader.paths("details") { Detail($0) }
        metrics = try reader.paths("metrics") { $0 }
        parameters = json["params"]?.objectValue ?? [:]
        seed = json["seed"]?.integerValue
        directory = json["directory"]?.stringValue.flatMap { try? RepoPath($0) }
        ledger = json["ledger"]?.stringValue.flatMap { RecordID(text: $0) }
        exitStatus = json["exitStatus"]?.integerValue.flatMap { Int(exactly: $0) } ?? 0
        durationMilliseconds = json["durationMilliseconds"]?.integerValue ?? 0
        environment = RunEnvironment(json["environment"] ?? .object([:]))
    }
}

extension RunRecord.Detail {
    var json: JSONValue {
        var members: [String: JSONValue] = ["size": JSONValue(sizeBytes)]
        if let rows { members["rows"] = JSONValue(rows) }
        if isExecutable { members["executable"] = true }
        return .object(members)
    }

    init?(_ json: JSONValue) {
        guard let size = json["size"]?.integerValue else { return nil }
        sizeBytes = Int(size)
        rows = json["rows"]?.integerValue.map { Int($0) }
        isExecutable = json["executable"]?.boolValue ?? false
    }
}

/// Members of a record's document, with errors that name them.
private struct RecordReader {
    let json: JSONValue
    let type: String

    init(_ json: JSONValue, type: String) {
        self.json = json
        self.type = type
    }

    func checkHeader(version: Int64) throws(DecodeError) {
        guard json["type"]?.stringValue == type else {
            throw DecodeError(at: 0, "a record that is no \(type)")
        }
        guard let found = json["version"]?.integerValue, (1...version).contains(found) else {
            throw DecodeError(at: 0, "a \(type) of a version that is not known here")
        }
    }

    func value<T>(_ key: String, _ read: (JSONValue) -> T?) throws(DecodeError) -> T {
        guard let value = json[key].flatMap(read) else {
            throw DecodeError(at: 0, "a \(type) without a proper '\(key)'")
        }
        return value
    }

    func text(_ key: String) throws(DecodeError) -> String { try value(key) { $0.stringValue } }

    func paths<T>(
        _ key: String, _ read: (JSONValue) -> T?
    ) throws(DecodeError) -> [RepoPath: T] {
        var result: [RepoPath: T] = [:]
        for (name, member) in json[key]?.objectValue ?? [:] {
            guard let value = read(member) else {
                throw DecodeError(at: 0, "a \(type) with a bad member of '\(key)'")
            }
            result[try RepoPath(name)] = value
        }
        return result
    }
}

private func object<T>(_ values: [RepoPath: T], _ write: (T) -> JSONValue) -> JSONValue {
    var members: [String: JSONValue] = [:]
    for (path, value) in values { members[path.text ?? path.description] = write(value) }
    return .object(members)
}
