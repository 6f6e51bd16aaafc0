import Bytes
import Objects
import Platform
import Transfer
import Vocabulary
import Workspaces

extension CommandContext {
    /// Hands `body` what the address names, piece by piece, as `Transfer.cat` does. A place that turns
    /// out to be none becomes the beginning of the path.
    func cat(
        _ address: inout ContentAddress, _ options: CatOptions,
        _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws -> CatReport {
        if let place = address.place, address.isElsewhere {
            return try Transfer.cat(
                try address.pathFromTop(), at: address.revision, from: place,
                in: try Environment.realPath(directory), on: try machine(),
                options: options, body)
        }
        let workspace = try self.workspace()
        let typedPlace = address.place
        let remotes = try workspace.config().remotes.map(\.name)
        let remote = remotes.first { $0.description == typedPlace }
        if remote == nil { address.takePlaceAsPath() }
        guard
            let path = try workspace.path(
                of: Array(address.path.utf8), from: try Environment.realPath(directory))
        else {
            throw StoreError(
                .badUsage, "the workspace itself cannot be printed", advice: "name a file in it")
        }
        let source = try address.revision.map { try workspace.source(named: $0) } ?? .workTree
        do {
            return try Transfer.cat(
                path, at: source, in: workspace, from: remote.map { .remote($0) } ?? .store,
                options: options, body)
        } catch let error as StoreError where error.kind == .notFound && remote == nil {
            // What stands before a ':' was meant to be a remote, then.
            if let typedPlace { _ = try workspace.remote(named: typedPlace) }
            throw error
        }
    }
}
