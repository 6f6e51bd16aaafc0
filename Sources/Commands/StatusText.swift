import Bytes
import Pipelines
import Vocabulary
import Workspaces

/// What `status` prints: what changed on disk, what changed since git's HEAD, what is stale.
struct StatusText {
    let found: StatusReport
    /// At which a run was killed.
    let interrupted: [String]
    let stages: [StageState]

    var report: Report {
        let isStale = stages.contains(where: \.isStale)
        let isClean = found.isClean && !isStale && interrupted.isEmpty
        return Report(lines: lines, json: json, status: isClean ? .done : .differences)
    }

    private var lines: [String] {
        var lines = found.problems.map { "broken    \($0.path): \($0.error.message)" }
        for work in found.unfinished { lines += unfinishedLines(work) }
        if let first = interrupted.first {
            let more = interrupted.count > 1 ? " and \(interrupted.count - 1) more" : ""
            lines.append(
                "half done a run was killed at '\(first)'\(more): the next 'mlstore repro' or 'run' "
                    + "puts its former outputs back and begins it again")
        }
        for path in found.paths where path.state != .clean { lines += changeLines(path) }
        for path in found.paths { if let line = headLine(path) { lines.append(line) } }
        lines += found.untracked.map { "untracked \($0)  ('mlstore add' tracks it)" }
        for stage in stages where stage.isStale {
            lines.append("stale     \(stage.stage)")
            lines += stage.reasons.map { "          \($0)" }
        }
        if let problem = found.headProblem { lines.append("note      \(problem.message)") }
        guard lines.isEmpty else { return lines }
        let stageText = stages.isEmpty ? "" : ", \(counted(stages.count, "stage")) current"
        return ["clean: \(counted(found.paths.count, "tracked path"))\(stageText)"]
    }

    private func unfinishedLines(_ work: UnfinishedWork) -> [String] {
        let names = work.paths.prefix(3).map(\.description).joined(separator: ", ")
        let more = work.paths.count > 3 ? " and \(work.paths.count - 3) more" : ""
        return [
            "half done '\(work.command)' was stopped while it wrote \(names)\(more)",
            "          run it again to finish, or 'mlstore undo' to go back; nothing is lost",
        ]
    }

    private func changeLines(_ path: PathStatus) -> [String] {
        let name = path.tracked.path.description
        switch path.state {
        case .clean: return []
        case .partial: return ["partly    \(partText(path))"]
        case .missing:
            guard path.part != nil else {
                return ["missing   \(name)  ('mlstore checkout' brings it back)"]
            }
            return [
                "missing   \(partText(path))", "          'mlstore checkout' brings back these",
            ]
        case .notInStore:
            let way =
                path.tracked.isPushed
                ? "'mlstore pull' fetches it" : "'mlstore repro' makes it: no remote has it"
            return ["not here  \(name)  (\(way))"]
        case .modified:
            let sizes =
                "\(ByteCount(path.tracked.sizeBytes)) -> \(ByteCount(path.current.sizeBytes))"
            let files = path.changes.prefix(10).map { "          \($0.form.rawValue) \($0.path)" }
            let more = path.changes.count - files.count
            let first = path.part == nil ? "\(name)  \(sizes)" : partText(path)
            return ["modified  \(first)"] + files
                + (more > 0 ? ["          and \(counted(more, "file")) more"] : [])
                + (path.unknownFiles > 0
                    ? [
                        "          and \(counted(path.unknownFiles, "file")) that may be new: not all "
                            + "of the folder is known here"
                    ]
                    : [])
        }
    }

    /// How much of a folder is here, and how to get the rest.
    private func partText(_ path: PathStatus) -> String {
        let name = path.tracked.path
        guard let part = path.part else { return "\(name)" }
        return "\(name)  \(part.text) are here  ('mlstore pull \(name)' fetches the others)"
    }

    private func headLine(_ path: PathStatus) -> String? {
        guard let change = path.head else { return nil }
        let name = path.tracked.path.description
        switch change {
        case .added: return "new       \(name)  (not in git's HEAD yet)"
        case .modified: return "updated   \(name)  (other content than in git's HEAD)"
        case .removed: return "removed   \(name)  (still in git's HEAD)"
        }
    }

    private var json: JSONValue {
        [
            "clean": .bool(found.isClean),
            "paths": .array(found.paths.map(pathJSON)),
            "untracked": .array(found.untracked.map { .string($0.description) }),
            "unfinished": .array(
                found.unfinished.map {
                    [
                        "command": .string($0.command),
                        "paths": .array($0.paths.map { .string($0.description) }),
                    ]
                }),
            "interrupted": .array(interrupted.map { .string($0) }),
            "problems": .array(
                found.problems.map {
                    [
                        "path": .string($0.path.description), "message": .string($0.error.message),
                        "kind": .string($0.error.kind.description),
                    ]
                }),
            "stages": .array(
                stages.map {
                    [
                        "stage": .string($0.stage), "stale": .bool($0.isStale),
                        "reasons": .array($0.reasons.map(\.json)),
                    ]
                }),
        ]
    }

    private func pathJSON(_ path: PathStatus) -> JSONValue {
        var members: [String: JSONValue] = [
            "path": .string(path.tracked.path.description), "state": .string(path.state.rawValue),
            "id": .string(path.tracked.content.description),
            "size": JSONValue(path.tracked.sizeBytes),
        ]
        if let part = path.part {
            members["part"] = part.json
            members["unknownFiles"] = JSONValue(path.unknownFiles)
        }
        members["currentId"] = path.current.content.map { .string($0.description) }
        members["head"] = path.head.map { .string($0.rawValue) }
        if !path.changes.isEmpty {
            members["files"] = .array(
                path.changes.map {
                    [
                        "path": .string($0.path.description), "change": .string($0.form.rawValue),
                    ]
                })
        }
        return .object(members)
    }
}
