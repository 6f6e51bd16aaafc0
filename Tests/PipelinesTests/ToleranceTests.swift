import Bytes
import Objects
import Platform
import Tables
import TestSupport
import Testing
import Vocabulary
import Workspaces

@testable import Pipelines

@Suite struct ToleranceTests {
    private func compare(
        _ recorded: [UInt8], _ found: [UInt8], _ name: String, _ tolerance: Tolerance? = nil
    ) throws -> NumericComparison {
        let folder = try TemporaryFolder()
        for (path, bytes) in [("one", recorded), ("other", found)] {
            try writeAtomically(bytes, to: folder.path / path, on: LocalDisk(), durable: false)
        }
        var comparison = NumericComparison(tolerance: tolerance)
        try comparison.compare(
            folder.path / "one", folder.path / "other", named: RepoPath(name), on: LocalDisk())
        return comparison
    }

    private func compare(
        _ recorded: String, _ found: String, _ name: String, _ tolerance: Tolerance? = nil
    ) throws -> NumericComparison {
        try compare(Array(recorded.utf8), Array(found.utf8), name, tolerance)
    }

    @Test func `what is not finite is equal to itself alone`() throws {
        let tolerance = Tolerance(absolute: 1e300, relative: 0.5)
        let pairs: [(Double, Double)] = [
            (.nan, 1), (1, .nan), (.infinity, -.infinity), (.infinity, 1),
        ]
        for (one, other) in pairs {
            let found = try compare(
                tensors([one]), tensors([other]), "m.safetensors", tolerance)
            #expect(found.beyondCount == 1 && !found.isWithin && found.largest == nil)
        }
    }

