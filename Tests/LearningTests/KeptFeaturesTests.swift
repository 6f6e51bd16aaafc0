import Bytes
import Kernels
import Learning
import Testing
import Vocabulary

/// What the `features` step learns has the same bytes from pieces that are kept and from one reading of the
/// whole.
@Suite struct KeptFeaturesTests {
    private func features(
        _ operations: [JSONValue], _ table: [UInt8], _ pieces: ContentPieces? = nil,
        _ executor: ParallelExecutor = .serial, others: [String: String] = [:]
    ) throws -> [String: [UInt8]] {
        let isFitted = operations.contains { operation in
            ["impute", "scale", "one_hot", "target_encoding"].contains { operation[$0] != nil }
        }
        let outputs = ["f.csv"] + (isFitted ? ["fit"] : [])
        let step = try StepDescription.parse(
            ["features": ["data": "t.csv", "do": .array(operations), "seed": 4]],
            outputs: outputs)
        #expect(step.readsPieces)
        var sources = Dictionary(
            uniqueKeysWithValues: others.map {
                ($0, ByteSource(name: $0, bytes: Array($1.utf8)))
            })
        sources["t.csv"] = ByteSource(name: "t.csv", pieces: { pieces }) {
            var offset = 0
            return {
                let part = table[offset...].prefix(100_000)
                offset += part.count
                return Array(part)
            }
        }
        var written: [String: [UInt8]] = [:]
        var sinks: [String: ByteSink] = [:]
        for path in outputs {
            sinks[path] = ByteSink { written[path, default: []] += $0 }
        }
        _ = try step.run(
            inputs: sources, outputs: sinks, context: StepContext(executor: executor))
        return written
    }

    private static let operations: [JSONValue] = [
        ["filter": "part = 'train'"],
        ["derive": ["twice": "x * 2", "k": "coalesce(city, 'none')"]],
        ["drop": ["note"]],
        ["impute": ["x": "median", "y": "mean", "city": "mode", "twice": ["value": -1]]],
        ["target_encoding": ["columns": ["k"], "target": "x"]],
        ["scale": ["x": "range", "y": "standard", "twice": "standard"]], ["one_hot": ["city"]],
    ]

    /// A row with a long note, so that few rows make many pieces.
    private func row(_ number: Int) -> String {
        let random = RandomSource(seed: 3, purpose: "rows", substream: UInt64(number))
        let x = number % 40 == 1 ? "" : "\(random.bits(at: 0) % 1000)"
        let y = number % 50 == 7 ? "NA" : "\(1e6 + random.normal(at: 1))"
        let city =
            number % 30 == 3 ? "" : ["Bergen", "Oslo", "Tromsø"][Int(random.bits(at: 2) % 3)]
        let part = number % 5 == 0 ? "test" : "train"
        let note = String(repeating: "note \(number) ", count: 30)
        return "\(x),\(y),\(city),\(part),\"\(note)\""
    }

    private func bytes(_ rows: [String]) -> [UInt8] {
        Array(("x,y,city,part,note\n" + rows.map { $0 + "\n" }.joined()).utf8)
    }

    /// Changes, puts in, takes out, moves, doubles or adds rows; some have a new category.
    private func edit(_ rows: inout [String], _ kind: Int, _ random: RandomSource) {
        let place = Int(random.uniform(at: 0) * Double(rows.count - 60))
        let count = 1 + Int(random.uniform(at: 1) * 50)
        let new = (0..<count).map { row(1_000_000 + place + $0) }
        switch kind % 7 {
        case 0: rows.replaceSubrange(place..<(place + count), with: new)
        case 1: rows.insert(contentsOf: new, at: place)
        case 2: rows.removeSubrange(place..<(place + count))
        case 3: rows.swapAt(place, rows.count - 1)
        case 4: rows.append(contentsOf: new)
        case 5: rows.insert(contentsOf: rows[place..<(place + count)], at: place)
        default: rows[place] = "2000,-7,Bodø,train,x"
        }
    }

