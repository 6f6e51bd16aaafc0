import Bytes
import Vocabulary
import Workspaces

/// What a stage finds now, to be compared with its entry of the lock.
struct StageFindings {
    /// The content of each dependency; nil for one that is nowhere.
    var inputs: [RepoPath: ContentID?] = [:]
    /// The content of each output on disk; nil for one that is not there.
    var products: [RepoPath: ContentID?] = [:]
    /// The seed that a command would be given.
    var seed: Int64?
    /// Digests of the declared variables' values.
    var variables: [String: JSONValue] = [:]
    /// Digests of the files that pin an interpreter's environment.
    var lockFiles: [String: String] = [:]

    /// The recipe; nil while an input is missing.
    func recipe(of stage: Stage) -> Recipe? {
        let present = inputs.compactMapValues { $0 }
        guard present.count == stage.dependencies.count else { return nil }
        return Recipe(
            of: stage, inputs: present, seed: seed, variables: variables, lockFiles: lockFiles,
            core: RunSurroundings.coreVersion)
    }

    /// Why `stage` has to run, most telling first; empty when its outputs are what the lock says
    /// and the lock is what the recipe says, and for a frozen stage. `run` is the record of the
    /// locked run, if at hand.
    func reasons(for stage: Stage, locked: LockFile.Stage?, run: RunRecord?) -> [StaleReason] {
        if stage.policy.isFrozen { return [] }
        let always = stage.policy.isAlwaysRun ? [StaleReason.alwaysRun] : []
        return always + changes(of: stage, since: locked, run)
    }

    private func changes(
        of stage: Stage, since locked: LockFile.Stage?, _ run: RunRecord?
    ) -> [StaleReason] {
        guard let locked else { return [.neverRun] }
        var reasons = changedInputs(stage, locked)
        reasons += leafChanges(from: locked.parameters, to: stage.parameters).map {
            .parameterChanged($0.key, old: $0.old, new: $0.new)
        }
        if commandDiffers(stage, locked) {
            reasons.append(.commandChanged(old: locked.action.text, new: stage.action.text))
        }
        reasons += stage.products.compactMap { path in
            locked.outputs[path] == nil ? .outputAdded(path) : nil
        }
        if let run, !stage.isStep { reasons += changedSurroundings(run) }
        if reasons.isEmpty, let recipe = recipe(of: stage)?.key, recipe != locked.recipe {
            reasons.append(.recipeChanged(old: locked.recipe, new: recipe))
        }
        return reasons + changedProducts(stage, locked)
    }

    private func changedInputs(_ stage: Stage, _ locked: LockFile.Stage) -> [StaleReason] {
        Set(stage.dependencies).union(locked.dependencies.keys).sorted().compactMap { path in
            let old = locked.dependencies[path]
            let new = inputs[path] ?? nil
            return old == new ? nil : .dependencyChanged(path, old: old, new: new)
        }
    }

    /// Whether the action differs by more than the values of parameters: filled in with the
    /// lock's values, an unchanged stage gives the lock's action.
    private func commandDiffers(_ stage: Stage, _ locked: LockFile.Stage) -> Bool {
        let old = locked.action.text
        // A step's folder stands in its paths.
        if !stage.isStep, stage.directory != locked.directory { return true }
        if stage.action.text == old { return false }
        return stage.template.formerAction(locked.parameters)?.text != old
    }

    private func changedSurroundings(_ run: RunRecord) -> [StaleReason] {
        var reasons: [StaleReason] = []
        if run.seed != seed { reasons.append(.seedChanged(old: run.seed, new: seed)) }
        let old = run.environment
        for name in Set(old.variables.keys).union(variables.keys).sorted()
        where old.variables[name] != variables[name] {
            reasons.append(.variableChanged(name))
        }
        guard old.interpreter != nil else { return reasons }
        for name in Set(old.lockFiles.keys).union(lockFiles.keys).sorted()
        where old.lockFiles[name] != lockFiles[name] {
            reasons.append(
                .environmentFileChanged(name, old: old.lockFiles[name], new: lockFiles[name]))
        }
        return reasons
    }

    private func changedProducts(_ stage: Stage, _ locked: LockFile.Stage) -> [StaleReason] {
        stage.products.compactMap { path in
            guard let output = locked.outputs[path] else { return nil }
            if !output.isCached, stage.flags(of: path).isCached { return .outputNotKept(path) }
            let old = output.content
            guard let new = products[path] ?? nil else { return .outputMissing(path) }
            return old == new ? nil : .outputModified(path, old: old, new: new)
        }
    }
}

extension LockFile.Action {
    /// The line for the shell, also where it runs once for each item.
    var commandLine: String? {
        switch self {
        case .command(let line): line
        case .step(let step): StageMap(recorded: step)?.command
        }
    }

    /// The command, or the step's canonical JSON.
    var text: String {
        switch self {
        case .command(let line): line
        case .step(let step): String(decoding: step.canonical, as: UTF8.self)
        }
    }
}
