import Bytes
import Platform
import Synchronization
import Vocabulary

/// A remote in a directory that only an SFTP server leads to: what is done where there is no mlstore
/// on the far side. The files are those of `FileRemote`.
///
/// What such a server cannot do: a directory cannot be synced, so a power cut there may undo what was
/// put last; and there are no kernel locks, so `compareAndSwap` holds the file `.lock-held`, which
/// somebody must remove by hand when its holder was killed.
final class SFTPRemote: Remote {
    let description: String
    let session: SFTPSession
    let directory: String
    let lockAttempts: Int
    private let entropy: Entropy
    private let madeDirectories = Mutex<Set<String>>([])

    /// The remote in `directory`, which is made when only it is missing.
    init(
        _ session: SFTPSession, directory: String, lockAttempts: Int, entropy: Entropy = .system
    ) throws {
        self.session = session
        self.lockAttempts = lockAttempts
        self.directory = directory
        self.entropy = entropy
        description = session.remote
        do {
            if try session.attributes(SFTPProtocol.stat, path: directory) == nil {
                try makeDirectory(directory)
            }
        } catch let failure as SFTPFailure {
            throw StoreError(
                .remoteUnreachable,
                "cannot use remote '\(description)': there is no such directory, and it cannot be"
                    + " made (\(failure.message))", subject: description,
                advice: "create the directory that should hold it there, then run the command again"
            )
        }
    }

    deinit { session.exchange.finish() }

    // MARK: - Reading

    func slow(to limit: RateLimit) { session.exchange.limit.set(limit) }

    func read(_ name: RemoteFileName, maximumBytes: Int) throws -> [UInt8] {
        try refusing("read", name) {
            guard let bytes = try content(of: name, maximumBytes: maximumBytes) else {
                throw missing(name, to: "read")
            }
            return bytes
        }
    }

    func read(_ name: RemoteFileName, range: Range<Int>) throws -> [UInt8] {
        try refusing("read", name) {
            guard
                let handle = try session.open(
                    SFTPProtocol.open, path(name), SFTPProtocol.forReading)
            else { throw missing(name, to: "read") }
            defer { session.close(handle) }
            return try pieces(of: handle, range, name)
        }
    }

    func readVersioned(
        _ name: RemoteFileName, maximumBytes: Int
    ) throws -> (bytes: [UInt8], version: RemoteVersion)? {
        let bytes = try refusing("read", name) {
            try content(of: name, maximumBytes: maximumBytes)
        }
        return bytes.map { ($0, RemoteVersion(sha256($0).hex)) }
    }

    /// The whole file, or nil. One that is replaced meanwhile is still the old one: its handle stays.
    private func content(of name: RemoteFileName, maximumBytes: Int) throws -> [UInt8]? {
        guard let handle = try session.open(SFTPProtocol.open, path(name), SFTPProtocol.forReading)
        else { return nil }
        defer { session.close(handle) }
        guard
            case .attributes(let found) = try session.ask(
                SFTPProtocol.fstat, { $0.append(string: handle) }), let size = found.size
        else { throw session.wrong() }
        guard size <= maximumBytes else {
            throw StoreError(
                .corrupt,
                "cannot use '\(name)' of remote '\(description)': \(ByteCount(size)) where at most"
                    + " \(ByteCount(maximumBytes)) make sense", subject: "\(name)")
        }
        return try pieces(of: handle, 0..<size, name)
    }

    /// Exactly the bytes of the range, asked for in many pieces at once.
    private func pieces(
        of handle: [UInt8], _ range: Range<Int>, _ name: RemoteFileName
    ) throws -> [UInt8] {
        var pending: [(request: SFTPSession.Pending, count: Int)] = []
        var bytes: [UInt8] = []
        var next = range.lowerBound
        var first = 0
        defer { for item in pending[first...] { session.forget(item.request) } }
        while bytes.count < range.count {
            while next < range.upperBound, pending.count - first < SFTPProtocol.window {
                let count = min(SFTPProtocol.pieceBytes, range.upperBound - next)
                pending.append((try startRead(handle, next, count), count))
                next += count
            }
            let (request, count) = pending[first]
            first += 1
            var piece = try data(try session.answer(request), name, range)
            // A server may send less than was asked for.
            while piece.count < count {
                let place = range.lowerBound + bytes.count + piece.count
                let rest = try startRead(handle, place, count - piece.count)
                piece += try data(try session.answer(rest), name, range)
            }
            guard piece.count == count else { throw session.wrong() }
            bytes += piece
        }
        return bytes
    }