    @Test(arguments: ["t.csv", "t.tsv"])
    func `of tables the largest difference is told with its row and column`(name: String) throws {
        let tab = name == "t.tsv" ? "\t" : ","
        let one = ["id,p", "a,0.5", "b,\"1\"", "c,3e2"].joined(separator: "\n") + "\n"
        let other = ["id,p", "a,0.75", "b,1.0", "c,300"].joined(separator: "\n") + "\n"
        let found = try compare(
            one.replacing(",", with: tab), other.replacing(",", with: tab), name,
            Tolerance(absolute: 0.25))
        #expect(found.isWithin)
        #expect(
            found.largest?.description
                == "largest difference 0.25 (relative 0.5) at row 1, column 'p'")
        let near = try compare(one, other, "t.csv", Tolerance(relative: 0.3))
        #expect(!near.isWithin && near.beyondCount == 1 && !near.isOfAnotherKind)
        // Without a tolerance nothing is near enough, and the difference is told all the same.
        let bare = try compare(one, other, "t.csv")
        #expect(!bare.isWithin && bare.largest?.absolute == 0.25)
    }

    @Test(arguments: [
        ("id,p\na,1\n", "id,p\nb,1\n", "t.csv"), ("p\n1\n", "q\n1\n", "t.csv"),
        ("p\n1\n", "p\n1\n2\n", "t.csv"), ("p\n1\n", "p\n\n", "t.csv"),
        ("a\n\"1\n", "a\n2\n", "t.csv"), ("1", "2", "t.bin"),
        (#"{"a": 1}"#, #"{"b": 1}"#, "m.json"), (#"{"a": 1}"#, #"{"a": "1"}"#, "m.json"),
        (#"{"a": [1]}"#, #"{"a": [1, 2]}"#, "m.json"), (#"{"a": 1}"#, "{", "m.json"),
        (#"{"a": true}"#, #"{"a": false}"#, "m.json"), ("no array", "no arrays", "a.npy"),
    ])
    func `what is no number, or at another place, is never near enough`(
        one: String, other: String, name: String
    ) throws {
        let found = try compare(one, other, name, Tolerance(absolute: 1e300))
        #expect(found.isOfAnotherKind && !found.isWithin)
    }

    @Test func `differences are told in three digits`() {
        let tiny = Deviation(place: "p", recorded: 1, found: 1 + 0x1p-52)
        #expect(tiny.description == "largest difference 2.22e-16 (relative 2.22e-16) at p")
        let huge = Deviation(place: "p", recorded: 0, found: -123_456_789)
        #expect(huge.description == "largest difference 123000000 at p")
    }

    @Test func `rows of JSON and metrics are compared by their keys`() throws {
        let rows = try compare(
            "{\"a\": 1}\n{\"a\": 2}\n", "{\"a\": 1}\n{\"a\": 2.5}\n", "t.jsonl",
            Tolerance(absolute: 0.5))
        #expect(rows.isWithin && rows.largest?.place == "row 2, column 'a'")
        let metrics = try compare(
            #"{"auc": 0.5, "folds": [1, 2.0], "n": null}"#,
            #"{"auc": 0.5001, "folds": [1, 2.001], "n": null}"#, "m.json",
            Tolerance(relative: 1e-3))
        #expect(metrics.isWithin && metrics.largest?.place == "'folds[1]'")
    }

    private func tensors(_ values: [Double], note: String = "x") -> [UInt8] {
        let header =
            #"{"__metadata__":{"note":"\#(note)"},"w":{"dtype":"F64","shape":[1,\#(values.count)],"#
            + #""data_offsets":[0,\#(8 * values.count)]}}"#
        var writer = ByteWriter()
        writer.append(uint64: UInt64(header.utf8.count))
        writer.append(Array(header.utf8))
        for value in values { writer.append(uint64: value.bitPattern) }
        return writer.bytes
    }

    @Test func `tensors are compared number by number`() throws {
        let name = "m.safetensors"
        let found = try compare(
            tensors([1, 2, .nan]), tensors([1, 2.5, .nan]), name, Tolerance(relative: 0.25))
        #expect(found.isWithin && found.largest?.place == "tensor 'w' at [0, 1]")
        #expect(try !compare(tensors([1]), tensors([.nan]), name, Tolerance(absolute: 9)).isWithin)
        #expect(
            try compare(tensors([1]), tensors([1, 2]), name, Tolerance(absolute: 9))
                .isOfAnotherKind)
        #expect(
            try compare(tensors([1]), tensors([1], note: "y"), name, Tolerance(absolute: 9))
                .isOfAnotherKind)
    }

    private func array(_ values: [Float]) -> [UInt8] {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(values.count),), }\n"
        var writer = ByteWriter()
        writer.append([0x93] + Array("NUMPY".utf8) + [1, 0])
        writer.append(uint16: UInt16(header.utf8.count))
        writer.append(Array(header.utf8))
        for value in values { writer.append(uint32: value.bitPattern) }
        return writer.bytes
    }

    @Test func `arrays are compared number by number`() throws {
        let found = try compare(array([1, 4]), array([1, 5]), "a.npy", Tolerance(absolute: 1))
        #expect(found.isWithin && found.largest?.place == "element [1]")
    }

    // MARK: - In a pipeline

    @Test func `an output within its tolerance is reproduced, and the verdict says so`() throws {
        let command = #"printf "x\n1.%s\n" $$ > o.csv; mkdir d; printf "x\n2.%s\n" $$ > d/y.csv"#
        let pipeline = try PipelineFolder(
            """
            stages:
              a:
                cmd: '\(command)'
                outs: [{path: o.csv, tolerance: 1}, {d: {tolerance: {relative: 0.5}}}]
            """)
        try pipeline.repro()
        let report = try replay(in: pipeline.workspace)
        #expect(report.isReproduced && !report.allEqual)
        let verdict = try #require(report.verdicts.first)
        #expect(verdict.outcome == .withinTolerance && verdict.proof == .tolerance)
        #expect(verdict.outputs.map(\.judgement) == ["within tolerance", "within tolerance"])
        #expect(verdict.outputs.first?.deviation?.place == "'y.csv', row 1, column 'x'")
        let store = try pipeline.workspace.store()
        let record = try store.readRecord(
            try #require(try runVerdicts(of: verdict.run, in: store).first).id)
        #expect(record["verdict"] == "within tolerance")
        #expect(record["outputs"]?["o.csv"]?["tolerance"]?["absolute"] == 1)
        // The tolerance is no part of the recipe: a smaller one runs nothing, and judges anew.
        let text = try pipeline.folder.read("mlstore.yaml")
        try pipeline.folder.write(
            text.replacing("tolerance: 1", with: "tolerance: 0"), to: "mlstore.yaml")
        #expect(try pipeline.repro() == "a current")
        #expect(try replay(in: pipeline.workspace).verdicts.first?.outcome == .different)
    }

    @Test(arguments: [
        "-1", "x", "{absolut: 1}", "{relative: -1}", "{relative: 1}", "{relative: .nan}", "[1]",
    ])
    func `a tolerance that makes no sense is refused`(text: String) throws {
        let pipeline = try PipelineFolder(
            "stages: {a: {cmd: 'true', outs: [{path: o, tolerance: \(text)}]}}")
        let error = #expect(throws: StoreError.self) { try pipeline.repro() }
        #expect(error?.kind == .invalidPipeline)
        #expect(error?.message.contains("tolerance") == true)
    }
}

