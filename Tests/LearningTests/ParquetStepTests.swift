import Bytes
import Learning
import TestSupport
import Testing
import Vocabulary

/// Steps that write Parquet.
@Suite struct ParquetOutputTests {
    @Test(arguments: ["f.feather", "f.jsonl", "f.npy", "f.arrow"])
    func `what steps do not write is refused before anything runs`(name: String) {
        for (step, outputs) in [
            (["features": ["data": "t.csv", "do": [["select": ["a"]]]]] as JSONValue, [name]),
            (["split": ["data": "t.csv"]], ["a.csv", name]),
            (["predict": ["data": "t.csv", "model": "m"]], [name]),
        ] {
            let error = storeError { _ = try StepDescription.parse(step, outputs: outputs) }
            #expect(error?.kind == .invalidPipeline)
            #expect(
                error?.message.hasSuffix(
                    "cannot write '\(name)': steps write tables as CSV, TSV or Parquet") == true)
        }
    }

    @Test func `only a step that writes Parquet has its version in the recipe`() throws {
        let step: JSONValue = ["split": ["data": "t.csv"]]
        #expect(
            try StepDescription.parse(step, outputs: ["a.csv", "b.tsv"]).canonical["parquet"] == nil
        )
        #expect(
            try StepDescription.parse(step, outputs: ["a.csv", "b.parquet"]).canonical["parquet"]
                == 1)
    }

    @Test func `the bytes are the same for any cut of the input and any threads`() throws {
        let step: JSONValue = [
            "features": [
                "data": "t.csv",
                "do": [
                    [
                        "derive": [
                            "ratio": "bill_length_mm / bill_depth_mm", "big": "body_mass_g > 4000",
                        ]
                    ],
                    ["impute": ["sex": "mode"]],
                ],
            ]
        ]
        func snapshot(_ pieceBytes: Int, _ threads: Int) throws -> [String: [UInt8]] {
            try run(
                step, outputs: ["s.parquet", "fit"], on: ["t.csv": penguins],
                executor: executor(threads), pieceBytes: pieceBytes)
        }
        let whole = try snapshot(.max, 1)
        #expect(whole["s.parquet"]?.prefix(4) == [0x50, 0x41, 0x52, 0x31])
        #expect(try snapshot(1, 1) == whole)
        #expect(try snapshot(4096, 3) == whole)
    }

    @Test func `a value that is not of its column's type ends the step`() throws {
        // Of a table in memory that changes behind the first look at it.
        let passes = Lines()
        let source = ByteSource(name: "t.csv") {
            passes.append("pass")
            var rest: [UInt8]? = Array((passes.all.count > 2 ? "a\n1\nx\n" : "a\n1\n2\n").utf8)
            return {
                defer { rest = nil }
                return rest ?? []
            }
        }
        let step = try StepDescription.parse(
            ["features": ["data": "t.csv", "do": [["select": ["a"]]]]], outputs: ["s.parquet"])
        let error = storeError {
            _ = try step.run(
                inputs: ["t.csv": source], outputs: ["s.parquet": ByteSink { _ in }],
                context: StepContext())
        }
        #expect(
            error?.message
                == "cannot write 's.parquet': the value of column 'a' in row 2 is not of type int")
    }

    @Test func `a sink that fails ends the step with its error`() throws {
        let step = try StepDescription.parse(
            ["split": ["data": "t.csv"]], outputs: ["a.parquet", "b.parquet"])
        let error = storeError {
            _ = try step.run(
                inputs: ["t.csv": ByteSource(name: "t.csv", bytes: Array(penguins.utf8))],
                outputs: [
                    "a.parquet": ByteSink { _ in throw StoreError(.noSpace, "no space") },
                    "b.parquet": ByteSink { _ in },
                ], context: StepContext())
        }
        #expect(error?.kind == .noSpace)
    }
}

/// Steps that read Parquet and other tables.
@Suite(
    .enabled(
        if: ArrowPlugin.isBuilt, "the plug-in for Parquet is not built: 'install.sh test' does"))
struct ParquetInputTests {
    /// The penguins as features write them; as text, with the shortest of each number.
    private func snapshot(_ name: String) throws -> [UInt8] {
        guard name == "s.parquet" else {
            let files = try run(
                ["features": ["data": "s.parquet", "do": [["filter": "true"]]]], outputs: [name],
                onBytes: ["s.parquet": snapshot("s.parquet")])
            return try #require(files[name])
        }
        let files = try run(
            [
                "features": [
                    "data": "t.csv",
                    "do": [
                        [
                            "derive": [
                                "ratio": "bill_length_mm / bill_depth_mm",
                                "heavy": "body_mass_g > 4000", "day": "date('2009-11-11') + year",
                            ]
                        ]
                    ],
                ]
            ], outputs: [name], on: ["t.csv": penguins])
        return try #require(files[name])
    }

    private func both(
        _ step: @escaping (String) -> JSONValue, outputs: [String],
        _ others: [String: [UInt8]] = [:]
    ) throws -> (text: [String: [UInt8]], parquet: [String: [UInt8]]) {
        func files(_ name: String) throws -> [String: [UInt8]] {
            try run(
                step(name), outputs: outputs,
                onBytes: others.merging([name: snapshot(name)]) { old, _ in old })
        }
        return (try files("s.csv"), try files("s.parquet"))
    }