    private func startRead(
        _ handle: [UInt8], _ offset: Int, _ count: Int
    ) throws -> SFTPSession.Pending {
        try session.start(SFTPProtocol.read) { fields in
            fields.append(string: handle)
            fields.append(size: offset)
            fields.append(uint32: UInt32(clamping: count))
        }
    }

    private func data(
        _ answer: SFTPAnswer, _ name: RemoteFileName, _ range: Range<Int>
    ) throws -> [UInt8] {
        switch answer {
        case .data(let bytes) where !bytes.isEmpty: return bytes
        case .status(.endOfFile, _):
            throw StoreError(
                .corrupt,
                "cannot read '\(name)' of remote '\(description)': it ends before byte"
                    + " \(range.upperBound)", subject: "\(name)")
        case .status(let code, let message): throw SFTPFailure(code: code, message: message)
        default: throw session.wrong()
        }
    }

    func size(_ name: RemoteFileName) throws -> Int? {
        try refusing("look for", name) {
            let found = try session.attributes(SFTPProtocol.stat, path: path(name))
            return found.flatMap { $0.isFile ? $0.size : nil }
        }
    }

    func list(_ prefix: RemoteFileName?) throws -> [(name: RemoteFileName, size: Int)] {
        var found: [(name: RemoteFileName, size: Int)] = []
        try refusing("list", prefix) {
            var waiting = [(prefix.map(path) ?? directory, prefix.map { "\($0)/" } ?? "")]
            while let (place, base) = waiting.popLast() {
                for entry in try entries(of: place) {
                    // Other names are not ours: temporary files, locks.
                    guard let text = String(validating: entry.name, as: UTF8.self),
                        let name = RemoteFileName(base + text)
                    else { continue }
                    if entry.attributes.isDirectory {
                        waiting.append((place + "/" + text, base + text + "/"))
                    } else if entry.attributes.isFile, let size = entry.attributes.size {
                        found.append((name, size))
                    }
                    guard found.count <= SFTPRemote.mostNames else { throw session.wrong() }
                }
            }
        }
        return found.sorted { $0.name < $1.name }
    }

    private static let mostNames = 4_000_000

    private func entries(of place: String) throws -> [SFTPAnswer.Entry] {
        guard let handle = try session.open(SFTPProtocol.opendir, place) else { return [] }
        defer { session.close(handle) }
        var entries: [SFTPAnswer.Entry] = []
        while entries.count <= SFTPRemote.mostNames {
            switch try session.ask(SFTPProtocol.readdir, { $0.append(string: handle) }) {
            case .names(let more) where !more.isEmpty: entries += more
            case .status(.endOfFile, _): return entries
            case .status(let code, let message): throw SFTPFailure(code: code, message: message)
            default: throw session.wrong()
            }
        }
        throw session.wrong()
    }

    // MARK: - Names

    func path(_ name: RemoteFileName) -> String { "\(directory)/\(name)" }

    /// A name beside `target` that nobody else has.
    func temporaryPath(beside target: String) -> String {
        let number = Hex.encode(entropy.bytes(8))
        return parent(of: target) + "/\(temporaryNamePrefix)\(number)"
    }

    private func parent(of path: String) -> String {
        String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }

    /// Makes the directories above a file, where they were not seen before.
    func makeDirectories(above path: String) throws {
        let wanted = parent(of: path)
        guard wanted != directory, !madeDirectories.withLock({ $0.contains(wanted) }) else {
            return
        }
        if try session.attributes(SFTPProtocol.stat, path: wanted) == nil {
            try makeDirectories(above: wanted)
            try makeDirectory(wanted)
        }
        madeDirectories.withLock { _ = $0.insert(wanted) }
    }

    private func makeDirectory(_ path: String) throws {
        let answer = try session.ask(SFTPProtocol.mkdir) { fields in
            fields.append(string: path)
            fields.append(uint32: 0)
        }
        if case .status(.failure, _) = answer,
            try session.attributes(SFTPProtocol.stat, path: path)?.isDirectory == true
        {
            return  // another process was faster
        }
        try session.demand(answer)
    }

    // MARK: - Failures

    /// Runs `body`; a no of the server becomes an error that names the file.
    func refusing<Result>(
        _ verb: String, _ name: RemoteFileName?, _ body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch let failure as SFTPFailure {
            if failure.code == .noSuchFile, let name { throw missing(name, to: verb) }
            let what = name.map { " '\($0)' on" } ?? ""
            throw StoreError(
                .remoteRefused,
                "cannot \(verb)\(what) remote '\(description)': \(failure.message)",
                subject: name?.description ?? description)
        }
    }
}
