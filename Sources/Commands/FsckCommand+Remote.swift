import Bytes
import Objects
import Transfer
import Vocabulary
import Workspaces

extension FsckCommand {
    /// `fsck --remote`.
    func checkRemote(
        _ name: String, of workspace: Workspace, _ context: CommandContext
    ) throws -> Report {
        var options = RemoteVerifyOptions()
        options.level = try verifyLevel() ?? .connectivity
        options.samplePercent = sample ?? 0
        let remote = try workspace.context(ofRemote: name)
        let console = context.console
        let show = { (what: String, done: Int, total: Int) in
            console.progress.update(what, done: done, total: total, unit: .items("frame"))
        }
        guard repair else {
            let found = try verify(remote: remote, options, progress: show)
            var lines = lines(found, options)
            if !found.isSound {
                lines.append(
                    "to mend it: 'mlstore fsck --remote \(name) --repair', then 'mlstore push \(name)'"
                        + " where the data is")
            }
            return Report(
                lines: lines, json: json(found, options), status: found.isSound ? .done : .failed)
        }
        let done = try Transfer.repair(remote: remote, options, progress: show)
        var lines = lines(done.found, options)
        if done.found.isSound {
            lines.append("there was nothing to mend")
        } else {
            lines += mended(done, name)
        }
        var fields = json(done.found, options).objectValue ?? [:]
        fields["forgottenObjects"] = JSONValue(done.forgotten)
        fields["copiedObjects"] = JSONValue(done.copied)
        fields["incompleteObjects"] = JSONValue(done.incomplete)
        fields["forgottenPushes"] = JSONValue(done.forgottenPushes)
        return Report(lines: lines, json: .object(fields), status: .done)
    }

    private func mended(_ done: RemoteRepairReport, _ name: String) -> [String] {
        if done.forgotten > 0 {
            let above =
                done.incomplete == 0
                ? ""
                : "; \(counted(done.incomplete, "listing or record", plural: "listings and records"))"
                    + " of what lacks them stay"
            return [
                "took \(counted(done.forgotten, "object")) out of the index\(above): run 'mlstore push"
                    + " \(name)' in every clone, which sends what it has of them"
            ]
        }
        var lines: [String] = []
        if done.copied > 0 {
            lines.append(
                "copied \(counted(done.copied, "object")) out of damaged packs: nothing was lost")
        }
        if done.forgottenPushes > 0 {
            lines.append(
                "gave up \(counted(done.forgottenPushes, "note")) of what a push sent: they are lost"
            )
        }
        if done.incomplete > 0 {
            lines.append(
                "\(counted(done.incomplete, "listing or record", plural: "listings and records"))"
                    + " lack what nobody sent: the rest of them stays")
        }
        return lines.isEmpty ? ["only a push from where these refs are can mend them"] : lines
    }

    private func lines(_ found: RemoteVerifyReport, _ options: RemoteVerifyOptions) -> [String] {
        // A lost pack makes as many problems as things name what was in it.
        let shown = 50
        var lines = found.problems.prefix(shown).map(\.description)
        if found.problems.count > shown {
            lines.append("and \(counted(found.problems.count - shown, "problem")) more")
        }
        lines.append(
            "\(found.isSound ? "sound" : "damaged"): "
                + "\(counted(found.pushes, "push", plural: "pushes")), \(counted(found.refs, "ref")), "
                + "\(counted(found.packs, "pack")) of \(ByteCount(found.storedBytes)), "
                + "\(counted(found.objects, "object")), level \(options.level)")
        var read: [String] = []
        if found.readFrames > 0 { read.append("\(counted(found.readFrames, "frame")) read") }
        if found.readPacks > 0 { read.append("\(counted(found.readPacks, "pack")) read whole") }
        if options.level >= .checksums {
            read.append(
                found.comparedPacks == 0
                    ? "this remote keeps no digests to compare"
                    : "\(counted(found.comparedPacks, "pack")) compared by the remote's digests")
        }
        if found.receivedBytes > 0 { read.append("\(ByteCount(found.receivedBytes)) received") }
        if !read.isEmpty { lines.append(read.joined(separator: ", ")) }
        if found.loosePacks > 0 {
            lines.append(
                "\(counted(found.loosePacks, "pack")) that no index names: 'mlstore gc --remote'")
        }
        return lines
    }

    private func json(
        _ found: RemoteVerifyReport, _ options: RemoteVerifyOptions
    ) -> JSONValue {
        [
            "sound": .bool(found.isSound), "level": .string("\(options.level)"),
            "pushes": JSONValue(found.pushes), "refs": JSONValue(found.refs),
            "packs": JSONValue(found.packs), "storedBytes": JSONValue(found.storedBytes),
            "objects": JSONValue(found.objects), "comparedPacks": JSONValue(found.comparedPacks),
            "readPacks": JSONValue(found.readPacks), "readFrames": JSONValue(found.readFrames),
            "receivedBytes": JSONValue(found.receivedBytes),
            "loosePacks": JSONValue(found.loosePacks),
            "problems": .array(found.problems.map(json)),
        ]
    }
}