/// Parquet, which the plug-in reads.
@Suite(
    .enabled(
        if: ArrowPlugin.isBuilt, "the plug-in for Parquet is not built: 'install.sh test' does"))
struct ParquetReplayTests {
    /// A table of numbers and texts.
    private func table(
        _ numbers: [Double?], texts: [String?] = ["a", "", nil], column: String = "p"
    ) -> [UInt8] {
        var writer = ParquetWriter(columns: [("id", .string), (column, .float)])
        for (number, text) in zip(numbers, texts) {
            let bytes = Array((text ?? "").utf8)
            if text == nil {
                writer.appendNull()
            } else {
                _ = unsafe bytes.withUnsafeBufferPointer { unsafe writer.append(field: $0) }
            }
            number.map { writer.append(float: $0) } ?? writer.appendNull()
            writer.endRow()
        }
        writer.finish()
        return writer.take()
    }

    private func replayed(
        _ recorded: [UInt8], _ found: [UInt8], tolerance: String = "0.25"
    ) throws -> Verdict.Output {
        let folder = try TemporaryFolder()
        try folder.write(recorded, to: "t.parquet")
        let pipeline = try PipelineFolder(
            """
            stages:
              a:
                cmd: cp '\(folder.path)/t.parquet' o.parquet
                outs: [{path: o.parquet, tolerance: \(tolerance)}]
            """)
        try pipeline.repro()
        try folder.write(found, to: "t.parquet")
        let report = try replay(in: pipeline.workspace)
        return try #require(report.verdicts.first?.outputs.first)
    }

    @Test func `numbers near each other are within the tolerance, and told with their place`()
        throws
    {
        let output = try replayed(table([1, 2, nil]), table([1, 2.25, nil]))
        #expect(output.judgement == "within tolerance")
        #expect(
            output.deviation?.description
                == "largest difference 0.25 (relative 0.125) at row 2, column 'p'")
        #expect(output.difference?.element == "row 2, column 'p'")
        let other = try replayed(table([1, 2, nil]), table([1, 2.5, nil]))
        #expect(other.judgement == "different")
        #expect(other.difference?.description.hasSuffix("row 2, column 'p'") == true)
    }

    @Test func `what is no number is told with its place`() throws {
        let first = table([1, 2, 3])
        for (second, words) in [
            (table([1, 2, 3], texts: ["a", nil, nil]), "row 2, column 'id'"),
            (table([1, 2, nil]), "row 3, column 'p'"),
            (table([1, 2]), "row 3: 3 -> 2 rows"),
            (table([1, 2, 3], column: "q"), "column 2: 'p' -> 'q'"),
            (Array("PAR1".utf8), "not compared as tables: Arrow refuses it"),
        ] {
            let output = try replayed(first, second, tolerance: "1e300")
            #expect(output.judgement == "different")
            #expect(output.difference?.element?.hasPrefix(words) == true, "\(words)")
        }
    }
}