    @Test func `any edit gives the bytes of a full run and reads little`() throws {
        let store = PieceStore()
        var rows = (0..<9000).map(row)
        var last: [String: [UInt8]] = [:]
        for round in 0..<8 {
            if round > 0 {
                let random = RandomSource(seed: 5, purpose: "edits", substream: UInt64(round))
                edit(&rows, round, random)
            }
            let table = bytes(rows)
            let pieces = store.pieces(of: table)
            let found = try features(
                KeptFeaturesTests.operations, table, pieces, executor(round % 3 + 1))
            let reads = store.takeReads()
            #expect(try found == features(KeptFeaturesTests.operations, table), "\(round)")
            #expect(found != last)
            // Once for the types, once to learn.
            if round == 0 { #expect(reads == 2 * pieces.pieces.count) }
            if round > 0 { #expect(reads < pieces.pieces.count, "round \(round): \(reads)") }
            last = found
        }
        let table = bytes(rows)
        let pieces = store.pieces(of: table)
        #expect(try features(KeptFeaturesTests.operations, table, pieces) == last)
        #expect(store.takeReads() == 0)
        // Other operations before learning: the types are known, the rest is not.
        let others = [["filter": "part = 'test'"]] + KeptFeaturesTests.operations.dropFirst()
        #expect(try features(others, table, pieces) == features(others, table))
        #expect(store.takeReads() == pieces.pieces.count)
        // Another column of text where there were numbers: other types, and nothing is taken from before.
        rows[4000] = "1.5,,Oslo,train,x"
        let typed = bytes(rows)
        #expect(
            try features(KeptFeaturesTests.operations, typed, store.pieces(of: typed))
                == features(KeptFeaturesTests.operations, typed))
    }

    @Test func `only the rows that a filter leaves are learnt from`() throws {
        let rows = (0..<3000).map(row)
        let training = rows.filter { $0.contains(",train,") }
        #expect(training.count < rows.count)
        let store = PieceStore()
        let all = bytes(rows)
        let found = try features(KeptFeaturesTests.operations, all, store.pieces(of: all))
        #expect(try found == features(KeptFeaturesTests.operations, bytes(training)))
    }

    @Test func `pieces of other sizes, and whatever was kept, give the same bytes`() throws {
        let store = PieceStore()
        let table = bytes((0..<3000).map(row))
        let expected = try features(KeptFeaturesTests.operations, table)
        for size in [8192, 100_000, 1 << 40] {
            let pieces = store.pieces(of: table, cutting: size)
            #expect(try features(KeptFeaturesTests.operations, table, pieces) == expected)
        }
        let pieces = store.pieces(of: table)
        let damages: [([UInt8]) -> [UInt8]] = [
            { _ in [] }, { Array($0.dropLast()) }, { $0 + [0] }, { _ in [1, 2, 3] },
            { [0x80] + $0 }, { _ in [UInt8](repeating: 0xff, count: 64) },
        ]
        for damage in damages {
            store.damage(damage)
            #expect(try features(KeptFeaturesTests.operations, table, pieces) == expected)
            #expect(store.takeReads() > 0)
        }
    }

    @Test func `pieces that end inside rows are read as a whole, and faults have their line`()
        throws
    {
        let store = PieceStore()
        let rows = (0..<400).map {
            "\($0),\"\(String(repeating: "line\n", count: 200))\",\($0 % 7)"
        }
        let table = Array(("x,note,y\n" + rows.map { $0 + "\n" }.joined()).utf8)
        let pieces = store.pieces(of: table, cutting: 64)
        #expect(pieces.pieces.count > 1)
        #expect(
            try features([["scale": ["x"]]], table, pieces)
                == features([["scale": ["x"]]], table))
        let ragged = Array("x,y\n1,2\n3\n".utf8)
        let error = try #require(
            storeError { _ = try features([["scale": ["x"]]], ragged, store.pieces(of: ragged)) })
        #expect(error.message.contains("line 3"), "\(error.message)")
    }

    /// Lists of which a part learns of rows that what was learnt before has changed, or of too many values.
    static let unkept: [[JSONValue]] = [
        [["scale": ["y"]], ["scale": ["y": "range"]]],
        [["one_hot": ["city"]], ["scale": ["city_Oslo"]]],
        [["impute": ["y": "median"]], ["scale": ["y", "x"]]],
        [["impute": ["x": "mean"]], ["derive": ["z": "x * y"]], ["scale": ["z"]]],
        [["impute": ["x": "mean"]], ["filter": "x > 400"], ["scale": ["x"]]],
        [["join": ["table": "o.csv", "key": ["city"]]], ["scale": ["lat"]]],
        [
            ["window": ["time": "x", "over": 9, "values": ["n": "count()"]]], ["scale": ["n"]],
        ],
        [["target_encoding": ["columns": ["city"], "target": "x"]], ["scale": ["city", "y"]]],
    ]

    @Test(arguments: unkept.indices)
    func `what cannot be kept is learnt from all rows`(_ index: Int) throws {
        let operations = KeptFeaturesTests.unkept[index]
        let store = PieceStore()
        // More different numbers than are counted.
        let table = bytes((0..<6000).map(row))
        let others = ["o.csv": "city,lat\nOslo,59.9\nBergen,60.4\n"]
        let expected = try features(operations, table, others: others)
        for _ in 0..<2 {
            let found = try features(
                operations, table, store.pieces(of: table), executor(2), others: others)
            #expect(found == expected)
        }
    }

    /// What a column is filled, scaled and encoded with, at random.
    private func list(_ random: RandomSource) -> [JSONValue] {
        func choice<Value>(_ values: [Value], _ place: Int) -> Value {
            values[Int(random.bits(at: UInt64(place)) % UInt64(values.count))]
        }
        var list: [JSONValue] = []
        if random.bits(at: 2) % 2 == 0 { list.append(["filter": "a is null or a > 10"]) }
        for index in 0..<(2 + Int(random.bits(at: 0) % 4)) {
            let place = 10 + 4 * index
            let column = choice(["a", "b"], place + 1)
            switch random.bits(at: UInt64(place)) % 4 {
            case 0:
                let rule: JSONValue = choice(["mean", "median", "mode", ["value": 3]], place + 2)
                list.append(["impute": [column: rule]])
            case 1: list.append(["impute": ["c": "mode", column: "median"]])
            case 2: list.append(["scale": [column: choice(["range", "standard"], place + 2)]])
            default: list.append(["one_hot": .array([choice(["c", "d"], place + 2)])])
            }
        }
        return list
    }

    @Test func `a list is the same as a step for each of its operations, kept or not`() throws {
        var (compared, refused) = (0, 0)
        for round in 0..<120 {
            let random = RandomSource(seed: 8, purpose: "lists", substream: UInt64(round))
            let operations = list(random)
            let rows = (0..<(1 + Int(random.bits(at: 1) % 60))).map { row in
                let cells = RandomSource(
                    seed: 9, purpose: "cells", substream: UInt64(1000 * round + row))
                let a = ["", "NA", "5", "17", "-3", "90", "41"][Int(cells.bits(at: 0) % 7)]
                let b = ["", "0.1", "-0.0", "1e300", "2", "inf", "1e-300"]
                let c = ["", "x", "y", "Å z"][Int(cells.bits(at: 2) % 4)]
                return "\(a),\(b[Int(cells.bits(at: 1) % UInt64(round % 2 == 0 ? 3 : 7))]),\(c),"
                    + ["", "x", "7"][Int(cells.bits(at: 3) % 3)]
            }
            // With a last row that keeps the types as they are, whatever the filter drops.
            let lines = ["a,b,c,d"] + rows + ["50,0.25,x,7"]
            let table = Array(lines.map { $0 + "\n" }.joined().utf8)
            let store = PieceStore()
            var single: [UInt8]? = table
            for operation in operations {
                single = single.flatMap { table in try? features([operation], table)["f.csv"] }
            }
            let whole = try? features(operations, table)
            #expect(whole?["f.csv"] == single, "\(operations) of \(text(table))")
            for size in [64, 8] {
                let pieces = store.pieces(of: table, cutting: size)
                #expect((try? features(operations, table, pieces, executor(2))) == whole)
            }
            if whole == nil { refused += 1 } else { compared += 1 }
        }
        #expect(compared > 40 && refused > 0, "\(compared) compared, \(refused) refused")
    }
}
