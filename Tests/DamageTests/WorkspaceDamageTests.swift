import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// {delete, empty, halve, flip, garbage, conflict markers} x {pointer, config, stat table, stamp}: no
/// data is lost, nothing different is called clean, and the next command works or says why not.
@Suite struct WorkspaceDamageTests {
    private static let root = DiskPath("/w")

    private func workspace(_ disk: SimulatedDisk) throws -> Workspace {
        let machine = Machine(
            disk: disk, clock: .forTests, entropy: .seeded(3), threads: 1, bootID: [1])
        return try Workspace.open(from: Self.root, on: machine)
    }

    private func write(_ text: String, to name: String, on disk: SimulatedDisk) throws {
        let place = Self.root / name
        try disk.makeDirectories(place.parent)
        try writeAtomically(Array(text.utf8), to: place, on: disk, durable: true)
    }

    private func paths() throws -> [RepoPath] { [try RepoPath("d"), try RepoPath("t.csv")] }

    /// A workspace with a table and a folder, both added, whose stat tables are in use.
    private func sample() throws -> SimulatedDisk {
        let disk = SimulatedDisk()
        try disk.makeDirectories(Self.root)
        let machine = Machine(
            disk: disk, clock: .forTests, entropy: .seeded(3), threads: 1, bootID: [1])
        _ = try Workspace.create(at: Self.root, on: machine)
        try write("a,b\n1,x\n2,y\n", to: "t.csv", on: disk)
        for number in 0..<5 { try write("file \(number)\n", to: "d/\(number)", on: disk) }
        _ = try add(try paths(), in: workspace(disk))
        #expect(try status(in: workspace(disk)).isClean)
        #expect(try status(in: workspace(disk)).isClean)
        return disk
    }

    private func data(_ disk: SimulatedDisk) -> [String: [UInt8]] {
        disk.allFiles().filter { $0.key == "/w/t.csv" || $0.key.hasPrefix("/w/d/") }
    }

    private func isClear(_ error: any Error) -> Bool {
        guard let error = error as? StoreError else { return false }
        return error.kind != .internalFault && !error.message.isEmpty
    }

