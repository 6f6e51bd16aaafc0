import Testing
import Vocabulary

@testable import Objects

/// The vectors of float-planes.md.
@Suite struct FloatPlanesVectorTests {
    @Test(arguments: ["planes", "planes-zstd", "planes-sparse", "planes-difference"])
    func `encoded planes decode to the numbers of the page`(name: String) throws {
        let vector = try FormatVector.named(name, in: "float-planes.md")
        let numbers = try vector.bytes("numbers")
        let encoded = try vector.bytes("encoded")
        let base = try vector.all("base").first.map { try hexBytes($0) }
        var output = [UInt8](repeating: 0xdd, count: numbers.count)
        try unsafe output.withUnsafeMutableBytes { room in
            try unsafe encoded.withUnsafeBytes { encoded in
                try unsafe (base ?? []).withUnsafeBytes { old in
                    try unsafe FloatPlanes().decode(
                        encoded, against: base == nil ? nil : old, into: room)
                }
            }
        }
        #expect(output == numbers)
    }

    @Test func `numbers too few for codes are encoded as on the page`() throws {
        let vector = try FormatVector.named("planes", in: "float-planes.md")
        let numbers = try vector.bytes("numbers")
        var room = [UInt8](repeating: 0, count: 100)
        let length = unsafe room.withUnsafeMutableBytes { room in
            unsafe numbers.withUnsafeBytes { numbers in
                unsafe FloatPlanes().encode(numbers, width: 2, into: room)
            }
        }
        #expect(Array(room.prefix(try #require(length))) == (try vector.bytes("encoded")))
    }
}
