import Bytes
import Kernels
import Learning
import Testing
import Vocabulary

private func features(
    _ operations: [JSONValue], _ table: String, others: [String: String] = [:],
    fitted: [UInt8]? = nil, seed: Int = 0, pieceBytes: Int = .max, threads: Int = 1
) throws -> (table: String, fitted: [UInt8]) {
    var files = others.mapValues { Array($0.utf8) }
    files["t.csv"] = Array(table.utf8)
    var options: [String: JSONValue] = [
        "data": "t.csv", "do": .array(operations), "seed": JSONValue(seed),
    ]
    if let fitted {
        files["fit"] = fitted
        options["fitted"] = "fit"
    }
    let isFitted = operations.contains { operation in
        ["impute", "scale", "one_hot", "target_encoding"].contains { operation[$0] != nil }
    }
    let written = try run(
        ["features": .object(options)],
        outputs: ["f.csv"] + (isFitted && fitted == nil ? ["fit"] : []), onBytes: files,
        executor: executor(threads), pieceBytes: pieceBytes)
    return (text(written["f.csv"]), written["fit"] ?? [])
}

@Suite struct ExpressionTests {
    private static let table = """
        i,f,s,b,d,t,n
        7,2.5,Abc,true,2013-01-31,2013-01-31T23:30:00Z,NA
        -7,-0.5,"x,y",false,2012-02-29,2012-02-29T00:00:30.25Z,3

        """

    /// The values of an expression in the two rows.
    private func values(_ expression: String) throws -> [String] {
        let found = try features(
            [["derive": ["new": .string(expression)]], ["select": ["new", "i"]]],
            ExpressionTests.table
        ).table
        return found.split(separator: "\n").dropFirst().map { line in
            String(line[..<(line.lastIndex(of: ",") ?? line.endIndex)])
        }
    }

    static let known: [(String, String, String)] = [
        ("i + 1 * 2", "9", "-5"), ("(i + 1) * 2", "16", "-12"), ("-i - -1", "-6", "8"),
        ("i / 2", "3.5", "-3.5"), ("i // 2", "3", "-4"), ("i % 3", "1", "2"),
        ("i / 0", "", ""), ("i // 0", "", ""), ("i % 0", "", ""), ("f % 2", "0.5", "1.5"),
        ("i * 9223372036854775807", "", ""), ("f * 1e308 * 1e10", "", ""),
        ("i > 0 and f < 3", "true", "false"), ("not b or n > 2", "", "true"),
        ("n is null", "true", "false"), ("n is not null and n > 2", "false", "true"),
        ("n = 3", "", "true"), ("false and n > 1", "false", "false"),
        ("n > 1 or true", "true", "true"), ("n > 1 and true", "", "true"),
        ("s = 'Abc'", "true", "false"), ("s < \"b\"", "true", "false"),
        ("s in ('x,y', 'z')", "false", "true"), ("i not in (7, 8)", "false", "true"),
        ("n in (1, 2)", "", "false"), ("n in (null, 3)", "", "true"),
        ("i = 7.0", "true", "false"), ("i != f", "true", "true"),
        ("coalesce(n, i)", "7", "3"), ("coalesce(n, 0.5)", "0.5", "3"),
        ("if(b, i, f)", "7", "-0.5"), ("if(n > 1, 'yes', 'no')", "no", "yes"),
        ("min(i, f, 1)", "1", "-7"), ("max(i, n)", "", "3"), ("abs(i)", "7", "7"),
        ("sqrt(abs(f) * 0 + 9)", "3", "3"), ("sqrt(i)", "2.6457513110645907", ""),
        ("log(i - 7)", "", ""), ("exp(0)", "1", "1"), ("floor(f)", "2", "-1"),
        ("ceil(f)", "3", "0"), ("round(f)", "3", "-1"), ("int(f)", "2", "0"),
        ("float('1e3')", "1000", "1000"), ("int('x')", "", ""), ("int(b)", "1", "0"),
        ("lower(s)", "abc", "\"x,y\""), ("upper('straße')", "STRAßE", "STRAßE"),
        ("length('añb')", "3", "3"), ("contains(s, ',')", "false", "true"),
        ("starts_with(s, 'A')", "true", "false"), ("ends_with(s, '')", "true", "true"),
        ("concat(s, i)", "Abc7", "\"x,y-7\""), ("text(f)", "2.5", "-0.5"),
        ("'it''s'", "it's", "it's"), ("year(d) * 100 + month(d)", "201301", "201202"),
        ("day(t)", "31", "29"), ("weekday(d)", "4", "3"), ("hour(t)", "23", "0"),
        ("minute(t)", "30", "0"), ("d - date('2012-01-01')", "396", "59"),
        ("d + 1", "2013-02-01", "2012-03-01"), ("d < date('2013-01-01')", "false", "true"),
        ("date(t) = d", "true", "true"), ("t - timestamp(d)", "84600", "30.25"),
        ("t", "2013-01-31T23:30:00Z", "2012-02-29T00:00:30.250000Z"),
        ("d", "2013-01-31", "2012-02-29"),
        ("`i`", "7", "-7"), ("b = true", "true", "false"), ("null", "", ""),
    ]

