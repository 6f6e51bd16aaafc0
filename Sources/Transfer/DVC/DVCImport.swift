import Bytes
import Platform
import Remotes
import Synchronization
import Vocabulary
import Workspaces

/// Writes what a DVC project tracks, from its cache or remote; every file is checked by its MD5.
final class DVCImport: Sendable {
    private let projectName: String
    private let output: DVCOutput
    private let places: [any Remote]
    private let machine: Machine
    private let received = Atomic<Int>(0)

    private static let pieceBytes = 8 << 20
    private static let leastThreads = 4

    init(_ output: DVCOutput, of project: DVCProject, on machine: Machine) throws {
        projectName = project.name
        self.output = output
        self.machine = machine
        places = try project.places(of: output)
    }

    /// Writes what is tracked at the path to `target`, which must not exist.
    static func write(
        _ path: RepoPath, of project: DVCProject, to target: DiskPath, on machine: Machine,
        progress: (TransferProgress) -> Void
    ) throws {
        let (output, part) = try project.content(of: path)
        let work = try DVCImport(output, of: project, on: machine)
        guard output.isDirectory else {
            guard part == nil else { throw work.noSuchPart(path) }
            return try work.writeFile(output.md5, to: target)
        }
        try work.writeFolder(part, path, to: target, progress)
    }

    private func writeFolder(
        _ part: RepoPath?, _ path: RepoPath, to target: DiskPath,
        _ progress: (TransferProgress) -> Void
    ) throws {
        let list = DiskPath(bytes: target.bytes + Array("-list".utf8))
        defer { try? machine.disk.removeFile(list) }  // only litter, if it stays
        try writeFile(output.md5, suffix: ".dir", to: list)
        let bytes = try machine.disk.readFile(list, maximumBytes: DVCOutput.maximumList)
        let all = try DVCOutput.entries(in: bytes, of: output.path.description)
        if let part, let file = all.first(where: { $0.path == part }) {
            return try writeFile(file.md5, to: target)
        }
        let chosen = all.compactMap { entry -> DVCOutput.Entry? in
            guard let part else { return entry }
            return entry.path.relative(to: part).map { .init(path: $0, md5: entry.md5) }
        }
        guard part == nil || !chosen.isEmpty else { throw noSuchPart(path) }
        for entry in chosen { try Workspace.checkNotReserved(entry.path) }
        try machine.disk.makeDirectories(target)
        try checkDistinctNames(beside: [target], on: machine.disk) { body in
            for entry in chosen { try body(entry.path) }
        }
        for folder in Set(chosen.compactMap(\.path.parent)).sorted() {
            try machine.disk.makeDirectories(target / folder)
        }
        let pool = WorkerPool(threads: max(machine.threads, DVCImport.leastThreads))
        let step = 16 * pool.threads
        for start in stride(from: 0, to: chosen.count, by: step) {
            try SignalWatch.check()
            let batch = chosen[start..<min(start + step, chosen.count)]
            _ = try pool.map(count: batch.count) { index in
                let entry = batch[start + index]
                try writeFile(entry.md5, to: target / entry.path)
            }
            progress(
                TransferProgress(
                    phase: .fetching, objects: start + batch.count, totalObjects: chosen.count,
                    bytes: received.load(ordering: .relaxed)))
        }
    }

    // MARK: - Files

    /// Writes the file with that hash from the first place that has it whole.
    private func writeFile(_ md5: String, suffix: String = "", to target: DiskPath) throws {
        let short = "\(md5.prefix(2))/\(md5.dropFirst(2))\(suffix)"
        let names = try [short, "files/md5/" + short].map { try RemoteFileName(validating: $0) }
        var damage: StoreError?
        for place in places {
            for name in output.isOld ? names : names.reversed() {
                guard let size = try place.size(name) else { continue }
                if try copy(name, size, of: place, md5, to: target) { return }
                damage = StoreError(
                    .corrupt,
                    "'\(name)' on the DVC remote '\(place.description)' does not have the MD5 that is its name",
                    subject: name.description,
                    advice: "run 'dvc push' where the data is intact",
                    safety: "nothing was changed")
            }
        }
        throw damage
            ?? StoreError(
                .notFound,
                "'\(short)' of '\(output.path)' is neither in the DVC cache nor on the remote of '\(projectName)'",
                subject: output.path.description, advice: "run 'dvc push' there",
                safety: "nothing was changed")
    }

    /// Whether the bytes have the hash; where not, nothing is left.
    private func copy(
        _ name: RemoteFileName, _ size: Int, of place: any Remote, _ md5: String,
        to target: DiskPath
    ) throws -> Bool {
        let permissions: UInt16 = output.isExecutable && !output.isDirectory ? 0o755 : 0o644
        let file = try machine.disk.openFile(target, .createNew(permissions: permissions))
        var digester = MD5Digester()
        var unix = UnixLineEnds()
        do {
            for start in stride(from: 0, to: size, by: DVCImport.pieceBytes) {
                try SignalWatch.check()
                let range = start..<min(start + DVCImport.pieceBytes, size)
                let bytes = try place.read(name, range: range)
                digester.update(bytes)
                if output.isOld { unix.update(bytes) }
                try file.write(bytes, at: start)
                received.add(bytes.count, ordering: .relaxed)
            }
            try file.close()
        } catch {
            try? machine.disk.removeFile(target)  // the first failure is told
            throw error
        }
        if digester.finish() == md5 || output.isOld && unix.finish() == md5 { return true }
        try machine.disk.removeFile(target)
        return false
    }

    private func noSuchPart(_ path: RepoPath) -> StoreError {
        StoreError(
            .notFound, "'\(path)' is not in what DVC tracks at '\(output.path)'",
            subject: path.description, advice: "import '\(output.path)' as a whole",
            safety: "nothing was changed")
    }
}

/// The MD5 that DVC had for texts before version 3: as if their lines ended as those of Unix.
private struct UnixLineEnds {
    private var digester = MD5Digester()
    private var hasReturn = false

    mutating func update(_ bytes: [UInt8]) {
        var kept: [UInt8] = []
        kept.reserveCapacity(bytes.count + 1)
        for byte in bytes {
            if hasReturn, byte != 0x0a { kept.append(0x0d) }
            hasReturn = byte == 0x0d
            if !hasReturn { kept.append(byte) }
        }
        digester.update(kept)
    }

    mutating func finish() -> String {
        if hasReturn { digester.update([0x0d]) }
        hasReturn = false
        return digester.finish()
    }
}
