import Bytes
import Learning
import Synchronization
import Testing
import Vocabulary

@Suite struct SplitStepTests {
    private func split(
        _ options: [String: JSONValue], _ table: String, pieceBytes: Int = .max
    ) throws -> (train: String, test: String) {
        var options = options
        options["data"] = "all.csv"
        let files = try run(
            ["split": .object(options)], outputs: ["train.csv", "test.csv"],
            on: ["all.csv": table], pieceBytes: pieceBytes)
        return (text(files["train.csv"]), text(files["test.csv"]))
    }

    private func lines(_ text: String) -> [Substring] { text.split(separator: "\n") }

    private static let rules: [JSONValue] = [
        "random", "key(species, island)", "time(year)", "stratified(species)",
    ]

    @Test(arguments: rules)
    func `both sides together are the table, in its order`(rule: JSONValue) throws {
        let (train, test) = try split(["by": rule, "seed": 3], penguins)
        #expect(lines(train)[0] == lines(penguins)[0])
        #expect(lines(test)[0] == lines(penguins)[0])
        var rest = [lines(train).dropFirst(), lines(test).dropFirst()]
        for line in lines(penguins).dropFirst() {
            let side = rest[0].first == line ? 0 : 1
            #expect(rest[side].first == line)
            rest[side] = rest[side].dropFirst()
        }
        #expect(rest[0].isEmpty && rest[1].isEmpty)
    }

    @Test(arguments: rules, [1, 7, 4096])
    func `the cut of the input into pieces does not matter`(rule: JSONValue, bytes: Int) throws {
        let whole = try split(["by": rule], penguins)
        let pieces = try split(["by": rule], penguins, pieceBytes: bytes)
        #expect(whole == pieces)
    }

    @Test func `the share of a random split is about the one asked for`() throws {
        let table = "n\n" + (0..<20_000).map { "\($0)\n" }.joined()
        let test = try split(["test": 0.25, "seed": 1], table).test
        // Six standard deviations of a binomial count are 367.
        #expect(abs(lines(test).count - 1 - 5000) < 367)
        #expect(try split(["test": 0.25, "seed": 2], table).test != test)
    }

