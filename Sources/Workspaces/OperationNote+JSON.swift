package import Bytes
import Vocabulary

extension OperationNote {
    /// The document. Paths are text, or an object with `hex` where they are no UTF-8.
    package var json: JSONValue {
        var members: [String: JSONValue] = [
            "type": "operation", "version": 1, "command": .string(command),
            "time": .string(time.description),
            "files": .array(
                files.map { change in
                    .object([
                        "path": change.path.json, "before": json(of: change.before),
                        "after": json(of: change.after),
                    ])
                }),
            "artifacts": .array(artifacts.map(json(of:))),
        ]
        if !moves.isEmpty {
            members["moves"] = .array(
                moves.map { .object(["from": $0.from.json, "to": $0.to.json]) })
        }
        return .object(members)
    }

    private func json(of change: ContentChange) -> JSONValue {
        var members: [String: JSONValue] = [
            "path": change.path.json,
            "before": change.before.map { .string($0.content.description) } ?? .null,
            "after": change.after.map { .string($0.content.description) } ?? .null,
        ]
        if let mode = change.before?.mode, mode != .plain {
            members["beforeMode"] = .string(mode.rawValue)
        }
        if let mode = change.after?.mode, mode != .plain {
            members["afterMode"] = .string(mode.rawValue)
        }
        return .object(members)
    }

    private func json(of blob: BlobID?) -> JSONValue {
        blob.map { .string($0.description) } ?? .null
    }

    /// Reads a document; nil where it is not that of an operation, or of a newer version.
    package init?(_ json: JSONValue) {
        guard let command = json["command"]?.stringValue,
            let time = json["time"]?.stringValue.flatMap({ Timestamp($0) }),
            (json["version"]?.integerValue ?? 1) == 1
        else { return nil }
        self.init(command: command, time: time)
        for item in json["files"]?.arrayValue ?? [] {
            guard let change = TextChange(item) else { return nil }
            files.append(change)
        }
        for item in json["artifacts"]?.arrayValue ?? [] {
            guard let change = ContentChange(item) else { return nil }
            artifacts.append(change)
        }
        for item in json["moves"]?.arrayValue ?? [] {
            guard let from = RepoPath(item["from"]), let to = RepoPath(item["to"]) else {
                return nil
            }
            moves.append(Move(from: from, to: to))
        }
    }
}

extension OperationNote.TextChange {
    fileprivate init?(_ json: JSONValue) {
        guard let path = RepoPath(json["path"]),
            let before = optional(json["before"], { BlobID(text: $0) }),
            let after = optional(json["after"], { BlobID(text: $0) })
        else { return nil }
        self.init(path: path, before: before, after: after)
    }
}

extension OperationNote.ContentChange {
    fileprivate init?(_ json: JSONValue) {
        guard let path = RepoPath(json["path"]),
            let before = optional(json["before"], { ContentID(text: $0) }),
            let after = optional(json["after"], { ContentID(text: $0) }),
            let beforeMode = mode(json["beforeMode"]), let afterMode = mode(json["afterMode"])
        else { return nil }
        self.init(
            path: path, before: before.map { .init(content: $0, mode: beforeMode) },
            after: after.map { .init(content: $0, mode: afterMode) })
    }
}

extension RepoPath {
    /// The path as text, or an object with `hex` where it is no UTF-8.
    var json: JSONValue {
        text.map { .string($0) } ?? .object(["hex": .string(Hex.encode(bytes))])
    }

    init?(_ json: JSONValue?) {
        let bytes =
            json?["hex"]?.stringValue.flatMap { Hex.decode($0) }
            ?? json?.stringValue.map { Array($0.utf8) }
        guard let path = bytes.flatMap({ try? RepoPath(validating: $0) }) else { return nil }
        self = path
    }
}

/// The value, nil for none, or (outer nil) a value that cannot be read.
private func optional<Value>(_ json: JSONValue?, _ read: (String) -> Value?) -> Value?? {
    guard let json, !json.isNull else { return .some(nil) }
    guard let value = json.stringValue.flatMap(read) else { return nil }
    return .some(value)
}

private func mode(_ json: JSONValue?) -> OperationNote.State.Mode? {
    guard let json else { return .plain }
    return json.stringValue.flatMap { OperationNote.State.Mode(rawValue: $0) }
}
