import Bytes
import Learning
import Pipelines
import Vocabulary

/// What `repro` prints.
enum ReproText {
    /// The lines for what happens while it works.
    static func lines(_ event: ReproEvent, explaining: Bool) -> [String] {
        switch event {
        case .started(let stage, let reasons):
            let shown = explaining ? reasons[...] : reasons.prefix(1)
            let more = reasons.count - shown.count
            var lines = ["\(stage): runs" + (shown.first.map { ", since \($0)" } ?? "")]
            lines += shown.dropFirst().map { "  and \($0)" }
            if more > 0 { lines.append("  and \(counted(more, "other reason"))") }
            return lines
        case .line(let stage, let bytes): return ["  \(stage) | \(printableText(bytes))"]
        case .finished(let outcome): return finished(outcome)
        }
    }

    private static func finished(_ outcome: StageOutcome) -> [String] {
        switch outcome.deed {
        case .current: return ["\(outcome.stage): current"]
        case .frozen: return ["\(outcome.stage): frozen, so left as it is"]
        case .wouldRun:
            return ["\(outcome.stage): would run"] + outcome.reasons.map { "  \($0)" }
        case .failed:
            let error = outcome.failure
            let output = (error?.cause as? CommandOutput)?.description ?? ""
            return ["\(outcome.stage): failed: \(error?.message ?? "")"]
                + output.split(separator: "\n").map { "  \($0)" }
        case .skipped:
            return [
                "\(outcome.stage): not run" + (outcome.reasons.first.map { ", since \($0)" } ?? "")
            ]
        case .restored, .ran:
            let how =
                outcome.deed == .restored
                ? "restored from an earlier run of the same recipe"
                : "done in \(durationText(milliseconds: Int(outcome.durationMilliseconds)))"
            let items = outcome.items.map {
                ": \(counted($0.ran, "item")) ran, \(groupedDigits($0.kept)) kept"
            }
            var lines = ["\(outcome.stage): \(how)\(items ?? "")"]
            lines += outcome.outputs.map {
                "  \($0.path)  \(ByteCount($0.sizeBytes))  sha256:\($0.content.short)"
            }
            lines += (outcome.undeclared?.lines(limit: 20) ?? []).map { "  \($0)" }
            return lines + outcome.metricsDiff.files.flatMap { metricLines($0.changes) }
        }
    }

    /// More metrics of a stage are only counted.
    private static let mostMetrics = 10

    /// What changed since the last run, and then what is new; of a stage's first metrics the values
    /// alone.
    private static func metricLines(_ changes: [ValueChange]) -> [String] {
        let known = changes.filter { $0.old != nil }
        let shown = Array((known + changes.filter { $0.old == nil }).prefix(mostMetrics))
        let more = changes.count - shown.count
        let lines =
            known.isEmpty
            ? ValueText.lines(
                Dictionary(shown.map { ($0.key, $0.new ?? .null) }) { first, _ in first })
            : ValueText.lines(shown)
        guard more > 0 else { return lines }
        let what = counted(more, "more metric")
        return lines + ["  and \(what): 'mlstore metrics' shows \(more == 1 ? "it" : "them")"]
    }

    /// The report at the end.
    static func report(_ report: ReproReport, isDryRun: Bool) -> Report {
        let ran = report.outcomes.count { $0.deed == .ran }
        let restored = report.outcomes.count { $0.deed == .restored }
        let waiting = report.outcomes.count { $0.deed == .wouldRun }
        var parts: [String] = []
        if ran > 0 { parts.append("\(counted(ran, "stage")) ran") }
        if restored > 0 { parts.append("\(restored) restored") }
        if waiting > 0 { parts.append("\(counted(waiting, "stage")) would run") }
        let failed = report.outcomes.count { $0.deed == .failed }
        let skipped = report.outcomes.count { $0.deed == .skipped }
        if failed > 0 { parts.append("\(failed) failed") }
        if skipped > 0 { parts.append("\(skipped) not run") }
        let current = report.outcomes.count { $0.deed == .current }
        let frozen = report.outcomes.count { $0.deed == .frozen }
        if frozen > 0 { parts.append("\(frozen) frozen") }
        if current > 0 || parts.isEmpty { parts.append("\(current) current") }
        let untold = report.outcomes.count { !($0.undeclared?.files.isEmpty ?? true) }
        if untold > 0 { parts.append("\(untold) with undeclared files") }
        var lines = isDryRun ? report.outcomes.flatMap(finished) : []
        lines.append(parts.joined(separator: ", "))
        return Report(
            lines: lines,
            json: [
                "stages": .array(report.outcomes.map(json)),
                "newBytesStored": JSONValue(report.newBytesStored),
            ], status: report.isComplete ? .done : .failed)
    }

