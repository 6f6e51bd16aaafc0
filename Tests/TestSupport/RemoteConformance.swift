import Bytes
import Platform
package import Remotes
import Vocabulary

/// The text as a name on a remote; only for names that are right.
package func remoteName(_ text: String) throws -> RemoteFileName {
    try RemoteFileName(validating: text)
}

private func expectFailure(
    _ kind: StoreError.Kind, _ rule: String, line: Int = #line, _ body: () throws -> Void
) throws {
    do {
        try body()
    } catch let error as StoreError {
        return try demand(error.kind == kind, "\(rule): \(kind), not \(error.kind)", line: line)
    }
    throw BrokenRule(description: "\(rule): no error (line \(line))")
}

/// The rules of `Remote` for one writer at a time; each is given an empty remote.
private let calmConformance: [ConformanceCheck<any Remote>] = [
    ConformanceCheck("an empty remote has nothing") { remote in
        let name = try remoteName("a/b")
        try demand(try remote.list(nil).isEmpty && remote.list(name).isEmpty, "lists")
        try demand(try remote.size(name) == nil && !remote.contains(name), "size")
        try demand(try remote.readVersioned(name, maximumBytes: 9) == nil, "versioned")
        try expectFailure(.notFound, "read") { _ = try remote.read(name, maximumBytes: 9) }
        try expectFailure(.notFound, "range") { _ = try remote.read(name, range: 0..<0) }
        try remote.remove(name)
    },
    ConformanceCheck("what is put is read, whole and in parts") { remote in
        let name = try remoteName("packs/0a/1.pack")
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try remote.put(name, .bytes(bytes))
        try demand(try remote.read(name, maximumBytes: 100_000) == bytes, "whole")
        try demand(try remote.read(name, range: 7..<70_000) == Array(bytes[7..<70_000]), "part")
        try demand(try remote.read(name, range: 100_000..<100_000).isEmpty, "nothing at the end")
        try demand(try remote.size(name) == 100_000, "size")
        let digest = try remote.storedDigest(name)
        try demand(digest == nil || digest == sha256(bytes), "the digest that the remote keeps")
        try expectFailure(.corrupt, "past the end") {
            _ = try remote.read(name, range: 99_999..<100_001)
        }
        try expectFailure(.corrupt, "more than wanted") {
            _ = try remote.read(name, maximumBytes: 99_999)
        }
    },
    ConformanceCheck("put never replaces, also not with nothing") { remote in
        let name = try remoteName("f")
        try remote.put(name, .bytes([]))
        try expectFailure(.alreadyExists, "again") { try remote.put(name, .bytes([1])) }
        try demand(try remote.read(name, maximumBytes: 1).isEmpty, "still empty")
        try demand(try remote.size(name) == 0, "size of an empty file")
        try remote.remove(name)
        try remote.put(name, .bytes([1]))
        try demand(try remote.read(name, maximumBytes: 1) == [1], "after removal")
    },
    ConformanceCheck("a file is sent as its bytes are") { remote in
        let directory = try TemporaryFolder()
        var random = SmallRandom(seed: 5)
        let bytes = random.bytes(9_000_001)
        let path = directory.path / "source"
        try writeAtomically(bytes, to: path, on: LocalDisk(), durable: false)
        let name = try remoteName("big")
        try remote.put(name, .file(path, on: LocalDisk()))
        try demand(try remote.read(name, maximumBytes: 1 << 30) == bytes, "equal")
        try expectFailure(.notFound, "no such source") {
            let missing = directory.path / "missing"
            try remote.put(try remoteName("other"), .file(missing, on: LocalDisk()))
        }
        try demand(try !remote.contains(try remoteName("other")), "nothing came of it")
    },
    ConformanceCheck("lists are sorted, complete and limited to the prefix") { remote in
        for text in ["b", "a/2", "a/1", "ab/1", "a/c/d"] {
            try remote.put(try remoteName(text), .bytes(Array(text.utf8)))
        }
        let all = try remote.list(nil)
        try demand(all.map(\.name.description) == ["a/1", "a/2", "a/c/d", "ab/1", "b"], "all")
        try demand(all.map(\.size) == [3, 3, 5, 4, 1], "sizes")
        let some = try remote.list(try remoteName("a")).map(\.name.description)
        try demand(some == ["a/1", "a/2", "a/c/d"], "below a prefix, not beside it")
    },
    ConformanceCheck("a list of many is whole and sorted") { remote in
        let names = (0..<1203).map { "many/\($0 &* 7919 % 1203).x" }
        try parallelForEach(count: names.count, threads: 8) { index in
            try remote.put(try remoteName(names[index]), .bytes([1]))
        }
        let found = try remote.list(try remoteName("many")).map(\.name)
        try demand(found == (try names.map(remoteName).sorted()), "all, in their order")
    },
    ConformanceCheck("names may have every letter that is allowed, and 255 bytes") { remote in
        let odd = ["a-b/c", "a/b", "a.b", "a_b", "z9/0.x-y_z", "a-b/c.d"]
        let long = (0..<16).map { "\($0)-" + String(repeating: "n", count: 12) }
            .joined(separator: "/")
        for text in odd + [String(long.prefix(255))] {
            try remote.put(try remoteName(text), .bytes(Array(text.utf8)))
        }
        for text in odd + [String(long.prefix(255))] {
            let bytes = try remote.read(try remoteName(text), maximumBytes: 999)
            try demand(bytes == Array(text.utf8), text)
        }
        let listed = try remote.list(nil).map(\.name)
        try demand(listed == listed.sorted() && listed.count == odd.count + 1, "sorted by bytes")
    },
    ConformanceCheck("compare-and-swap replaces only what was seen") { remote in
        let name = try remoteName("root")
        try demand(try remote.compareAndSwap(name, expected: nil, new: [1]), "first")
        try demand(try !remote.compareAndSwap(name, expected: nil, new: [2]), "no longer missing")
        guard let seen = try remote.readVersioned(name, maximumBytes: 9) else {
            throw BrokenRule(description: "there")
        }
        try demand(seen.bytes == [1], "content")
        try demand(try remote.compareAndSwap(name, expected: seen.version, new: [2]), "seen")
        try demand(try !remote.compareAndSwap(name, expected: seen.version, new: [3]), "stale")
        try demand(try remote.read(name, maximumBytes: 9) == [2], "unchanged by the stale one")
        let wrong = RemoteVersion("no such version")
        let other = try remoteName("missing")
        try demand(try !remote.compareAndSwap(other, expected: wrong, new: [3]), "missing")
        try demand(try !remote.contains(other), "nothing made")
    },
]

