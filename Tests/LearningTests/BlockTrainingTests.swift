import Bytes
import Kernels
import Learning
import Testing
import Vocabulary

/// Models that are learnt block by block have the same bytes from pieces that are kept and from one
/// reading of the whole.
@Suite struct BlockTrainingTests {
    private func train(
        _ table: [UInt8], _ options: [String: JSONValue], _ pieces: ContentPieces? = nil,
        _ executor: ParallelExecutor = .serial
    ) throws -> [UInt8] {
        var options = options
        options["data"] = "t.csv"
        let step = try StepDescription.parse(["train": .object(options)], outputs: ["m"])
        #expect(step.readsPieces)
        let source = ByteSource(name: "t.csv", pieces: { pieces }) {
            var offset = 0
            return {
                let part = table[offset...].prefix(100_000)
                offset += part.count
                return Array(part)
            }
        }
        var model: [UInt8] = []
        _ = try step.run(
            inputs: ["t.csv": source], outputs: ["m": ByteSink { model += $0 }],
            context: StepContext(executor: executor))
        return model
    }

    private let ridge: [String: JSONValue] = [
        "model": "linear", "target": "y", "features": ["a", "b", "city"],
    ]

    /// A row with a long note, so that few rows make many blocks.
    private func row(_ number: Int) -> String {
        let random = RandomSource(seed: 3, purpose: "rows", substream: UInt64(number))
        let (a, b) = (random.normal(at: 0), 1e6 + random.normal(at: 1))
        let city = ["Bergen", "Oslo", "Tromsø"][Int(random.bits(at: 2) % 3)]
        let y = number % 50 == 7 ? "" : "\(3 * a - 2 * (b - 1e6) + random.normal(at: 3))"
        let missing = number % 40 == 1
        let note = String(repeating: "note \(number) ", count: 30)
        return "\(missing ? "" : "\(a)"),\(b),\(city),\(y),\"\(note)\""
    }

    private func bytes(_ rows: [String]) -> [UInt8] {
        Array(("a,b,city,y,note\n" + rows.map { $0 + "\n" }.joined()).utf8)
    }

    /// Changes, puts in, takes out, moves or doubles rows.
    private func edit(_ rows: inout [String], _ random: RandomSource) {
        let place = Int(random.uniform(at: 0) * Double(rows.count - 60))
        let count = 1 + Int(random.uniform(at: 1) * 50)
        let new = (0..<count).map { row(1_000_000 + place + $0) }
        switch Int(random.uniform(at: 2) * 6) {
        case 0: rows.replaceSubrange(place..<(place + count), with: new)
        case 1: rows.insert(contentsOf: new, at: place)
        case 2: rows.removeSubrange(place..<(place + count))
        case 3: rows.swapAt(place, rows.count - 1)
        case 4: rows.insert(contentsOf: rows[place..<(place + count)], at: place)
        default: rows[place] = ",,Bodø,0.5,x"
        }
    }