    @Test(arguments: known.indices) func `expressions have these values`(index: Int) throws {
        let (expression, first, second) = ExpressionTests.known[index]
        #expect(try values(expression) == [first, second], "\(expression)")
    }

    static let wrong: [(String, String, Int)] = [
        ("i +", "a value is missing here", 3), ("(i", "')' is missing here", 2),
        ("i i", "should end before this", 2), ("1 < i < 3", "comparisons do not chain", 6),
        ("i & 1", "'&' means nothing here", 2), ("'abc", "does not end", 0),
        ("1.2.3", "is no number", 0), ("i is 3", "'is' is followed by", 5),
        ("and i", "a value is missing before 'and'", 0), ("j + 1", "there is no column 'j'", 0),
        ("1 + s", "takes numbers, and this is string", 4), ("not i", "takes true or false", 4),
        ("i and b", "takes true or false, and this is int", 0),
        ("s > 1", "string and int cannot be compared", 2),
        ("d = '2013-01-31'", "date and string cannot be compared", 2),
        ("i in (1, 'a')", "int and string cannot be compared", 9),
        ("sqroot(i)", "there is no function 'sqroot'", 0), ("sqrt(i, i)", "takes 1 value", 0),
        ("sqrt(s)", "takes a number, and this is string", 5),
        ("year(i)", "takes a date or a timestamp", 5), ("hour(d)", "takes a timestamp", 5),
        ("if(i, 1, 2)", "asks for true or false", 3),
        ("coalesce(i, s)", "takes values of one type", 12), ("abs()", "takes 1 value", 0),
        ("", "a value is missing here", 0),
    ]

    @Test func `what to leave out is said where it was named`() throws {
        let error = try #require(throws: StoreError.self) {
            _ = try features([["scale": ["x"]]], "x\n1\n1\n")
        }
        #expect(error.advice == "leave 'x' out of 'scale'")
    }

    @Test(arguments: wrong.indices)
    func `a mistake has a mark under its place`(index: Int) throws {
        let (expression, reason, offset) = ExpressionTests.wrong[index]
        guard !expression.isEmpty else { return }
        let error = try #require(storeError { _ = try values(expression) })
        #expect(error.message.contains(reason), "\(expression): \(error.message)")
        #expect(error.message.contains("'new' in 'derive' (operation 1)"))
        let mark = "\n    \(expression)\n    " + String(repeating: " ", count: offset) + "^"
        #expect(error.advice?.hasSuffix(mark) == true, "\(error.advice ?? "")")
    }

    @Test func `deep and long expressions are refused without a trap`() throws {
        for text in [
            String(repeating: "(", count: 5000) + "1", String(repeating: "1+", count: 9000) + "1",
            String(repeating: "f(", count: 3000), String(repeating: "-", count: 4000) + "1",
            String(repeating: "not ", count: 2000) + "b",
        ] {
            _ = storeError { _ = try values(text) }
        }
        #expect(storeError { _ = try values(String(repeating: "(", count: 500)) } != nil)
    }

    @Test func `syntax is checked before anything runs, types before anything is written`() throws {
        let error = try #require(
            storeError {
                _ = try StepDescription.parse(
                    ["features": ["data": "t", "do": [["filter": "a >"]]]], outputs: ["o"])
            })
        #expect(error.kind == .invalidPipeline && error.advice?.hasSuffix("^") == true)
        let filter = try #require(
            storeError { _ = try features([["filter": "i + 1"]], ExpressionTests.table) })
        #expect(filter.message.contains("it is int, and a filter asks for true or false"))
    }
}