    /// The bytes of a damaged file; nil: it is gone.
    private func damages(_ bytes: [UInt8]) -> [(name: String, bytes: [UInt8]?)] {
        let half = bytes.count / 2
        var cases: [(String, [UInt8]?)] = [
            ("deleted", nil), ("empty", []), ("halved", Array(bytes[..<half])),
            ("zeros", [UInt8](repeating: 0, count: bytes.count)),
            ("noise", bytes.map { $0 ^ 0xa5 }), ("twice", bytes + bytes),
            (
                "conflict",
                Array("<<<<<<< HEAD\n".utf8) + bytes + Array("=======\nx\n>>>>>>> b\n".utf8)
            ),
        ]
        for offset in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 60)) {
            var flipped = bytes
            flipped[offset] ^= 0x04
            cases.append(("flip at \(offset)", flipped))
        }
        return cases
    }

    /// All damages of the files that `isMeant` picks; `body` gets a disk of its own for each.
    private func forEachDamage(
        _ base: SimulatedDisk, _ isMeant: (String) -> Bool,
        _ body: (String, SimulatedDisk) throws -> Void
    ) throws -> Int {
        var tried = 0
        for (name, bytes) in base.allFiles().sorted(by: { $0.key < $1.key }) where isMeant(name) {
            for damage in damages(bytes) {
                let disk = base.copy()
                if let changed = damage.bytes {
                    try writeAtomically(changed, to: DiskPath(name), on: disk, durable: true)
                } else {
                    try disk.removeFile(DiskPath(name))
                }
                try body("\(name) \(damage.name)", disk)
                tried += 1
            }
        }
        return tried
    }

    @Test func `damaged pointers lose no data and never bring other data`() throws {
        let base = try sample()
        let before = data(base)
        let pointers = base.allFiles().filter { $0.key.hasSuffix(".mlstore") }
        #expect(pointers.count == 2)
        let tried = try forEachDamage(base, { pointers[$0] != nil }) { place, disk in
            do { _ = try status(in: try workspace(disk)) } catch {
                #expect(isClear(error), "\(place): \(error)")
            }
            do { _ = try checkout(nil, in: try workspace(disk)) } catch {
                #expect(isClear(error), "\(place): \(error)")
            }
            #expect(data(disk) == before, "\(place)")
            // Taken away, the data comes back right or not at all.
            try disk.removeFile(Self.root / "t.csv")
            try disk.removeTree(Self.root / "d")
            do { _ = try checkout(nil, in: try workspace(disk)) } catch {
                #expect(isClear(error), "\(place): \(error)")
            }
            for (name, bytes) in data(disk) { #expect(before[name] == bytes, "\(place)") }
        }
        print("damaged pointers tried: \(tried)")
    }

    @Test func `adding again after a damage to a pointer writes it as it was`() throws {
        let base = try sample()
        let pointers = base.allFiles().filter { $0.key.hasSuffix(".mlstore") }
        _ = try forEachDamage(base, { pointers[$0] != nil }) { place, disk in
            do {
                _ = try add(try paths(), in: try workspace(disk))
                var after = disk.allFiles().filter { $0.key.hasSuffix(".mlstore") }
                for (name, bytes) in after where place.hasPrefix(name) && bytes != pointers[name] {
                    // What the user says of the content (its kind) is kept, where it is readable.
                    let kept = try Pointer(parsing: bytes, file: name)
                    let old = try Pointer(parsing: pointers[name] ?? [], file: name)
                    #expect(kept.content == old.content, "\(place)")
                    after[name] = pointers[name]
                }
                #expect(after == pointers, "\(place)")
            } catch { #expect(isClear(error), "\(place): \(error)") }
        }
    }

    @Test func `a damaged config stops commands with words, or changes nothing that is stored`()
        throws
    {
        let base = try sample()
        let before = data(base)
        let tried = try forEachDamage(base, { $0 == "/w/.mlstore/config.toml" }) { place, disk in
            do { _ = try status(in: try workspace(disk)) } catch {
                #expect(isClear(error), "\(place): \(error)")
            }
            do { _ = try add(try paths(), in: try workspace(disk)) } catch {
                #expect(isClear(error), "\(place): \(error)")
            }
            #expect(data(disk) == before, "\(place)")
        }
        #expect(tried > 5)
        print("damaged configs tried: \(tried)")
    }

    @Test func `damaged stat tables cost reading and never give a wrong answer`() throws {
        let base = try sample()
        let isState: (String) -> Bool = { $0.hasPrefix("/w/.mlstore/state/") }
        let tried = try forEachDamage(base, isState) { place, disk in
            #expect(try status(in: try workspace(disk)).isClean, "\(place)")
            // A change of the same size is seen, whatever the tables say.
            try write("a,b\n1,x\n2,z\n", to: "t.csv", on: disk)
            try write("file 9\n", to: "d/3", on: disk)
            let report = try status(in: try workspace(disk))
            #expect(report.paths.map(\.state) == [.modified, .modified], "\(place)")
            _ = try add(try paths(), in: try workspace(disk))
            #expect(try status(in: try workspace(disk)).isClean, "\(place)")
        }
        #expect(tried > 100)
        print("damaged stat tables tried: \(tried)")
    }

    @Test func `a stat table cut anywhere or flipped at any byte gives no wrong answer`() throws {
        let base = try sample()
        let tables = base.allFiles().filter { $0.key.hasPrefix("/w/.mlstore/state/") }
        let cases = tables.sorted { $0.key < $1.key }.flatMap { name, bytes in
            bytes.indices.flatMap { index -> [(name: String, bytes: [UInt8])] in
                var flipped = bytes
                flipped[index] ^= 1 << UInt8(index % 8)
                return [(name, Array(bytes[..<index])), (name, flipped)]
            }
        }
        try parallelForEach(count: cases.count) { index in
            let disk = base.copy()
            let (name, bytes) = cases[index]
            try writeAtomically(bytes, to: DiskPath(name), on: disk, durable: true)
            #expect(try status(in: try workspace(disk)).isClean, "\(name), case \(index)")
            try write("a,b\n1,x\n2,z\n", to: "t.csv", on: disk)
            try write("file 9\n", to: "d/3", on: disk)
            let states = try status(in: try workspace(disk)).paths.map(\.state)
            #expect(states == [.modified, .modified], "\(name), case \(index)")
        }
        print("damages of stat tables tried, every length and every byte: \(cases.count)")
    }
}