    @Test func `a packed table is split, and one of another format as its text`() throws {
        let packed = Zstd.compress(Array(penguins.utf8))
        func sides(_ name: String, _ bytes: [UInt8]) throws -> [String: [UInt8]] {
            try run(
                ["split": ["data": .string(name)]], outputs: ["train.csv", "test.csv"],
                onBytes: [name: bytes], pieceBytes: 1000)
        }
        let plain = try sides("all.csv", Array(penguins.utf8))
        #expect(try sides("all.csv.zst", packed) == plain)
        let lines = (0..<40).map { "{\"a\":\($0),\"b\":\($0 == 3 ? "null" : "\"x,\($0)\"")}\n" }
        let text = (0..<40).map { "\($0),\($0 == 3 ? "" : "\"x,\($0)\"")\n" }
        #expect(
            try sides("all.jsonl", Array(lines.joined().utf8))
                == sides("all.csv", Array(("a,b\n" + text.joined()).utf8)))
    }

    @Test func `appending rows moves no row of a random split`() throws {
        let table = "n\n" + (0..<1000).map { "\($0)\n" }.joined()
        let before = try split([:], table)
        let after = try split([:], table + "1000\n1001\n")
        #expect(after.train.hasPrefix(before.train))
        #expect(after.test.hasPrefix(before.test))
    }

    @Test func `a key's side depends on its bytes and the seed alone`() throws {
        let keys = (0..<500).map { "k\($0)" }
        func sides(_ table: String, _ by: JSONValue) throws -> Set<String> {
            let test = try split(["by": by, "seed": 5, "test": 0.3], table).test
            return Set(lines(test).dropFirst().map { String($0.split(separator: ",")[0]) })
        }
        let plain = try sides("key,v\n" + keys.map { "\($0),1\n" }.joined(), "key(key)")
        let other = try sides(
            "key,w,v\n" + keys.reversed().map { "\($0),\"x,\ny\",2\n" }.joined(), "key(key)")
        // Lines of the second table's cells are not keys.
        #expect(plain == other.filter { $0.hasPrefix("k") })
        #expect((100...200).contains(plain.count))
        // A quoted key is the same key.
        let quoted = try split(
            ["by": "key(key)", "seed": 5, "test": 0.3],
            "key,v\n" + keys.map { "\"\($0)\",1\n" }.joined()
        ).test
        #expect(lines(quoted).count - 1 == plain.count)
    }

    @Test func `the parts of a key do not run together`() throws {
        // 'ab' + 'c' and 'a' + 'bc' are different keys: with many of them the sides must differ.
        let rows = (0..<200).map { "x\($0)y,z\nx\($0),yz\n" }.joined()
        let train = try split(["by": "key(a, b)", "test": 0.5], "a,b\n" + rows).train
        let together = (0..<200).count { index in
            train.contains("x\(index)y,z\n") == train.contains("x\(index),yz\n")
        }
        #expect((60...140).contains(together))
    }

    @Test(arguments: [
        ("2013-01-03\n2013-01-01\n2013-01-02\n2012-12-31\n", "2013-01-03"),
        ("10\n9\n-1\n8\n", "10"), ("1.5\n1.25\n-3\n0\n", "1.5"),
        (
            "2013-01-01T10:00:00Z\n2013-01-01T09:59:59Z\n2013-01-01T09:00:00Z\n",
            "2013-01-01T10:00:00Z"
        ),
    ])
    func `the latest rows are the test`(rows: String, latest: String) throws {
        let test = try split(["by": "time(t)", "test": 0.25], "t\n" + rows).test
        #expect(test == "t\n\(latest)\n")
    }

    @Test func `rows of one moment stay together`() throws {
        let split = try split(["by": "time(t)", "test": 0.2], "t,n\n1,a\n2,b\n3,c\n3,d\n3,e\n")
        #expect(split.test == "t,n\n3,c\n3,d\n3,e\n")
    }

    @Test func `a stratified split takes the share of every class to the row`() throws {
        let test = try split(["by": "stratified(species)", "test": 0.25], penguins).test
        for (species, count) in [("Adelie", 38), ("Chinstrap", 17), ("Gentoo", 31)] {
            #expect(lines(test).count { $0.hasPrefix(species) } == count)
        }
    }

    @Test func `rows are copied byte for byte, whatever they hold`() throws {
        let rows = ["\"a\nb\",\"c \"\" d\"", " x ,", "\u{e9},\"\"", "1.0e3,NA"]
        let table = "p,q\r\n" + rows.map { $0 + "\r\n" }.joined()
        let (train, test) = try split(["test": 0.5, "seed": 2], table)
        #expect(train.hasPrefix("p,q\r\n") && test.hasPrefix("p,q\r\n"))
        for row in rows { #expect((train + test).contains(row + "\r\n")) }
    }

    @Test(arguments: [
        ("a,b\n", "random", "has no rows"),
        ("a,b\n1,2\n", "key(c)", "no column 'c'"),
        ("a,b\n1,2\n", "random", "no row fell to the test side"),
        ("a,b\n1,2\n1,3\n", "time(a)", "no row fell to the training side"),
        ("a,b\nx,2\ny,3\n", "time(a)", "of type string"),
        ("a,b\n1,2\n,3\n", "time(a)", "has missing values"),
        ("a,b\n1,2,3\n", "random", "has 3 fields"),
        ("", "random", "it is empty"),
        ("a,a\n1,2\n", "random", "names the column 'a' twice"),
    ])
    func `a table that cannot be split is refused`(
        table: String, rule: String, message: String
    ) throws {
        let error = try #require(
            storeError { _ = try split(["by": .string(rule), "test": 0.01], table) })
        #expect(error.kind == .malformed)
        #expect(error.message.contains(message), "\(error.message)")
        #expect(error.advice != nil)
    }

    @Test(arguments: ["key(c)", "time(c)", "stratified(c)"] as [JSONValue])
    func `a table that loses columns between two passes is refused`(rule: JSONValue) throws {
        let description = try StepDescription.parse(
            ["split": ["data": "t.csv", "by": rule]], outputs: ["a", "b"])
        let passes = Mutex(0)
        let changing = ByteSource(name: "t.csv") {
            let pass = passes.withLock { count in
                count += 1
                return count
            }
            let table = pass == 1 ? "a,b,c\n1,2,3\n" : "a\n1\n"
            return try ByteSource(name: "t.csv", bytes: Array(table.utf8)).open()
        }
        let sink = ByteSink { _ in }
        let error = try #require(
            storeError {
                _ = try description.run(
                    inputs: ["t.csv": changing], outputs: ["a": sink, "b": sink],
                    context: StepContext())
            })
        #expect(error.kind == .changedMeanwhile)
    }
}