@Suite struct FeaturesStepTests {
    @Test func `untouched cells stay as they are, and rows in their order`() throws {
        let found = try features(
            [["filter": "x > 0.1"], ["derive": ["y": "x * 2"]], ["drop": ["z"]]],
            "x,z,s\n0.50,1,\"a,b\"\n0.1,2,c\n1e2,3, d\nNA,4,e\n"
        ).table
        #expect(found == "x,s,y\n0.50,\"a,b\",1\n1e2, d,200\n")
    }

    @Test func `columns are selected, renamed and replaced`() throws {
        let found = try features(
            [
                ["derive": ["a": "b", "b": "a"]], ["rename": ["a": "c"]], ["select": ["c", "b"]],
            ], "a,b\n1,x\n2,y\n"
        ).table
        #expect(found == "c,b\nx,1\ny,2\n")
    }

    @Test func `a key join brings columns, and none where there is no partner`() throws {
        let found = try features(
            [
                [
                    "join": [
                        "table": "o.csv", "key": ["origin": "faa"], "columns": ["lat", "name"],
                    ]
                ], ["derive": ["north": "lat > 40.7"]],
            ], "origin,v\nJFK,1\nXXX,2\n,3\n",
            others: ["o.csv": "faa,name,lat,lon\nJFK,\"Kennedy, NY\",40.6,1\nLGA,La G,40.8,2\n"]
        ).table
        #expect(
            found
                == "origin,v,lat,name,north\nJFK,1,40.6,\"Kennedy, NY\",false\nXXX,2,,,\n,3,,,\n")
    }

    @Test func `an as-of join knows what was known at the time, and no more`() throws {
        let operation: JSONValue = [
            "asof": [
                "table": "p.csv", "key": ["item"], "time": ["at": "day"], "version": "known",
                "within": "10d", "columns": ["price"],
            ]
        ]
        let prices = """
            item,day,known,price
            a,2013-01-05,2013-01-05,5
            a,2013-01-01,2013-01-01,1
            a,2013-01-05,2013-01-08,55
            a,2013-01-06,2013-01-20,6
            b,2013-01-01,2013-01-01,100

            """
        let rows = """
            item,at
            a,2012-12-31
            a,2013-01-01
            a,2013-01-06
            a,2013-01-08
            a,2013-01-20
            b,2013-01-11
            b,2013-01-12
            ,2013-01-05

            """
        let found = try features([operation], rows, others: ["p.csv": prices]).table
        let values = found.split(separator: "\n").dropFirst().map {
            String($0.split(separator: ",", omittingEmptySubsequences: false)[2])
        }
        // On the 20th the event of the 6th is 14 days old.
        #expect(values == ["", "1", "5", "55", "", "100", "", ""])
    }

    @Test func `a window sees the rows before, not its own moment nor the future`() throws {
        let operation: JSONValue = [
            "window": [
                "by": ["c"], "time": "t", "over": 10,
                "values": [
                    "n": "count()", "m": "mean(v)", "s": "sum(v)", "lo": "min(v)",
                    "hi": "max(v)", "z": "last(v * 2)",
                ],
            ]
        ]
        let found = try features(
            [operation], "c,t,v\na,20,4\na,1,1\nb,11,9\na,11,3\na,11,5\na,12,NA\na,NA,7\n"
        ).table
        #expect(
            found == """
                c,t,v,hi,lo,m,n,s,z
                a,20,4,5,3,4,3,8,10
                a,1,1,,,,0,0,
                b,11,9,,,,0,0,
                a,11,3,1,1,1,1,1,2
                a,11,5,1,1,1,1,1,2
                a,12,NA,5,3,4,2,8,10
                a,NA,7,,,,,,

                """)
    }

    private static let fittedOperations: [JSONValue] = [
        ["impute": ["x": "median", "c": "mode", "y": "mean", "w": ["value": 0]]],
        ["scale": ["x": "range", "y": "standard"]], ["one_hot": ["c"]],
        ["target_encoding": ["columns": ["k"], "target": "t", "smoothing": 2, "folds": 2]],
    ]
    private static let training = """
        x,y,c,k,t,w
        1,10,a,p,1,1
        2,20,b,q,0,NA
        5,NA,a,p,1,3
        NA,30,NA,p,0,4

        """

    @Test func `what is fitted to one table changes another one`() throws {
        let fitted = try features(
            FeaturesStepTests.fittedOperations, FeaturesStepTests.training)
        let test = try features(
            FeaturesStepTests.fittedOperations,
            "x,y,c,k,t,w\nNA,NA,NA,p,0,NA\n9,20,z,new,1,2\n", fitted: fitted.fitted
        ).table
        // Median 2 of 1 to 5; mean 20; the mean of t is 1/2, that of p (2 + 1) / 5.
        #expect(
            test == "x,y,k,t,w,c_a,c_b\n0.25,0,0.6,0,0,1,0\n2,0,0.5,1,2,0,0\n")
        // Without a target, too.
        let scored = try features(
            FeaturesStepTests.fittedOperations, "x,y,c,k,w\n1,10,a,q,1\n", fitted: fitted.fitted
        ).table
        #expect(scored.hasSuffix(",0.3333333333333333,1,1,0\n"))
    }

    @Test func `no row is encoded with its own target`() throws {
        let operation: [JSONValue] = [
            [
                "target_encoding": [
                    "columns": ["k"], "target": "t", "smoothing": 0, "folds": 5,
                ]
            ]
        ]
        func encodings(_ table: String) throws -> [Substring] {
            try features(operation, table, seed: 3).table.split(separator: "\n").dropFirst().map {
                $0.split(separator: ",")[0]
            }
        }
        let rows = (0..<40).map { ($0 % 4, $0 % 3) }
        let table = "k,t\n" + rows.map { "k\($0.0),\($0.1)\n" }.joined()
        let before = try encodings(table)
        // Another target in one row leaves the encoding of that row alone.
        for changed in [0, 7, 39] {
            let other =
                "k,t\n"
                + rows.enumerated().map { "k\($1.0),\($0 == changed ? 1000 : $1.1)\n" }.joined()
            let after = try encodings(other)
            #expect(after[changed] == before[changed])
            #expect(after != before)
        }
    }

    @Test func `neither pieces, threads nor a second run change a byte, a seed moves folds`() throws
    {
        let operations: [JSONValue] = [
            ["filter": "body_mass_g is not null"],
            ["derive": ["ratio": "bill_length_mm / bill_depth_mm"]],
            ["impute": ["sex": "mode"]], ["one_hot": ["sex"]], ["scale": ["ratio"]],
            ["target_encoding": ["columns": ["island"], "target": "body_mass_g"]],
            [
                "window": [
                    "by": ["species"], "time": "year", "over": 1,
                    "values": ["before": "mean(body_mass_g)"],
                ]
            ],
        ]
        let once = try features(operations, penguins)
        for (bytes, threads) in [(1, 1), (7, 2), (4096, 7)] {
            let again = try features(operations, penguins, pieceBytes: bytes, threads: threads)
            #expect(again == once)
        }
        let other = try features(operations, penguins, seed: 1)
        #expect(other.table != once.table && other.fitted == once.fitted)
        let applied = try features(operations, penguins, fitted: once.fitted).table
        #expect(applied.split(separator: "\n").count == once.table.split(separator: "\n").count)
    }

    static let wrong: [([JSONValue], String, String)] = [
        ([["filter": "x > 5"]], "x\n1\n", "leave no row"),
        ([["filter": "x > 5"]], "x\n", "has no rows"),
        ([["select": ["y"]]], "x\n1\n", "'select' (operation 1) names a column 'y'"),
        ([["drop": ["x"]]], "x\n1\n", "leaves no column"),
        ([["rename": ["x": "y"]]], "x,y\n1,2\n", "makes a column 'y' that is there already"),
        ([["scale": ["x"]]], "x\n1\n1\n", "the same value in every row"),
        ([["filter": "y > 1"], ["scale": ["x"]]], "x,y\n1,1\nNA,2\n", "it has no values"),
        ([["scale": ["s"]]], "s\na\nb\n", "takes numbers, and column 's' is string"),
        ([["impute": ["s": "mean"]]], "s\na\n", "takes numbers, and column 's' is string"),
        ([["impute": ["x": "mode"]]], "x,y\n,1\n", "it has no values"),
        ([["impute": ["x": ["value": "a"]]]], "x\n1\n", "a value for column 'x' that is not int"),
        (
            [["target_encoding": ["columns": ["k"], "target": "t"]]], "k\na\n",
            "names a column 't' that is not there"
        ),
        (
            [["target_encoding": ["columns": ["k"], "target": "t"]]], "k,t\na,NA\nb,NA\n",
            "takes numbers, and column 't' is string"
        ),
        (
            [["window": ["time": "x", "over": "7d", "values": ["n": "count()"]]]], "x\n1\n",
            "cannot tell the time by column 'x'"
        ),
        (
            [["window": ["time": "x", "over": 7, "values": ["n": "mean(s)"]]]], "x,s\n1,a\n",
            "'mean' takes numbers, and this is string"
        ),
        (
            [["join": ["table": "o.csv", "key": ["x"]]]], "x\n1\n",
            "finds several rows of 'o.csv' for one key"
        ),
        (
            [["join": ["table": "o.csv", "key": ["y"]]]], "y,v\n1,1\n",
            "makes a column 'v' that is there already"
        ),
    ]

    @Test(arguments: wrong.indices)
    func `what does not fit the table is refused`(index: Int) throws {
        let (operations, table, message) = FeaturesStepTests.wrong[index]
        let error = try #require(
            storeError {
                _ = try features(
                    operations, table, others: ["o.csv": "x,y,v\n1,1,1\n1,2,2\n"])
            })
        #expect(error.message.contains(message), "\(error.message)")
        #expect(error.advice != nil)
    }

    static let wrongOptions: [(JSONValue, String)] = [
        (["data": "t"], "lacks 'do'"), (["data": "t", "do": []], "a list of operations"),
        (["data": "t", "do": ["select"]], "each a name with its options"),
        (["data": "t", "do": [["filtre": "x"]]], "unknown operation 'filtre'"),
        (["data": "t", "do": [["filter": 3]]], "it takes an expression"),
        (["data": "t", "do": [["derive": [:]]]], "new columns with an expression each"),
        (["data": "t", "do": [["join": ["table": "o"]]]], "lacks 'key'"),
        (["data": "t", "do": [["asof": ["table": "o"]]]], "lacks 'time'"),
        (
            ["data": "t", "do": [["asof": ["table": "o", "time": "a", "within": "7y"]]]],
            "a time such as 7d"
        ),
        (["data": "t", "do": [["window": ["time": "a", "over": 0]]]], "a time such as 7d"),
        (
            ["data": "t", "do": [["window": ["time": "a", "over": 1, "values": ["n": "x + 1"]]]]],
            "it is no aggregate of one value"
        ),
        (["data": "t", "do": [["impute": ["x": "middle"]]]], "mean, median, mode"),
        (["data": "t", "do": [["scale": ["x": "log"]]]], "'standard' or 'range'"),
        (
            ["data": "t", "do": [["target_encoding": ["columns": ["a"], "target": "a"]]]],
            "a target that is not among its columns"
        ),
        (["data": "t", "do": [["drop": ["x"]]], "fitted": "f"], "no operation that fits anything"),
    ]

    @Test(arguments: wrongOptions.indices)
    func `a wrong declaration is refused before anything runs`(index: Int) throws {
        let (options, message) = FeaturesStepTests.wrongOptions[index]
        let error = try #require(
            storeError {
                _ = try StepDescription.parse(["features": options], outputs: ["o"])
            })
        #expect(error.kind == .invalidPipeline)
        #expect(error.message.contains(message), "\(error.message)")
    }

    @Test func `fitted values of other operations, or damaged ones, are refused`() throws {
        let operations: [JSONValue] = [["scale": ["x"]]]
        let fitted = try features(operations, "x,y\n1,5\n2,6\n").fitted
        let other = try #require(
            storeError { _ = try features([["scale": ["y"]]], "x,y\n1,5\n2,6\n", fitted: fitted) })
        #expect(other.message.contains("was fitted with other operations"))
        let text = String(decoding: fitted, as: UTF8.self)
        for damaged in [
            "", "{}", text.replacing("\"scale\": 0.5", with: "\"scale\": 0"),
            text.replacing("\"offset\"", with: "\"ofset\""),
        ] {
            let error = storeError {
                _ = try features(operations, "x,y\n1,5\n2,6\n", fitted: Array(damaged.utf8))
            }
            #expect(error?.kind == .malformed)
        }
        let newer = text.replacing("\"version\": 1", with: "\"version\": 2")
        let error = storeError {
            _ = try features(operations, "x,y\n1,5\n2,6\n", fitted: Array(newer.utf8))
        }
        #expect(error?.kind == .newerFormat)
    }
}

