import Bytes
import Platform
import TestSupport
import Testing
import Vocabulary

/// A file of fixtures/content, and where its parts are.
struct ContentFixture: Sendable, CustomTestStringConvertible {
    struct Part: Sendable {
        let offset: Int
        let length: Int
        let width: Int
    }

    let name: String
    let bytes: [UInt8]
    let parts: [Part]

    var testDescription: String { name }

    private static var folder: DiskPath {
        var components = #filePath.split(separator: "/")
        components.removeLast(3)
        return DiskPath("/" + components.joined(separator: "/") + "/fixtures/content")
    }

    static func all() throws -> [ContentFixture] {
        let text = try LocalDisk().readFile(folder / "expected.json", maximumBytes: 1 << 20)
        let files = try #require(try JSONValue(parsing: text).objectValue)
        return try files.keys.sorted().map { name in
            let size = try #require(files[name]?["size"]?.integerValue)
            let frame = try LocalDisk().readFile(folder / "\(name).zst", maximumBytes: 1 << 20)
            let parts = try #require(files[name]?["parts"]?.arrayValue).map { part in
                let numbers = try #require(part.arrayValue).compactMap(\.integerValue)
                return Part(
                    offset: Int(numbers[0]), length: Int(numbers[1]), width: Int(numbers[2]))
            }
            return ContentFixture(
                name: name, bytes: try Zstd.decompress(frame, plainLength: Int(size)),
                parts: parts)
        }
    }

    static func named(_ name: String) throws -> ContentFixture {
        try #require(try all().first { $0.name == name })
    }
}
