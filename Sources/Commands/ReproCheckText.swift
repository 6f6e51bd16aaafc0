import Bytes
import Pipelines
import Transfer
import Vocabulary
import Workspaces

/// `repro --check` in lines and in JSON.
struct ReproCheckText {
    /// Every stage that was looked at, in order.
    let states: [StageState]
    /// The remote that was asked, if one was.
    let remote: String?
    /// Results of those stages that are not on the remote.
    let missing: [RemotePathStatus]

    var report: Report {
        Report(lines: lines, json: json, status: isFine ? .done : .differences)
    }

    private var stale: [StageState] { states.filter(\.isStale) }
    private var isFine: Bool { stale.isEmpty && missing.isEmpty }

    private var lines: [String] {
        var lines = stale.flatMap { ["\($0.stage): stale"] + $0.reasons.map { "  \($0)" } }
        if let remote { lines += missing.map { "\($0.path): not on '\(remote)'" } }
        var end =
            stale.isEmpty
            ? "current: \(counted(states.count, "stage"))"
            : "\(stale.count) of \(counted(states.count, "stage")) stale"
        if let remote {
            end +=
                missing.isEmpty
                ? ", every result is on '\(remote)'"
                : ", \(counted(missing.count, "result")) not on '\(remote)'"
        }
        return lines + [end]
    }

    private var json: JSONValue {
        [
            "current": .bool(stale.isEmpty),
            "stages": .array(
                states.map { state in
                    [
                        "stage": .string(state.stage), "current": .bool(!state.isStale),
                        "reasons": .array(state.reasons.map(\.json)),
                    ]
                }),
            "remote": remote.map { .string($0) } ?? nil,
            "missing": .array(missing.map { .string($0.path.description) }),
        ]
    }
}
