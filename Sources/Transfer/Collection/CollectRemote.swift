import Objects
import Vocabulary
package import Workspaces

/// Removes from a remote what neither this workspace, nor the remote's refs, nor the notes of the pushes
/// to it need; see `collect(remote:roots:)`. With a policy that does not keep all versions, notes of
/// pushes stay by number and time.
package func collect(
    remote name: String?, of workspace: Workspace, policy: KeepPolicy, isDryRun: Bool,
    link: LinkOptions = LinkOptions(),
    progress: (_ what: String, _ objects: Int) -> Void = { _, _ in }
) throws -> RemoteCollectionReport {
    let start = try policy.start(in: workspace)
    let roots = RemoteCollectionRoots(
        // What an undo needs is in the store here.
        here: { try liveRoots(of: workspace, policy).filter { $0.group != "undo" } },
        keepsAll: policy.keepsAll,
        keepsPush: { number, time in
            number < max(1, policy.last ?? 1) || start.map { time >= $0 } ?? false
        })
    return try collect(
        remote: try workspace.context(ofRemote: name, link: link), roots: roots, isDryRun: isDryRun,
        progress: progress)
}
