import Bytes
import Vocabulary
import Workspaces

/// What a command did to the files on disk.
struct WorkTreeText {
    let done: WorkTreeReport
    let before: Report?

    init(_ done: WorkTreeReport, before: Report? = nil) {
        self.done = done
        self.before = before
    }

    var report: Report {
        var lines = before?.lines ?? []
        var parts: [String] = []
        if done.filesWritten > 0 {
            parts.append(
                "\(counted(done.filesWritten, "file")) written, \(ByteCount(done.bytesWritten))")
        }
        if done.filesRemoved > 0 { parts.append("\(counted(done.filesRemoved, "file")) removed") }
        if !done.textsChanged.isEmpty {
            parts.append("\(counted(done.textsChanged.count, "small file")) changed")
        }
        if parts.isEmpty { parts.append("every file is as it should be") }
        lines.append(parts.joined(separator: ", "))
        lines += done.parts.map { part in
            "only \(part.text) of '\(part.path)' are here: "
                + "'mlstore pull \(part.path)' fetches the others"
        }
        lines += done.saved.map { "saved what stood at \($0) ('mlstore undo' brings it back)" }
        var json: [String: JSONValue] = [
            "filesWritten": JSONValue(done.filesWritten),
            "bytesWritten": JSONValue(done.bytesWritten),
            "filesRemoved": JSONValue(done.filesRemoved), "unchanged": JSONValue(done.unchanged),
            "saved": .array(done.saved.map { .string($0.description) }),
            "parts": .array(done.parts.map(\.json)),
        ]
        if case .value(.object(let members))? = before?.json {
            json.merge(members) { own, _ in own }
        }
        return Report(lines: lines, json: .object(json), status: before?.status ?? .done)
    }
}

extension CommandContext {
    /// Shows how far work on files has come.
    var showProgress: (WorkProgress) -> Void {
        let console = console
        return { progress in
            console.progress.update(
                progress.phase, done: progress.bytes, total: progress.totalBytes, unit: .bytes)
        }
    }
}

extension PartCount {
    /// The path, how many entries are here, and how many there are; null where that is not known.
    var json: JSONValue {
        [
            "path": .string(path.description), "files": JSONValue(files),
            "of": of.map { JSONValue($0) } ?? .null,
        ]
    }
}
