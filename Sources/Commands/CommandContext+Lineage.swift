import Bytes
import Lineage
import Objects
import Vocabulary
import Workspaces

extension CommandContext {
    /// The graph of all runs that the store knows.
    func lineageGraph(of workspace: Workspace) throws -> LineageGraph {
        let store = try workspace.store()
        var runs: [RunID: RunRecord] = [:]
        for (_, id) in try store.refs(under: "runs/") {
            let json = try store.readRecord(id)
            do throws(DecodeError) {
                runs[RunID(id.digest)] = try RunRecord(json)
            } catch {
                throw StoreError(
                    .corrupt, "cannot read the run '\(id.short)': \(error)",
                    subject: id.description,
                    advice: "run 'mlstore fsck'")
            }
        }
        let locked = try workspace.lockFile().stages.values.map(\.run)
        return LineageGraph(runs: runs, locked: Set(locked))
    }
}
