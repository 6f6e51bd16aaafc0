import Bytes
import Platform
import Vocabulary

extension SFTPRemote {
    func put(_ name: RemoteFileName, _ content: RemoteContent) throws {
        switch content {
        case .bytes(let bytes):
            try put(name, size: bytes.count) { offset, count in
                Array(bytes[offset..<(offset + count)])
            }
        case .file(let path, let disk, _):
            let file = try disk.openFile(path, .read)
            defer { try? file.close() }  // only read
            try put(name, size: try file.status().size) { try file.read(at: $0, count: $1) }
        }
    }

    private typealias Source = (_ offset: Int, _ count: Int) throws -> [UInt8]

    private func put(_ name: RemoteFileName, size: Int, _ source: Source) throws {
        try refusing("write", name) {
            let target = path(name)
            try makeDirectories(above: target)
            let temporary = temporaryPath(beside: target)
            // Gone, or a second name of the file: litter at worst.
            defer { dropFile(temporary) }
            try write(temporary, size: size, name, source)
            try giveName(temporary, target, name)
        }
    }

    /// The name only if it is free: a hard link is refused where something is.
    private func giveName(
        _ temporary: String, _ target: String, _ name: RemoteFileName
    ) throws {
        let canLink = session.extensions.contains(SFTPProtocol.hardlink)
        if !canLink, try session.attributes(SFTPProtocol.lstat, path: target) != nil {
            throw taken(name)
        }
        let answer =
            canLink
            ? try extended(SFTPProtocol.hardlink, temporary, target)
            : try session.ask(SFTPProtocol.rename) { fields in
                fields.append(string: temporary)
                fields.append(string: target)
            }
        if case .status(let code, _) = answer, code != .ok,
            try session.attributes(SFTPProtocol.lstat, path: target) != nil
        {
            throw taken(name)
        }
        try session.demand(answer)
    }

    private func taken(_ name: RemoteFileName) -> StoreError {
        StoreError(
            .alreadyExists,
            "cannot write '\(name)' on remote '\(description)': there is one already",
            subject: "\(name)")
    }

    private func extended(_ request: String, _ first: String, _ second: String) throws -> SFTPAnswer
    {
        try session.ask(SFTPProtocol.extended) { fields in
            fields.append(string: request)
            fields.append(string: first)
            fields.append(string: second)
        }
    }

    /// Writes a new file, and syncs it where the server can.
    private func write(
        _ path: String, size: Int, _ name: RemoteFileName, _ source: Source
    ) throws {
        guard let handle = try session.open(SFTPProtocol.open, path, SFTPProtocol.forWritingNew)
        else { throw SFTPFailure(code: .failure, message: "its directory is gone") }
        do {
            try send(size, to: handle, name, source)
            if session.extensions.contains(SFTPProtocol.fsync) {
                try session.demand(
                    try session.ask(SFTPProtocol.extended) { fields in
                        fields.append(string: SFTPProtocol.fsync)
                        fields.append(string: handle)
                    })
            }
        } catch {
            session.close(handle)
            throw error
        }
        // Waited for: some servers tell only here that the disk is full.
        try session.demand(try session.ask(SFTPProtocol.close) { $0.append(string: handle) })
    }

    private func send(
        _ size: Int, to handle: [UInt8], _ name: RemoteFileName, _ source: Source
    ) throws {
        var pending: [SFTPSession.Pending] = []
        var first = 0
        defer { for item in pending[first...] { session.forget(item) } }
        var offset = 0
        while offset < size || first < pending.count {
            if offset < size, pending.count - first < SFTPProtocol.window {
                let bytes = try source(offset, min(SFTPProtocol.pieceBytes, size - offset))
                guard !bytes.isEmpty else { throw StoreError.changedWhileSent(name) }
                let place = offset
                pending.append(
                    try session.start(SFTPProtocol.write) { fields in
                        fields.append(string: handle)
                        fields.append(size: place)
                        fields.append(string: bytes)
                    })
                offset += bytes.count
            } else {
                first += 1
                try session.demand(try session.answer(pending[first - 1]))
            }
        }
    }

    /// Removes a file without waiting: nothing hangs on it.
    private func dropFile(_ path: String) {
        if let pending = try? session.start(SFTPProtocol.remove, { $0.append(string: path) }) {
            session.forget(pending)
        }
    }

    func remove(_ name: RemoteFileName) throws {
        try refusing("remove", name) {
            let answer = try session.ask(SFTPProtocol.remove, path: path(name))
            if case .status(.noSuchFile, _) = answer { return }
            try session.demand(answer)
        }
    }

    // MARK: - Compare and swap

    func compareAndSwap(
        _ name: RemoteFileName, expected: RemoteVersion?, new: [UInt8]
    ) throws -> Bool {
        guard expected != nil else {
            // A name is given only where none is, so this needs no lock.
            return try putIfMissing(name, new)
        }
        guard session.extensions.contains(SFTPProtocol.posixRename) else {
            throw StoreError(
                .remoteRefused,
                "cannot replace '\(name)' on remote '\(description)': its SFTP server cannot replace"
                    + " a file at once", subject: description,
                advice: "install mlstore on its host; reading works without it")
        }
        let target = path(name)
        return try refusing("replace", name) {
            try makeDirectories(above: target)
            let temporary = temporaryPath(beside: target)
            defer { dropFile(temporary) }
            // Before the lock, which is held for as few round trips as can be.
            try write(temporary, size: new.count, name) { offset, count in
                Array(new[offset..<(offset + count)])
            }
            return try withLock(name) {
                let current = try readVersioned(name, maximumBytes: StdioProtocol.largestSwapped)
                guard current?.version == expected else { return false }
                try session.demand(try extended(SFTPProtocol.posixRename, temporary, target))
                return true
            }
        }
    }

    /// Runs `body` while the lock file is ours: the one that `FileRemote` heeds as well.
    private func withLock(_ name: RemoteFileName, _ body: () throws -> Bool) throws -> Bool {
        let lock = directory + "/" + FileRemote.heldLockName
        for attempt in 0... {
            try SignalWatch.check()
            do {
                guard
                    let handle = try session.open(
                        SFTPProtocol.open, lock, SFTPProtocol.forWritingNew)
                else { throw SFTPFailure(code: .failure, message: "its directory is gone") }
                session.close(handle)
                break
            } catch let failure as SFTPFailure where failure.code == .failure {
                guard try session.attributes(SFTPProtocol.lstat, path: lock) != nil else {
                    // Free again meanwhile, or another failure: that shows at the next attempt.
                    guard attempt < lockAttempts else { throw failure }
                    continue
                }
                guard attempt < lockAttempts else {
                    throw StoreError.remoteLocked(name, description)
                }
                pause(milliseconds: FileRemote.lockPauseMilliseconds)
            }
        }
        // Waited for: a process that ends at once must not leave it.
        defer { _ = try? session.ask(SFTPProtocol.remove, path: lock) }
        return try body()
    }
}
