import Platform
import Vocabulary

/// A folder with pointers in it would be tracked twice.
struct PointerCheck {
    let workspace: Workspace
    let top: RepoPath
    private let ending = Array(Pointer.suffix.utf8)

    init(workspace: Workspace, top: RepoPath) {
        self.workspace = workspace
        self.top = top
    }

    func check(_ part: FolderWalk.Part) throws {
        guard case .run(let run) = part else { return }
        for index in run.range {
            let name = run.names.range(index)
            guard run.names.bytes[name.upperBound - 1] == ending.last,
                run.names.bytes[name].suffix(ending.count).elementsEqual(ending)
            else { continue }
            let path = top.appending(
                try RepoPath(validating: run.prefix + run.names.bytes[name]))
            guard workspace.isPointer(path) else { continue }
            throw StoreError.cannotAdd(
                top, "'\(path)' in it is tracked on its own",
                "add the files in it one by one, or run 'mlstore rm' for that one first")
        }
    }
}
