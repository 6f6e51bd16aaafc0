package import Bytes
package import Learning
package import Vocabulary
import Workspaces

/// One declared step of a pipeline, with every `${…}` replaced.
package struct Stage: Sendable {
    /// What a stage does when it runs.
    package enum Action: Sendable, Hashable {
        /// A line for `/bin/sh -c`.
        case command(String)
        /// A line for `/bin/sh -c`, run once for each item of a folder.
        case map(StageMap)
        /// A built-in step, in the form that locks and run records keep.
        case step(JSONValue)
    }

    /// The name; of a member of a group with what tells it from the others: `train@eu`.
    package let name: String
    /// The group that it is a member of: `train`.
    package let group: String?
    /// Where the stage begins.
    package let place: SourcePlace
    /// What it does.
    package let action: Action
    /// The step, where it is one.
    package let step: StepDescription?
    /// The folder that a command runs in; nil for the top of the workspace.
    package let directory: RepoPath?
    /// What it reads, sorted, without repetition: what wildcards matched too.
    package internal(set) var dependencies: [RepoPath]
    /// The wildcards among what it reads.
    let patterns: [DependencyPattern]
    /// What it writes, metrics aside, in the order written: plots last.
    package let outputs: [RepoPath]
    /// Those outputs that are declared to be plots.
    package let plots: [RepoPath]
    /// What it writes for git to keep: small JSON files of measurements, in the order written.
    package let metrics: [RepoPath]
    /// How products are treated, where not as usual.
    let flags: [RepoPath: OutputFlags]
    /// The values of the parameters that it depends on, leaf by leaf: `train.l2` to `0.1`.
    package let parameters: [String: JSONValue]
    /// The seed that was declared; for a step it stands inside the step.
    package let seed: Int64?
    /// The environment variables that it declares to depend on, sorted.
    package let environment: [String]
    /// How it is run.
    package let policy: StagePolicy
    /// What it is for, in words for people.
    package let description: String?
    /// The stage as written, for telling a changed command from a changed parameter.
    let template: StageTemplate

    /// Everything that it writes: outputs, then metrics.
    package var products: [RepoPath] { outputs + metrics }

    /// How a product is treated.
    package func flags(of path: RepoPath) -> OutputFlags { flags[path] ?? OutputFlags() }

    /// What stays in place while it runs, in order.
    var persistent: [RepoPath] { products.filter { flags(of: $0).isPersistent } }

    /// Whether the stage runs in the numeric core.
    package var isStep: Bool { if case .step = action { true } else { false } }

    /// What it maps, where it runs once for each item.
    package var map: StageMap? { if case .map(let map) = action { map } else { nil } }

    /// Whether one of `names` is its own or that of its group.
    package func isNamed(by names: [String]) -> Bool {
        names.contains(name) || group.map(names.contains) ?? false
    }
}

/// How a stage is run; nothing of it is part of the recipe.
package struct StagePolicy: Sendable, Hashable {
    /// Whether it is never run, whatever changed.
    package var isFrozen = false
    /// Whether it runs every time.
    package var isAlwaysRun = false
    /// How often a command that fails is run again.
    package var retries = 0
    /// How long one attempt of a command may take, in milliseconds; nil for as long as it takes.
    package var timeoutMilliseconds: Int64?
    /// How much of each resource it takes while it runs: `gpu` to 1.
    package var resources: [String: Int] = [:]

    /// Run when stale, once, for as long as it takes.
    package init() {}
}

extension Stage.Action {
    /// The line for the shell, also where it runs once for each item.
    var commandLine: String? {
        switch self {
        case .command(let line): line
        case .map(let map): map.command
        case .step: nil
        }
    }

    /// The text of the lock: the command, or the step's canonical JSON.
    var text: String { recorded.text }

    /// The same in locks and run records.
    var recorded: LockFile.Action {
        switch self {
        case .command(let line): .command(line)
        case .map(let map): .step(map.recorded)
        case .step(let step): .step(step)
        }
    }
}