    @Test(arguments: trainerNames)
    func `a model is the same from the same values`(name: String) throws {
        var options: [String: JSONValue] = [
            "model": .string(name), "features": ["ratio", "bill_length_mm", "island", "heavy"],
            "seed": 3,
        ]
        switch name {
        case "logistic", "boosted-binary", "mlp-binary": options["target"] = "sex"
        case "softmax", "boosted-multiclass", "mlp-multiclass": options["target"] = "species"
        case "k-means", "pca": break
        default: options["target"] = "body_mass_g"
        }
        if name == "k-means" { options["params"] = ["clusters": 3] }
        let models = try both(
            { data in
                options["data"] = .string(data)
                return ["train": .object(options)]
            }, outputs: ["m"])
        #expect(models.text["m"]?.isEmpty == false)
        #expect(models.text == models.parquet)
    }

    @Test func `splits, predictions and metrics are the same from the same values`() throws {
        for by in ["random", "key(species, sex)", "time(day)", "stratified(species)"] {
            let sides = try both(
                { ["split": ["data": .string($0), "by": .string(by), "seed": 4]] },
                outputs: ["a.csv", "b.csv"])
            #expect(sides.text == sides.parquet)
            let parts = try both(
                { ["split": ["data": .string($0), "by": .string(by), "seed": 4]] },
                outputs: ["a.parquet", "b.csv"])
            #expect(parts.text == parts.parquet)
        }
        let model = try run(
            [
                "train": [
                    "model": "softmax", "data": "s.csv", "target": "species",
                    "features": ["ratio", "sex"],
                ]
            ], outputs: ["m"], onBytes: ["s.csv": snapshot("s.csv")])
        let predictions = try both(
            { ["predict": ["data": .string($0), "model": "m", "keep": ["species", "day"]]] },
            outputs: ["p.parquet"], model)
        #expect(predictions.text == predictions.parquet)
        let metrics = try both(
            { ["evaluate": ["data": .string($0), "model": "m", "slices": ["island"]]] },
            outputs: ["metrics.json"], model)
        #expect(metrics.text == metrics.parquet)
    }

    @Test func `features of Parquet, joined with Parquet, are those of the text`() throws {
        let step = { (name: String) -> JSONValue in
            [
                "features": [
                    "data": .string(name),
                    "do": [
                        ["filter": "ratio > 2 and sex is not null"],
                        [
                            "join": [
                                "table": "islands.parquet",
                                "key": ["island"], "columns": ["area"],
                            ]
                        ],
                        [
                            "window": [
                                "by": ["island"], "time": "day", "over": "1d",
                                "values": ["n": "count()"],
                            ]
                        ],
                        ["target_encoding": ["columns": ["species"], "target": "heavy"]],
                        ["one_hot": ["sex"]],
                    ],
                ]
            ]
        }
        let islands = Array("island,area\nBiscoe,12.5\nDream,3\n".utf8)
        let packed = try run(
            ["features": ["data": "i.csv", "do": [["select": ["island", "area"]]]]],
            outputs: ["islands.parquet"], onBytes: ["i.csv": islands])
        for outputs in [["f.csv", "fit"], ["f.parquet", "fit"]] {
            let found = try both(step, outputs: outputs, packed)
            #expect(found.text == found.parquet)
            #expect(!text(found.text["fit"]).isEmpty)
        }
    }

    @Test func `a text that looks like no value, and an empty one, stay what they are`() throws {
        let lines = ["{\"s\":\"NA\",\"n\":1}", "{\"s\":\"\",\"n\":2}", "{\"s\":null,\"n\":3}"]
        let first = try run(
            ["features": ["data": "t.jsonl", "do": [["derive": ["m": "n * 2"]]]]],
            outputs: ["s.parquet"],
            onBytes: ["t.jsonl": Array(lines.joined(separator: "\n").utf8)])
        let second = try run(
            [
                "features": [
                    "data": "s.parquet",
                    "do": [["derive": ["has": "s is not null"]], ["select": ["has", "m"]]],
                ]
            ], outputs: ["t.csv"], onBytes: first)
        #expect(text(second["t.csv"]) == "has,m\ntrue,2\ntrue,4\nfalse,6\n")
    }

    @Test func `damaged files and numbers too large for an integer are errors`() throws {
        var bytes = try snapshot("s.parquet")
        bytes.removeLast(9)
        for step in [
            ["train": ["model": "linear", "data": "s.parquet", "target": "year"]] as JSONValue,
            ["split": ["data": "s.parquet"]],
        ] {
            let error = storeError {
                _ = try run(
                    step, outputs: step["train"] == nil ? ["a.csv", "b.csv"] : ["m"],
                    onBytes: ["s.parquet": bytes])
            }
            #expect(
                error?.message.hasPrefix("cannot read 's.parquet' as a table: Arrow refuses")
                    == true)
        }
    }
}
