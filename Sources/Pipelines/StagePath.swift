import Vocabulary

/// A path as a stage file writes it: relative to the folder of the file, or of the stage.
struct StagePath {
    let text: String
    /// What it is relative to; nil for the top of the workspace.
    let folder: RepoPath?

    /// Its components from the top of the workspace: those of `./a//b/` are `a` and `b`. nil where
    /// it leads out. Empty for the top.
    var components: [Substring]? {
        guard !text.hasPrefix("/") else { return nil }
        var components: [Substring] = []
        let start = folder.map { $0.description.split(separator: "/") } ?? []
        for component in start + text.split(separator: "/") where component != "." {
            if component != ".." {
                components.append(component)
            } else if components.popLast() == nil {
                return nil
            }
        }
        return components
    }

    /// The path in the workspace. Throws `.outsideWorkspace` for absolute paths and for those that
    /// climb out, `.invalidPipeline` for our own and git's files.
    func resolved(stage: String, verb: String, place: SourcePlace) throws -> RepoPath {
        guard let components, let path = try? RepoPath(components.joined(separator: "/")) else {
            throw outside(stage: stage, verb: verb, place: place)
        }
        let isOurs = [".mlstore", ".git"].contains { components.first ?? "" == $0 }
        let isPipeline = [StageFile.fileName, Parameters.fileName, "mlstore.lock"]
            .contains(path.text)
        if isOurs || (isPipeline && verb == "writes") {
            throw StoreError.stageFile(
                place, "stage '\(stage)' \(verb) '\(path)', which mlstore or git keeps",
                advice: "choose another path")
        }
        return path
    }

    /// The folder in the workspace; nil for its top.
    func resolvedFolder(stage: String, place: SourcePlace) throws -> RepoPath? {
        guard let components else {
            throw outside(stage: stage, verb: "runs in", place: place)
        }
        return components.isEmpty
            ? nil : try resolved(stage: stage, verb: "runs in", place: place)
    }

    /// The path of a file that a stage file names. Throws `.outsideWorkspace`.
    func included(at place: SourcePlace) throws -> RepoPath {
        guard let components, let path = try? RepoPath(components.joined(separator: "/")) else {
            throw StoreError(
                .outsideWorkspace,
                "'\(printable(Array(text.utf8)))' lies outside the workspace (\(place))",
                subject: text, advice: "name a file inside the workspace",
                safety: "nothing was run")
        }
        return path
    }

    private func outside(stage: String, verb: String, place: SourcePlace) -> StoreError {
        StoreError.pathOutside(text, stage: stage, verb: verb, place: place)
    }
}
