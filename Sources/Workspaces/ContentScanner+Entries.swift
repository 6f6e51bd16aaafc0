package import Objects
package import Vocabulary

extension ContentScanner {
    /// What stands in the folder at `path` right now, as the entries of a tree, in key order.
    package func entries(of path: RepoPath) throws -> [TreeEntry] {
        let state = try folder(path)
        return state.items.indices.map { state.entry($0) }
    }
}
