import Bytes
import TestSupport
import Testing
import Vocabulary

@Suite struct JSONStreamTests {
    private func text(_ stream: JSONStream) throws -> (text: String, pieces: Int) {
        var (bytes, pieces): ([UInt8], Int) = ([], 0)
        try stream.writePretty {
            bytes += $0
            pieces += 1
        }
        return (String(decoding: bytes, as: UTF8.self), pieces)
    }

    /// The same document in parts, down to values that are neither lists nor objects.
    private func parts(_ value: JSONValue) -> JSONStream {
        switch value {
        case .array(let elements):
            .list { write in for element in elements { try write(parts(element)) } }
        case .object(let members): .object(members.mapValues { parts($0) })
        default: .value(value)
        }
    }

    @Test func `what is written in parts is what is written at once`() throws {
        let values: [JSONValue] = [
            nil, 1, "ü\n", [], [:], [[]], [[:], []], ["b": [1, [2, ["c": []]]], "a": [:]],
            ["z": ["é": nil, "😀": 1.5, "ﬀ": "x"], "y": [[["deep": [true, false]]]]],
        ]
        for value in values {
            #expect(try text(parts(value)).text == value.pretty)
            #expect(try text(.value(value)).text == value.pretty)
            let nested: JSONStream = .object(["one": .value(value), "two": parts(value)])
            let same: JSONValue = ["one": value, "two": value]
            #expect(try text(nested).text == same.pretty)
        }
    }

    @Test func `a long list is written in pieces, of values made one by one`() throws {
        var made = 0
        let stream = JSONStream.list(of: 0..<20_000) { number -> JSONValue in
            made += 1
            return ["number": JSONValue(number)]
        }
        #expect(made == 0)
        let (text, pieces) = try text(stream)
        #expect(made == 20_000 && pieces > 5)
        #expect(text == JSONValue.array((0..<20_000).map { ["number": JSONValue($0)] }).pretty)
    }

    @Test func `a reader that went away ends the writing`() throws {
        struct Gone: Error {}
        var made = 0
        let stream = JSONStream.list(of: 0..<1_000_000) { number -> JSONValue in
            made += 1
            return JSONValue(number)
        }
        #expect(throws: Gone.self) { try stream.writePretty { _ in throw Gone() } }
        #expect(made < 100_000)
    }
}