/// What also holds where many write at once.
private let raceConformance: [ConformanceCheck<any Remote>] = [
    ConformanceCheck("of many swaps at once every one that says so is in the result") { remote in
        let name = try remoteName("counter")
        try parallelForEach(count: 24, threads: 4) { _ in
            while true {
                let seen = try remote.readVersioned(name, maximumBytes: 99)
                let next = [(seen?.bytes.first ?? 0) + 1]
                if try remote.compareAndSwap(name, expected: seen?.version, new: next) { return }
            }
        }
        try demand(try remote.read(name, maximumBytes: 9) == [24], "none lost")
    },
    ConformanceCheck("of many puts of one name one wins") { remote in
        let name = try remoteName("d/one")
        let wins = try parallelMap(count: 16, threads: 4) { index in
            do {
                try remote.put(name, .bytes([UInt8(index)]))
                return true
            } catch let error as StoreError where error.kind == .alreadyExists {
                return false
            }
        }
        try demand(wins.filter { $0 }.count == 1, "one winner")
        let winner = wins.firstIndex(of: true).map { UInt8($0) }
        try demand(try remote.read(name, maximumBytes: 9).first == winner, "its bytes")
        try demand(try remote.list(nil).count == 1, "nothing else is listed")
    },
]

/// The rules of `Remote`; each is given an empty remote.
package let remoteConformance = calmConformance + raceConformance

/// Runs all rules of `Remote`, each against an empty remote that `make` gives for its number, prints
/// a line for each, and returns what is broken. Without `races` those rules are left out that need many
/// writers at once.
package func remoteConformanceFindings(
    _ title: String, races: Bool = true, make: (Int) throws -> any Remote
) -> [String] {
    (races ? remoteConformance : calmConformance).enumerated().compactMap { number, rule in
        do {
            try rule.run(try make(number))
            print("conformance \(title): kept: \(rule)")
            return nil
        } catch {
            print("conformance \(title): BROKEN: \(rule): \(error)")
            return "\(rule): \(error)"
        }
    }
}
