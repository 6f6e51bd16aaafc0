package import Tables
internal import Vocabulary

/// Where a step reads an input: named bytes that can be read from the start as often as needed.
package struct ByteSource: Sendable {
    /// The next piece of the bytes, of any length that suits the source; empty at the end.
    package typealias Stream = () throws -> [UInt8]

    /// The name that errors quote: the path as the stage file writes it.
    package let name: String
    /// Starts a new pass from the first byte.
    package let open: @Sendable () throws -> Stream

    /// The same bytes in pieces; nil where nobody knows any.
    let pieces: (@Sendable () throws -> ContentPieces?)?

    /// Opens the bytes to read parts of them; nil where they can only be read from the start.
    let ranges: (@Sendable () throws -> TableRanges)?

    /// The source with this name, opened by `open`.
    package init(
        name: String, pieces: (@Sendable () throws -> ContentPieces?)? = nil,
        ranges: (@Sendable () throws -> TableRanges)? = nil,
        open: @escaping @Sendable () throws -> Stream
    ) {
        self.name = name
        self.pieces = pieces
        self.ranges = ranges
        self.open = open
    }

    /// A source of bytes in memory.
    package init(name: String, bytes: [UInt8]) {
        @Sendable func ranges() -> TableRanges {
            TableRanges(sizeBytes: bytes.count) { Array(bytes[$0]) }
        }
        self.init(name: name, ranges: ranges) {
            var rest: [UInt8]? = bytes
            return {
                defer { rest = nil }
                return rest ?? []
            }
        }
    }

    /// All bytes, at most `maximumBytes` of them.
    func readAll(maximumBytes: Int) throws -> [UInt8] {
        let next = try open()
        var bytes: [UInt8] = []
        while true {
            let piece = try next()
            if piece.isEmpty { return bytes }
            guard piece.count <= maximumBytes - bytes.count else {
                throw StoreError.inputTooLarge(name, maximumBytes: maximumBytes)
            }
            bytes += piece
        }
    }
}

/// Where a step writes an output. The caller opened it, and keeps it only if the step returns.
package struct ByteSink {
    /// Takes the next bytes, in order.
    package let write: (_ bytes: [UInt8]) throws -> Void

    /// A sink that hands every piece to `write`.
    package init(_ write: @escaping (_ bytes: [UInt8]) throws -> Void) { self.write = write }
}
