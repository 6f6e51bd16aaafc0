import Bytes
import Pipelines
import Vocabulary

/// `repro --repeat` in lines and in JSON.
struct RepetitionText {
    let found: RepetitionReport
    let count: Int

    var report: Report {
        Report(
            lines: found.repetitions.flatMap(lines),
            json: [
                "stable": .bool(found.isStable),
                "stages": .array(found.repetitions.map(json)),
            ], status: found.isStable ? .done : .differences)
    }

    private func lines(_ item: RepetitionReport.Repetition) -> [String] {
        if let reason = ReproText.reason(ofFirst: item.verdicts) {
            return ["\(item.stage): could not be replayed"] + reason.map { "  " + $0 }
        }
        guard !item.isStable else {
            let end = item.equalsLock ? "" : ", which are not those of the lock"
            return ["\(item.stage): the same bytes \(count) times\(end)"]
        }
        return ["\(item.stage): other bytes each time"]
            + item.unstable.map { output in
                let difference = output.difference.map { "  first difference: \($0)" } ?? ""
                return "  \(output.path)\(difference)"
            } + (item.suspicions.isEmpty ? [] : ["  usual causes:"])
            + item.suspicions.map { "    \($0)" }
    }

    private func json(_ item: RepetitionReport.Repetition) -> JSONValue {
        [
            "stage": .string(item.stage), "stable": .bool(item.isStable),
            "equalsLock": .bool(item.equalsLock),
            "outcomes": .array(item.verdicts.map { .string($0.outcome.name) }),
            "unstable": .array(item.unstable.map { .string($0.path.description) }),
            "suspicions": .array(item.suspicions.map { .string($0) }),
        ]
    }
}
