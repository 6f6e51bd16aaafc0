package import Bytes
package import Vocabulary

/// Everything that can influence the result of a run; docs/format/recipe-key.md is its page.
///
/// Invariant: two runs with equal keys may stand for each other. So whatever a command or a step
/// can see belongs in here, but for what is documented never to matter (the number of threads).
package struct Recipe: Sendable, Equatable {
    /// What is hashed.
    package let json: JSONValue

    /// The tag that the hash begins with.
    package static let tag = "mlstore recipe 1"

    /// The recipe of `stage` over these inputs.
    ///
    /// - Parameters:
    ///   - stage: The stage, its placeholders filled in.
    ///   - inputs: The content of each dependency.
    ///   - seed: The seed that a command is given; a step has its own inside.
    ///   - variables: Digests of the declared environment variables' values, null for unset ones.
    ///   - lockFiles: Digests of the files that pin an interpreter's environment.
    ///   - core: The version of the numeric core, for steps.
    package init(
        of stage: Stage, inputs: [RepoPath: ContentID], seed: Int64?,
        variables: [String: JSONValue] = [:], lockFiles: [String: String] = [:], core: String
    ) {
        var members: [String: JSONValue] = [
            "type": "recipe", "version": 1,
            "inputs": .object(
                Dictionary(
                    inputs.map {
                        ($0.key.text ?? $0.key.description, .string($0.value.description))
                    }
                ) { _, last in last }),
            "outputs": .array(stage.outputs.map { .string($0.text ?? $0.description) }),
            "metrics": .array(stage.metrics.map { .string($0.text ?? $0.description) }),
            "params": .object(stage.parameters),
        ]
        switch stage.action {
        case .command, .map:
            // A command can read its stage's name and seed in its environment.
            members["stage"] = .string(stage.name)
            members["command"] = stage.action.commandLine.map { .string($0) }
            members["map"] = stage.map?.recorded["map"]
            let persistent = stage.persistent.map { JSONValue.string($0.text ?? $0.description) }
            if !persistent.isEmpty { members["persist"] = .array(persistent) }
            members["directory"] = stage.directory.map { .string($0.text ?? $0.description) }
            members["seed"] = .integer(seed ?? 0)
            members["variables"] = .object(variables)
            members["lockFiles"] = .object(lockFiles.mapValues { .string($0) })
        case .step(let step):
            members["step"] = step
            members["core"] = .string(core)
        }
        json = .object(members)
    }

    /// SHA-256 over the tag, a newline and the canonical JSON.
    package var key: RecipeKey { RecipeKey(taggedDigest(Recipe.tag, json.canonical)) }
}