    @Test func `any edit gives the bytes of a full run and reads little`() throws {
        let store = PieceStore()
        var rows = (0..<9000).map(row)
        var last: [UInt8] = []
        for round in 0..<8 {
            if round > 0 {
                edit(&rows, RandomSource(seed: 5, purpose: "edits", substream: UInt64(round)))
            }
            let table = bytes(rows)
            let pieces = store.pieces(of: table)
            let model = try train(table, ridge, pieces, executor(2))
            let reads = store.takeReads()
            #expect(try model == train(table, ridge, nil, executor(round % 3 + 1)), "\(round)")
            #expect(model != last)
            if round > 0 { #expect(reads < pieces.pieces.count, "round \(round): \(reads)") }
            last = model
        }
        // Nothing has changed: nothing is read. Another model of the same columns reads nothing more.
        let table = bytes(rows)
        let pieces = store.pieces(of: table)
        #expect(try train(table, ridge, pieces) == last)
        var net = ridge
        net["model"] = "elastic-net"
        #expect(try train(table, net, pieces) == train(table, net))
        #expect(store.takeReads() == 0)
        // Other columns, other sums: the layout is known.
        let components: [String: JSONValue] = ["model": "pca", "features": ["a", "b", "city"]]
        #expect(try train(table, components, pieces) == train(table, components))
        #expect(store.takeReads() > 0)
    }

    @Test func `pieces of other sizes, and whatever was kept, give the same bytes`() throws {
        let store = PieceStore()
        let table = bytes((0..<3000).map(row))
        let expected = try train(table, ridge)
        for size in [8192, 100_000, 1 << 40] {
            let pieces = store.pieces(of: table, cutting: size)
            #expect(try train(table, ridge, pieces) == expected)
        }
        let pieces = store.pieces(of: table)
        let damages: [([UInt8]) -> [UInt8]] = [
            { _ in [] }, { Array($0.dropLast()) }, { $0 + [0] }, { _ in [1, 2, 3] },
        ]
        for damage in damages {
            store.damage(damage)
            #expect(try train(table, ridge, pieces) == expected)
            #expect(store.takeReads() > 0)
        }
    }

    @Test func `pieces that end inside rows are read as a whole`() throws {
        let store = PieceStore()
        let rows = (0..<400).map {
            "\($0),\"\(String(repeating: "line\n", count: 200))\",\($0 % 7)"
        }
        let table = Array(("x,note,y\n" + rows.map { $0 + "\n" }.joined()).utf8)
        let options: [String: JSONValue] = [
            "model": "linear", "target": "y", "features": ["x"],
        ]
        let pieces = store.pieces(of: table, cutting: 64)
        #expect(pieces.pieces.count > 1)
        #expect(try train(table, options, pieces) == train(table, options))
        // A fault has its line, as in any reading.
        let ragged = Array("x,y\n1,2\n3\n".utf8)
        let error = try #require(
            storeError { _ = try train(ragged, options, store.pieces(of: ragged)) })
        #expect(error.message.contains("line 3"), "\(error.message)")
    }

    @Test func `far centres cost no accuracy`() throws {
        func model(_ offset: Double) throws -> [Double] {
            let rows = (0..<20_000).map { number in
                let random = RandomSource(seed: 9, purpose: "far", substream: UInt64(number))
                // Eighths, so that the values are exact wherever they are.
                let a = Double(Int(random.normal(at: 0) * 64)) / 8
                let b = Double(Int(random.normal(at: 1) * 64)) / 8
                return "\(a + offset),\(b),\(2 * a - b + 100)"
            }
            let table = Array(("a,b,y\n" + rows.map { $0 + "\n" }.joined()).utf8)
            let options: [String: JSONValue] = ["model": "linear", "target": "y"]
            // The intercept belongs to a mean that is rounded where the values are.
            return try Array((tensors(train(table, options))["coefficients"] ?? []).dropFirst())
        }
        let near = try model(0)
        #expect(near.count == 2)
        expectNear(try model(1e9), near, within: 1e-11)
    }

    @Test func `more columns than sums are kept of are learnt from rows`() throws {
        let table = Array(
            ("x,c,y\n" + (0..<1300).map { "\($0 % 97),c\($0 % 600),\($0 % 11)\n" }.joined()).utf8)
        let options: [String: JSONValue] = [
            "model": "linear", "target": "y", "params": ["maximumIterations": 20],
        ]
        let store = PieceStore()
        let model = try train(table, options, store.pieces(of: table))
        #expect(try model == train(table, options))
        #expect(try tensors(model)["coefficients"]?.count == 602)
    }

    @Test func `other models ask for no pieces`() throws {
        let step = try StepDescription.parse(
            ["train": ["model": "logistic", "data": "t.csv", "target": "y"]], outputs: ["m"])
        #expect(!step.readsPieces)
    }
}
