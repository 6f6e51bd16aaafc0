package import Bytes
package import Vocabulary

/// Why a stage has to run again.
package enum StaleReason: Sendable, Hashable {
    /// The lock does not know the stage.
    case neverRun
    /// An input has other content than when the stage last ran; nil where it was no input, or
    /// where it is not there.
    case dependencyChanged(RepoPath, old: ContentID?, new: ContentID?)
    /// A parameter has another value.
    case parameterChanged(String, old: JSONValue?, new: JSONValue?)
    /// The command, or the step's options, differ by more than parameters.
    case commandChanged(old: String, new: String)
    /// The seed differs.
    case seedChanged(old: Int64?, new: Int64?)
    /// A declared environment variable has another value; the values are not kept.
    case variableChanged(String)
    /// A file that pins the environment (`uv.lock`) has other content; digests.
    case environmentFileChanged(String, old: String?, new: String?)
    /// A declared output that the stage did not declare when it last ran.
    case outputAdded(RepoPath)
    /// An output that the stage file lets the store keep, and that it does not have.
    case outputNotKept(RepoPath)
    /// An output that is not on disk.
    case outputMissing(RepoPath)
    /// An output whose content is not what the stage wrote.
    case outputModified(RepoPath, old: ContentID, new: ContentID)
    /// The recipe differs in something that the lock alone cannot name.
    case recipeChanged(old: RecipeKey, new: RecipeKey)
    /// A stage whose outputs this one reads has to run first.
    case upstreamStale(String)
    /// The stage file says that it always runs.
    case alwaysRun
    /// A stage whose outputs this one reads has failed.
    case upstreamFailed(String)
    /// The user asked for it.
    case forced
    /// A command that no stage declares: whoever types it wants it to run.
    case trackedCommand
}

/// Whether a stage's outputs are what its inputs give.
package struct StageState: Sendable, Hashable {
    /// The stage's name.
    package let stage: String
    /// Why it is stale; empty for a current stage.
    package let reasons: [StaleReason]
    /// Whether the stage file says never to run it.
    package let isFrozen: Bool

    /// A state.
    package init(stage: String, reasons: [StaleReason], isFrozen: Bool = false) {
        self.stage = stage
        self.reasons = reasons
        self.isFrozen = isFrozen
    }

    /// Whether the stage has to run.
    package var isStale: Bool { !reasons.isEmpty }
}

extension StaleReason: CustomStringConvertible {
    /// One line for people: what changed, from what, to what.
    package var description: String {
        switch self {
        case .neverRun: "never run"
        case .dependencyChanged(let path, let old?, let new?):
            "input '\(path)' changed: \(old.short) -> \(new.short)"
        case .dependencyChanged(let path, nil, let new):
            "input '\(path)' is new: \(new?.short ?? "not there")"
        case .dependencyChanged(let path, let old?, nil):
            "input '\(path)' is gone: was \(old.short)"
        case .parameterChanged(let key, let old, let new):
            "parameter '\(key)' changed: \(text(old)) -> \(text(new))"
        case .commandChanged(let old, let new):
            "command changed: \(clipped(old)) -> \(clipped(new))"
        case .seedChanged(let old, let new):
            "seed changed: \(old.map(String.init) ?? "none") -> \(new.map(String.init) ?? "none")"
        case .variableChanged(let name): "environment variable '\(name)' changed"
        case .environmentFileChanged(let name, let old, let new):
            "'\(name)' changed: \(short(old)) -> \(short(new))"
        case .outputAdded(let path): "output '\(path)' is new"
        case .outputNotKept(let path): "output '\(path)' is not in the store"
        case .outputMissing(let path): "output '\(path)' is missing"
        case .outputModified(let path, let old, let new):
            "output '\(path)' was modified: \(old.short) -> \(new.short)"
        case .recipeChanged(let old, let new): "recipe changed: \(old.short) -> \(new.short)"
        case .upstreamStale(let name): "stage '\(name)' runs first"
        case .alwaysRun: "it always runs"
        case .upstreamFailed(let name): "stage '\(name)' failed"
        case .forced: "forced"
        case .trackedCommand: "'mlstore run' always runs its command"
        }
    }

    /// The reason as a member of a report: `kind`, what it is about, `old` and `new`.
    package var json: JSONValue {
        func change(
            _ kind: String, _ subject: String?, _ old: JSONValue?, _ new: JSONValue?
        ) -> JSONValue {
            var members: [String: JSONValue] = ["kind": .string(kind)]
            members["subject"] = subject.map { .string($0) }
            members["old"] = old
            members["new"] = new
            return .object(members)
        }
        func id(_ value: (any CustomStringConvertible)?) -> JSONValue {
            value.map { .string($0.description) } ?? .null
        }
        return switch self {
        case .neverRun: change("neverRun", nil, nil, nil)
        case .dependencyChanged(let path, let old, let new):
            change("dependency", path.description, id(old), id(new))
        case .parameterChanged(let key, let old, let new):
            change("parameter", key, old ?? .null, new ?? .null)
        case .commandChanged(let old, let new):
            change("command", nil, .string(old), .string(new))
        case .seedChanged(let old, let new):
            change(
                "seed", nil, old.map { .integer($0) } ?? .null, new.map { .integer($0) } ?? .null)
        case .variableChanged(let name): change("variable", name, nil, nil)
        case .environmentFileChanged(let name, let old, let new):
            change("environmentFile", name, id(old), id(new))
        case .outputAdded(let path): change("outputAdded", path.description, nil, nil)
        case .outputNotKept(let path): change("outputNotKept", path.description, nil, nil)
        case .outputMissing(let path): change("outputMissing", path.description, nil, nil)
        case .outputModified(let path, let old, let new):
            change("outputModified", path.description, id(old), id(new))
        case .recipeChanged(let old, let new): change("recipe", nil, id(old), id(new))
        case .upstreamStale(let name): change("upstream", name, nil, nil)
        case .alwaysRun: change("always", nil, nil, nil)
        case .upstreamFailed(let name): change("upstreamFailed", name, nil, nil)
        case .forced: change("forced", nil, nil, nil)
        case .trackedCommand: change("trackedCommand", nil, nil, nil)
        }
    }

    private func text(_ value: JSONValue?) -> String {
        value.map { String(decoding: $0.canonical, as: UTF8.self) } ?? "none"
    }

    private func short(_ digest: String?) -> String {
        digest.map { String($0.replacing("sha256:", with: "").prefix(12)) } ?? "none"
    }

    private func clipped(_ text: String) -> String {
        let clean = printableText(Array(text.utf8))
        return "'" + (clean.count > 60 ? clean.prefix(59) + "…" : clean) + "'"
    }
}
