import Bytes
import Objects
import Platform
import Remotes
import TestSupport
import Testing
import Transfer
import TransferSupport
import Vocabulary

@Suite struct HostileRemoteTests {
    private func pushed() throws -> (disk: SimulatedDisk, end: End, contents: [ContentID]) {
        let (disk, remote) = try makeRemote()
        let a = try End(1, remote)
        var random = SmallRandom(seed: 8)
        let folder = try a.addDirectory([random.text(9000), random.bytes(200)])
        let big = try a.add(random.text(400_000))
        _ = try a.snapshot(folder, "one")
        _ = try a.pushAll([folder, big])
        return (disk.copy(), a, [folder, big])
    }

    /// Fetches from a changed copy of the remote: the right bytes or an error, never other bytes.
    private func tryFetch(_ disk: SimulatedDisk, _ a: End, _ contents: [ContentID]) throws -> Bool {
        let remote = try FileRemote(directory: DiskPath("/remote"), on: disk)
        let c = try End(3, remote)
        do {
            let report = try c.fetchAll(contents)
            for content in contents where report.absent.isEmpty {
                #expect(try c.read(content) == a.read(content))
            }
            return report.absent.isEmpty
        } catch let error as StoreError {
            #expect([.corrupt, .newerFormat, .notFound].contains(error.kind), "\(error)")
        }
        for content in contents where c.store.contains(content) {
            #expect(try c.read(content) == a.read(content))
        }
        return false
    }

    @Test func `a flipped byte anywhere on the remote is an error or of no consequence`() throws {
        let (disk, a, contents) = try pushed()
        var random = SmallRandom(seed: 9)
        var noticed = 0
        for (name, bytes) in disk.allFiles().sorted(by: { $0.key < $1.key }) where !bytes.isEmpty {
            for _ in 0..<12 {
                let copy = disk.copy()
                let position = random.integer(in: 0..<bytes.count)
                let file = try copy.openFile(DiskPath(name), .readWrite)
                try file.write(
                    [bytes[position] ^ UInt8(1 << random.integer(in: 0..<8))], at: position)
                if try !tryFetch(copy, a, contents) { noticed += 1 }
            }
        }
        #expect(noticed > 30)
    }

    @Test func `a truncated, missing or foreign file on the remote is an error`() throws {
        let (disk, a, contents) = try pushed()
        for (name, bytes) in disk.allFiles().sorted(by: { $0.key < $1.key }) where bytes.count > 1 {
            for size in [0, 1, bytes.count / 2, bytes.count - 1] {
                let copy = disk.copy()
                try copy.openFile(DiskPath(name), .readWrite).truncate(to: size)
                _ = try tryFetch(copy, a, contents)
            }
            let copy = disk.copy()
            try copy.removeFile(DiskPath(name))
            let isOptional = name.hasSuffix("/format")
            #expect(try tryFetch(copy, a, contents) == isOptional)
        }
    }

    @Test func `a root of a newer program is told as such`() throws {
        let (disk, _, _) = try pushed()
        let format: JSONValue = ["format": "mlstore remote", "version": 2, "features": []]
        try writeAtomically(
            format.canonical, to: DiskPath("/remote/format"), on: disk, durable: true)
        let remote = try FileRemote(directory: DiskPath("/remote"), on: disk)
        let error = #expect(throws: StoreError.self) { try End(4, remote).fetchAll() }
        #expect(error?.kind == .newerFormat)
    }

    @Test func `an index, a root and a state of a newer program are told as such`() throws {
        for file in ["idx", "state", "root"] {
            let (disk, a, _) = try pushed()
            try makeNewer(file, on: disk)
            let remote = try FileRemote(directory: DiskPath("/remote"), on: disk)
            let error = #expect(throws: StoreError.self) { try a.fetchAll(through: remote) }
            #expect(error?.kind == .newerFormat, "\(file)")
            #expect(error?.message.contains("version 9") == true, "\(file)")
        }
    }

    /// Gives the root, the state or an index segment version 9, and what names it its new name.
    private func makeNewer(_ file: String, on disk: SimulatedDisk) throws {
        let root = DiskPath("/remote")
        func json(_ path: DiskPath) throws -> JSONValue {
            try JSONValue(parsing: disk.readFile(path, maximumBytes: 1 << 20))
        }
        func put(_ value: JSONValue, at path: DiskPath) throws {
            try writeAtomically(value.canonical + [0x0a], to: path, on: disk, durable: true)
        }
        func changed(_ value: JSONValue, _ key: String, _ new: JSONValue) -> JSONValue {
            .object((value.objectValue ?? [:]).merging([key: new]) { _, last in last })
        }
        let top = try json(root / "root")
        if file == "root" { return try put(changed(top, "version", 9), at: root / "root") }
        let sequence = try #require(top["sequence"]?.integerValue)
        let name = "\(sequence)-\(try #require(top["state"]?.stringValue))"
        let files = disk.allFiles().keys.sorted()
        let statePath = root / "state/\(name)"
        var state = try json(statePath)
        if file == "state" {
            state = changed(state, "version", 9)
        } else {
            let path = DiskPath(try #require(files.first { $0.hasPrefix("/remote/idx/") }))
            var bytes = try disk.readFile(path, maximumBytes: 1 << 20)
            bytes[8] = 9
            let place = String(decoding: path.lastComponent, as: UTF8.self)
            let number = place.prefix { $0 != "-" } + "-"
            let old = String(place.dropFirst(number.count))
            let text = String(decoding: state.canonical, as: UTF8.self)
                .replacing(old, with: sha256(bytes).hex)
            state = try JSONValue(parsing: Array(text.utf8))
            try writeAtomically(
                bytes, to: path.parent / "\(number)\(sha256(bytes).hex)", on: disk, durable: true)
        }
        let bytes = state.canonical + [0x0a]
        let stateName = sha256(bytes).hex
        try writeAtomically(
            bytes, to: root / "state/\(sequence)-\(stateName)", on: disk, durable: true)
        try put(changed(top, "state", .string(stateName)), at: root / "root")
    }

    @Test func `a recipe that makes another blob is refused, and nothing is claimed`() throws {
        // A forged recipe in the place of a real one: its frame is well-formed and its checksums
        // are right, for it was made by the same code.
        let (_, remote) = try makeRemote()
        let forger = try End(1, remote)
        var random = SmallRandom(seed: 11)
        let honest = random.text(400_000)
        let victim = BlobID(sha256(random.text(400_000)))
        let honestID = try forger.add(honest)
        let session = try forger.store.beginSession()
        let recipe = try forger.store.readObject(.recipe, honestID.digest, maximumBytes: 1 << 20)
        try session.putObject(.recipe, victim.digest, victim.digest.bytes + recipe[32...])
        _ = try session.commit()
        _ = try forger.pushAll([.file(victim)])

        let c = try End(2, remote)
        let error = #expect(throws: StoreError.self) { try c.fetchAll([.file(victim)]) }
        #expect(error?.kind == .corrupt)
        #expect(!c.store.contains(victim))
    }
}
