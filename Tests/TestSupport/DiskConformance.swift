package import Platform
package import Vocabulary

/// A disk and an empty directory on it that a check may use.
package struct DiskUnderTest: Sendable {
    /// The disk.
    package let disk: any Disk
    /// The directory.
    package let directory: DiskPath

    /// Makes the pair.
    package init(_ disk: any Disk, _ directory: DiskPath) {
        self.disk = disk
        self.directory = directory
    }

    func path(_ name: String) -> DiskPath { directory / name }

    func expectFailure(
        _ kind: StoreError.Kind, _ rule: String, line: Int = #line, _ body: () throws -> Void
    ) throws {
        do {
            try body()
        } catch let error as StoreError {
            return try demand(error.kind == kind, "\(rule): \(kind), not \(error.kind)", line: line)
        }
        throw BrokenRule(description: "\(rule): no error (line \(line))")
    }
}

/// The rules of `Disk`, run against the real and the simulated disk.
package let diskConformance: [ConformanceCheck<DiskUnderTest>] = [
    ConformanceCheck("what is written is read, and reads are short only at the end") { subject in
        let file = try subject.disk.openFile(subject.path("f"), .createNew(permissions: 0o644))
        try file.write(Array("hello".utf8), at: 0)
        try file.write(Array("world".utf8), at: 6)
        try demand(try file.read(at: 0, count: 100) == Array("hello\0world".utf8), "gap is zero")
        try demand(try file.read(at: 11, count: 5).isEmpty, "nothing past the end")
        try demand(try file.read(at: 3, count: 2) == Array("lo".utf8), "a part")
        try demand(try file.status().size == 11, "size")
        try file.close()
        try file.close()
        try subject.expectFailure(.io, "a closed file") { _ = try file.read(at: 0, count: 1) }
        let whole = try subject.disk.readFile(subject.path("f"), maximumBytes: 11)
        try demand(whole.count == 11, "read back")
        try subject.expectFailure(.malformed, "more than the bound") {
            _ = try subject.disk.readFile(subject.path("f"), maximumBytes: 10)
        }
    },
    ConformanceCheck("truncate cuts off and extends with zeros") { subject in
        let file = try subject.disk.openFile(subject.path("f"), .createOrOpen(permissions: 0o600))
        try file.write([1, 2, 3], at: 0)
        try file.truncate(to: 1)
        try file.truncate(to: 3)
        try demand(try file.read(at: 0, count: 9) == [1, 0, 0], "cut and extended")
        try file.sync()
    },
    ConformanceCheck("open modes keep their promises") { subject in
        let path = subject.path("f")
        try subject.expectFailure(.notFound, "read") {
            _ = try subject.disk.openFile(path, .read)
        }
        try subject.expectFailure(.notFound, "readWrite") {
            _ = try subject.disk.openFile(path, .readWrite)
        }
        _ = try subject.disk.openFile(path, .createNew(permissions: 0o644))
        try subject.expectFailure(.alreadyExists, "createNew") {
            _ = try subject.disk.openFile(path, .createNew(permissions: 0o644))
        }
        _ = try subject.disk.openFile(path, .readWrite)
        try subject.expectFailure(.notFound, "no parent") {
            _ = try subject.disk.openFile(
                subject.path("no/f"), .createOrOpen(permissions: 0o644))
        }
        try subject.expectFailure(.unsupportedFile, "a directory is no file") {
            _ = try subject.disk.openFile(subject.directory, .read)
        }
    },
    ConformanceCheck("a missing name has no status, and a file in place of a directory neither") {
        subject in
        try writeAtomically([1], to: subject.path("f"), on: subject.disk, durable: true)
        for name in ["missing", "missing/below", "f/below"] {
            let found = try subject.disk.status(of: subject.path(name), followingLinks: true)
            try demand(found == nil, name)
        }
        let found = try subject.disk.status(of: subject.path("f"), followingLinks: false)
        try demand(found?.kind == .file && found?.size == 1 && found?.links == 1, "status")
    },
    ConformanceCheck("a directory lists its names with kinds and statuses") { subject in
        let disk = subject.disk
        try disk.makeDirectory(subject.path("d"))
        try writeAtomically([1, 2], to: subject.path("f"), on: disk, durable: false)
        try disk.makeSymlink(at: subject.path("l"), target: Array("nowhere".utf8))
        let odd = subject.directory.appending([0xff, 0x20, 0x0a])
        try writeAtomically([], to: odd, on: disk, durable: false)
        let found = try disk.entriesWithStatus(of: subject.directory)
            .sorted { $0.name.precedes($1.name) }
        try demand(found.map(\.name.first) == [0x64, 0x66, 0x6c, 0xff], "names")
        try demand(
            found.map(\.status.kind) == [.directory, .file, .symlink, .file], "kinds of statuses")
        try demand(found[1].status.size == 2, "size")
        let plain = try disk.entries(of: subject.directory).sorted { $0.name.precedes($1.name) }
        try demand(plain.map(\.name) == found.map(\.name), "same names")
        let names = try disk.names(of: subject.directory)
        try demand(names.indices.map { names.name($0) } == found.map(\.name), "sorted names")
        try demand(names.kind(0) == .directory && names.kind(2) == .symlink, "kinds of names")
        try disk.removeFile(subject.path("f"))
        let statuses = try disk.statuses(of: names, 1..<4, in: subject.directory)
        try demand(
            statuses == [nil, found[2].status, found[3].status], "statuses, and one that is gone")
        try subject.expectFailure(.notFound, "missing") {
            _ = try disk.entries(of: subject.path("missing"))
        }
        try subject.expectFailure(.notFound, "no directory") {
            _ = try disk.entriesWithStatus(of: subject.path("l"))
        }
        try subject.expectFailure(.notFound, "no names") {
            _ = try disk.names(of: subject.path("missing"))
        }
    },
    ConformanceCheck("directories are made once, removed only when empty") { subject in
        let disk = subject.disk
        try disk.makeDirectories(subject.path("a/b/c"))
        try disk.makeDirectories(subject.path("a/b/c"))
        try subject.expectFailure(.alreadyExists, "again") {
            try disk.makeDirectory(subject.path("a"))
        }
        try subject.expectFailure(.notFound, "no parent") {
            try disk.makeDirectory(subject.path("x/y"))
        }
        try subject.expectFailure(.alreadyExists, "not empty") {
            try disk.removeDirectory(subject.path("a"))
        }
        try writeAtomically([], to: subject.path("f"), on: disk, durable: false)
        try subject.expectFailure(.alreadyExists, "a file is there") {
            try disk.makeDirectories(subject.path("f"))
        }
        try disk.removeTree(subject.path("a"))
        try disk.removeTree(subject.path("a"))
        try demand(try disk.status(of: subject.path("a"), followingLinks: true) == nil, "gone")
    },
    ConformanceCheck("rename replaces, and the exclusive form does not") { subject in
        let disk = subject.disk
        try writeAtomically([1], to: subject.path("a"), on: disk, durable: true)
        try writeAtomically([2], to: subject.path("b"), on: disk, durable: true)
        try subject.expectFailure(.alreadyExists, "taken") {
            try disk.renameWithoutReplacing(subject.path("a"), to: subject.path("b"))
        }
        try disk.rename(subject.path("a"), to: subject.path("b"))
        try demand(try disk.readFile(subject.path("b"), maximumBytes: 9) == [1], "replaced")
        try disk.renameWithoutReplacing(subject.path("b"), to: subject.path("c"))
        try subject.expectFailure(.notFound, "gone") {
            try disk.rename(subject.path("b"), to: subject.path("d"))
        }
        try disk.makeDirectories(subject.path("full/inside"))
        try disk.makeDirectory(subject.path("moved"))
        try subject.expectFailure(.alreadyExists, "a full directory") {
            try disk.rename(subject.path("moved"), to: subject.path("full"))
        }
    },
    ConformanceCheck("links keep their text and are followed only when asked") { subject in
        let disk = subject.disk
        try writeAtomically([1], to: subject.path("f"), on: disk, durable: false)
        try disk.makeSymlink(at: subject.path("l"), target: Array("f".utf8))
        try demand(try disk.readSymlink(subject.path("l")) == Array("f".utf8), "text")
        let through = try disk.status(of: subject.path("l"), followingLinks: true)
        let itself = try disk.status(of: subject.path("l"), followingLinks: false)
        try demand(through?.kind == .file && itself?.kind == .symlink, "followed or not")
        try demand(try disk.readFile(subject.path("l"), maximumBytes: 1) == [1], "opened through")
        try disk.makeDirectory(subject.path("d"))
        try disk.makeSymlink(at: subject.path("d/up"), target: Array("../f".utf8))
        try demand(try disk.readFile(subject.path("d/up"), maximumBytes: 1) == [1], "upwards")
        try disk.removeFile(subject.path("l"))
        try demand(try disk.readFile(subject.path("f"), maximumBytes: 1) == [1], "target stays")
        try subject.expectFailure(.notFound, "missing") {
            _ = try disk.readSymlink(subject.path("l"))
        }
    },
    ConformanceCheck("a file of two names is one, and lasts with either") { subject in
        let disk = subject.disk
        try writeAtomically([1], to: subject.path("f"), on: disk, durable: false)
        try disk.makeHardLink(at: subject.path("g"), to: subject.path("f"))
        let first = try disk.status(of: subject.path("f"), followingLinks: false)
        let second = try disk.status(of: subject.path("g"), followingLinks: false)
        try demand(first == second && first?.links == 2, "one file")
        try subject.expectFailure(.alreadyExists, "taken") {
            try disk.makeHardLink(at: subject.path("g"), to: subject.path("f"))
        }
        try subject.expectFailure(.notFound, "missing") {
            try disk.makeHardLink(at: subject.path("h"), to: subject.path("none"))
        }
        try disk.rename(subject.path("g"), to: subject.path("f"))
        try demand(try disk.entries(of: subject.directory).count == 2, "both names stay")
        try disk.removeFile(subject.path("f"))
        try demand(try disk.readFile(subject.path("g"), maximumBytes: 9) == [1], "the other stays")
    },
    ConformanceCheck("permissions are what was set") { subject in
        let disk = subject.disk
        try writeAtomically([1], to: subject.path("f"), on: disk, durable: false)
        try disk.setPermissions(subject.path("f"), 0o755)
        let found = try disk.status(of: subject.path("f"), followingLinks: false)
        try demand(found?.permissions == 0o755 && found?.isExecutable == true, "set")
        try subject.expectFailure(.notFound, "missing") {
            try disk.setPermissions(subject.path("missing"), 0o644)
        }
    },
    ConformanceCheck("a map holds the bytes, also after the name is gone") { subject in
        let disk = subject.disk
        try writeAtomically([1, 2, 3], to: subject.path("f"), on: disk, durable: true)
        try writeAtomically([], to: subject.path("empty"), on: disk, durable: true)
        let map = try disk.map(subject.path("f"))
        try disk.removeFile(subject.path("f"))
        try demand(map.count == 3 && map.copy(1..<3) == [2, 3], "bytes")
        try demand(try disk.map(subject.path("empty")).count == 0, "empty")
        try subject.expectFailure(.notFound, "missing") {
            _ = try disk.map(subject.path("f"))
        }
    },
    ConformanceCheck("a clone has the same bytes, and neither file notices the other") { subject in
        let disk = subject.disk
        let old = try disk.openFile(subject.path("old"), .createNew(permissions: 0o644))
        let unit = try old.cloneUnit()
        try demand(unit > 0 && unit & (unit - 1) == 0, "a power of two")
        let bytes = (0..<(4 * unit)).map { UInt8(truncatingIfNeeded: $0 / unit + 1) }
        try old.write(bytes, at: 0)
        let new = try disk.openFile(subject.path("new"), .createNew(permissions: 0o644))
        try new.truncate(to: 3 * unit)
        guard try new.clone(unit..<(3 * unit), of: old, at: 0) else {
            let content = try new.read(at: 0, count: 4 * unit)
            return try demand(content == [UInt8](repeating: 0, count: 3 * unit), "untouched")
        }
        let zeros = [UInt8](repeating: 0, count: unit)
        try demand(
            try new.read(at: 0, count: 4 * unit) == bytes[unit..<(3 * unit)] + zeros, "cloned")
        try old.write([7], at: unit)
        try new.write([9], at: unit)
        try demand(try new.read(at: 0, count: 1) == [2], "the clone stays")
        try demand(try old.read(at: 2 * unit, count: 1) == [3], "the source stays")
        // What is no multiple of the unit is refused, with nothing changed.
        try demand(try !new.clone(1..<(unit + 1), of: old, at: 0), "odd range")
        try demand(try !new.clone(0..<unit, of: old, at: 1), "odd place")
        try demand(try new.read(at: 0, count: 1) == [2], "refused")
    },
    ConformanceCheck("an atomic write leaves no other name behind") { subject in
        let path = subject.path("f")
        for content in 0..<3 as Range<UInt8> {
            try writeAtomically([content], to: path, on: subject.disk, durable: content == 1)
        }
        try demand(try subject.disk.readFile(path, maximumBytes: 1) == [2], "the last")
        try demand(try subject.disk.entries(of: subject.directory).count == 1, "one name")
    },
    ConformanceCheck("locks exclude within one process too") { subject in
        let path = subject.path("lock")
        func take(_ kind: LockKind) throws -> (any DiskLock)? {
            try subject.disk.lock(path, kind, wait: .never)
        }
        let first = try take(.shared)
        let second = try take(.shared)
        try demand(first != nil && second != nil, "shared locks together")
        try demand(try take(.exclusive) == nil, "no exclusive beside shared")
        first?.unlock()
        second?.unlock()
        second?.unlock()
        let alone = try subject.disk.lock(path, .exclusive, wait: .forever)
        try demand(alone != nil, "exclusive when free")
        try demand(try take(.shared) == nil && take(.exclusive) == nil, "alone")
        alone?.unlock()
        try demand(try take(.shared) != nil, "free again")
    },
    ConformanceCheck("removing tells what is wrong") { subject in
        try subject.expectFailure(.notFound, "missing") {
            try subject.disk.removeFile(subject.path("missing"))
        }
        try subject.expectFailure(.notFound, "missing") {
            try subject.disk.removeDirectory(subject.path("missing"))
        }
        try subject.expectFailure(.notFound, "missing") {
            try subject.disk.syncDirectory(subject.path("missing"))
        }
        try subject.disk.syncDirectory(subject.directory)
        try demand(try subject.disk.capacityLeft(at: subject.directory) > 0, "space is left")
    },
]