    private static func json(_ outcome: StageOutcome) -> JSONValue {
        var metrics: [String: JSONValue] = [:]
        for (path, value) in outcome.metrics { metrics[path.description] = value }
        var members: [String: JSONValue] = [
            "stage": .string(outcome.stage), "deed": .string(outcome.deed.rawValue),
            "reasons": .array(outcome.reasons.map(\.json)),
            "run": outcome.run.map { .string($0.description) } ?? nil,
            "error": outcome.failure.map { .string($0.message) } ?? nil,
            "metrics": .object(metrics),
            "outputs": .array(
                outcome.outputs.map {
                    [
                        "path": .string($0.path.description), "id": .string($0.content.description),
                        "size": JSONValue($0.sizeBytes),
                    ]
                }),
        ]
        if let items = outcome.items {
            members["items"] = ["ran": JSONValue(items.ran), "kept": JSONValue(items.kept)]
        }
        if let undeclared = outcome.undeclared {
            members["undeclared"] = .array(
                undeclared.files.map {
                    [
                        "path": .string($0.path.description),
                        "access": .string($0.access.rawValue),
                    ]
                })
            members["undeclaredIsCut"] = .bool(undeclared.isCut)
        }
        return .object(members)
    }

    /// Why the first of some replays that gave nothing to compare did not; nil if all did.
    static func reason(ofFirst verdicts: [Verdict]) -> [String]? {
        verdicts.lazy.map { reason(of: $0.outcome) }.first { !$0.isEmpty }
    }

    /// Why there is nothing to compare, in lines.
    private static func reason(of outcome: Verdict.Outcome) -> [String] {
        switch outcome {
        case .bitwise, .withinTolerance, .different: []
        case .failed(let text): text.split(separator: "\n").map(String.init)
        case .unavailable(let paths):
            paths.map { "the content of '\($0)' is not in the store: 'mlstore pull' fetches it" }
        }
    }

    /// The report of a replay.
    static func report(_ replay: ReplayReport) -> Report {
        var lines: [String] = []
        for verdict in replay.verdicts {
            lines.append("\(verdict.stage): \(verdict.outcome.name)")
            lines += reason(of: verdict.outcome).map { "  " + $0 }
            // Of what is equal all the same nobody has to know.
            if verdict.outcome != .bitwise {
                lines += verdict.environment.map { "  not as then: \($0)" }
            }
            if let divergence = verdict.divergence { lines.append("  training \(divergence)") }
            for output in verdict.outputs {
                let difference = output.difference.map { "  first difference: \($0)" } ?? ""
                lines.append("  \(output.path)  \(output.judgement)\(difference)")
                lines += output.deviation.map { ["    \($0)"] } ?? []
            }
        }
        lines.append(
            replay.isReproduced
                ? "reproduced: every output of \(counted(replay.verdicts.count, "stage")) is "
                    + (replay.allEqual ? "bitwise equal" : "bitwise equal or within tolerance")
                : "not reproduced")
        return Report(
            lines: lines,
            json: [
                "allEqual": .bool(replay.allEqual), "reproduced": .bool(replay.isReproduced),
                "verdicts": .array(
                    replay.verdicts.map { verdict in
                        [
                            "stage": .string(verdict.stage),
                            "outcome": .string(verdict.outcome.name),
                            "reason": .array(reason(of: verdict.outcome).map { .string($0) }),
                            "run": .string(verdict.run.description),
                            "training": verdict.divergence?.json ?? .null,
                            "proof": verdict.proof.map { .string($0.rawValue) } ?? nil,
                            "environment": .array(
                                verdict.environment.map { .string($0.description) }),
                            "outputs": .array(
                                verdict.outputs.map {
                                    [
                                        "path": .string($0.path.description),
                                        "equal": .bool($0.isEqual),
                                        "judgement": .string($0.judgement),
                                        "largestDifference": $0.deviation?.json ?? .null,
                                        "difference": $0.difference.map { .string($0.description) }
                                            ?? nil,
                                    ]
                                }),
                        ]
                    }),
            ],
            status: replay.isReproduced ? .done : .differences)
    }
}
