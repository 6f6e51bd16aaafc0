import Bytes
import Transfer
import Vocabulary

/// What `push`, `fetch` and `pull` say of an exchange. Content that neither end has is a failure:
/// a script that goes on as if all had arrived would lose data.
enum TransferText {
    static func report(of found: PushReport, to remote: RemoteName) -> Report {
        let what = "\(counted(found.objects, "object")), \(ByteCount(found.sentBytes))"
        let line =
            found.wasUpToDate
            ? "'\(remote)' is up to date"
            : "pushed \(what) in \(counted(found.packs, "pack")) to '\(remote)'"
        let requests = "  (\(counted(found.requests, "request")))"
        return Report(
            lines: [line + requests]
                + found.absent.map { "not pushed: \($0)  (its content is not here)" },
            json: [
                "remote": .string(remote.description), "objects": JSONValue(found.objects),
                "sentBytes": JSONValue(found.sentBytes), "packs": JSONValue(found.packs),
                "resumedPacks": JSONValue(found.resumedPacks),
                "requests": JSONValue(found.requests),
                "upToDate": .bool(found.wasUpToDate),
                "absent": .array(found.absent.map { .string($0) }),
            ], status: found.absent.isEmpty ? .done : .failed)
    }

    static func report(
        of found: FetchReport, from remote: RemoteName, isDryRun: Bool = false
    ) -> Report {
        let what =
            isDryRun
            ? "would fetch \(counted(found.files, "file")), \(counted(found.objects, "object")), "
                + "\(ByteCount(found.receivedBytes)) of \(counted(found.packs, "pack"))"
            : "fetched \(counted(found.objects, "object")), \(ByteCount(found.receivedBytes))"
        let line =
            (found.objects == 0 ? "nothing new on '\(remote)'" : "\(what) from '\(remote)'")
            + "  (\(counted(found.requests, "request")))"
        let json: JSONValue = [
            "remote": .string(remote.description), "objects": JSONValue(found.objects),
            "receivedBytes": JSONValue(found.receivedBytes), "files": JSONValue(found.files),
            "packs": JSONValue(found.packs), "requests": JSONValue(found.requests),
            "dryRun": .bool(isDryRun),
            "absent": .array(found.absent.map { .string($0) }),
        ]
        let absent = found.absent.map {
            "not on '\(remote)': \($0)  ('mlstore push' where it was added)"
        }
        return Report(
            lines: [line] + absent, json: json, status: found.absent.isEmpty ? .done : .failed)
    }
}

extension CommandContext {
    /// Shows how far an exchange with a remote has come.
    var showTransfer: (TransferProgress) -> Void {
        let console = console
        return { progress in
            console.progress.update(
                progress.phase.rawValue, done: progress.bytes, total: nil, unit: .bytes)
        }
    }
}