@Suite struct FeatureWarningTests {
    /// What a step over `table` warns of.
    private func warnings(_ table: String, target: String?) throws -> [String] {
        var options: [String: JSONValue] = ["data": "t.csv", "do": [["derive": ["copy": "y"]]]]
        options["target"] = target.map { .string($0) }
        let step = try StepDescription.parse(
            ["features": .object(options)], outputs: ["f.csv"])
        let lines = Lines()
        _ = try step.run(
            inputs: [
                "t.csv": ByteSource(name: "t.csv") {
                    var rest = Array(table.utf8)
                    return {
                        defer { rest = [] }
                        return rest
                    }
                }
            ],
            outputs: ["f.csv": ByteSink { _ in }],
            context: StepContext(log: { lines.append($0) }))
        return lines.all.filter { $0.hasPrefix("warning: ") }
    }

    private func table(rows: Int, broken: Bool = false) -> String {
        (0..<rows).reduce("id,code,x,y\n") { text, row in
            let code = broken && row == rows - 1 ? "c9" : "c\(row % 4)"
            let y = broken && row == rows - 1 ? 0 : row % 4 == 0 ? 1 : 0
            return text + "\(row),\(code),\(row * 7 % 5),\(y)\n"
        }
    }

    @Test func `columns that equal the target or tell it are named, but for keys`() throws {
        #expect(
            try warnings(table(rows: 40), target: "y") == [
                "warning: column 'code' tells the target 'y' of every row: is it known before the "
                    + "target?",
                "warning: column 'copy' equals the target 'y' in every row: is it known before the "
                    + "target?",
            ])
        #expect(try warnings(table(rows: 40), target: nil) == [])
        // Of few rows nothing can be said, and one row without a rule is enough.
        #expect(try warnings(table(rows: 12), target: "y") == [])
        let one = table(rows: 40) + "99,c0,1,0\n"
        #expect(try warnings(one, target: "y").map { $0.contains("'copy'") } == [true])
    }

    @Test func `infinite values are counted, however they are written`() throws {
        let table = "y,a,b\n1,0.5,1e999\n2,-inf,1e3\n3,Infinity,0.5\n"
        #expect(
            try warnings(table, target: nil) == [
                "warning: column 'a' has 2 infinite values, which count as missing",
                "warning: column 'b' has 1 infinite value, which counts as missing",
            ])
    }

    @Test func `a target that is not in the result is refused`() throws {
        let error = storeError { _ = try warnings(table(rows: 3), target: "yy") }
        #expect(error?.message == "'target' names a column 'yy' that is not there")
        #expect(error?.advice?.contains("'y'") == true)
    }
}
