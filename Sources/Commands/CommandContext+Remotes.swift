import Bytes
import Platform
import Remotes
import Transfer
import Vocabulary
import Workspaces

extension CommandContext {
    /// The exchange with the remote of that name; without one, the only remote, or `origin`.
    func exchange(with name: String?, in workspace: Workspace) throws -> RemoteContext {
        let remotes = try workspace.config().remotes
        let wanted = name ?? (remotes.count == 1 ? remotes[0].name.description : "origin")
        guard let chosen = remotes.first(where: { $0.name.description == wanted }) else {
            let names = remotes.map(\.name.description)
            let near = nearest(wanted, in: names).map { "did you mean '\($0)'?" }
            throw StoreError(
                .notFound, "there is no remote '\(wanted)'", subject: wanted,
                advice: near ?? "add one: 'mlstore remote add \(wanted) file:///path/to/folder'",
                safety: "nothing was changed")
        }
        let url = try RemoteURL(parsing: chosen.url, relativeTo: workspace.root)
        return RemoteContext(
            store: try workspace.store(), disk: workspace.disk,
            stateDirectory: workspace.root / ".mlstore/state",
            remote: try openRemote(url, on: workspace.disk), name: chosen.name, clock: clock,
            entropy: entropy)
    }

    /// Fetches what the tracked paths of `selection` need.
    func fetched(
        _ selection: [RepoPath]?, from remote: String?, in workspace: Workspace
    ) throws -> (absent: [String], report: Report) {
        let exchange = try exchange(with: remote, in: workspace)
        let wanted = TransferSelection(
            contents: try workspace.tracked().selected(selection).map {
                ($0.path.description, $0.content)
            })
        let console = console
        let found = try fetch(wanted, from: exchange) { progress in
            console.progress.update(
                progress.phase.rawValue, done: progress.bytes, total: nil, unit: .bytes)
        }
        found.warnings.forEach(console.note)
        let line =
            found.objects == 0
            ? "everything is here already"
            : "fetched \(counted(found.objects, "object")), \(ByteCount(found.receivedBytes)) from "
                + "'\(exchange.name)'"
        let json: JSONValue = [
            "remote": .string(exchange.name.description), "objects": JSONValue(found.objects),
            "receivedBytes": JSONValue(found.receivedBytes),
            "absent": .array(found.absent.map { .string($0) }),
        ]
        return (
            found.absent,
            Report(lines: [line] + found.absent.map { "not on the remote: \($0)" }, json: json)
        )
    }
}
