import Vocabulary

/// A part of a file, as in HTTP's `Range: bytes=`: `A-B` with both ends in it, `A-` from A to the
/// end, `-N` the last N bytes. Counting starts at 0.
package enum ByteRange: Hashable, Sendable {
    /// From the first to the last byte, or to the end of the file.
    case from(Int, through: Int?)
    /// So many bytes at the end.
    case last(Int)

    /// Reads the text; throws `.badUsage`.
    package init(_ text: String) throws {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let range = ByteRange(parts[0], parts[1]) else {
            throw StoreError(
                .badUsage, "'\(printable(Array(text.utf8)))' is no range of bytes", subject: text,
                advice: "write 0-499 for the first 500 bytes, 500- for all behind them, or -500 for"
                    + " the last 500",
                safety: "nothing was printed")
        }
        self = range
    }

    private init?(_ first: Substring, _ last: Substring) {
        func number(_ text: Substring) -> Int? {
            text.utf8.allSatisfy { (0x30...0x39).contains($0) } ? Int(text) : nil
        }
        switch (first.isEmpty, last.isEmpty) {
        case (true, true): return nil
        case (true, false):
            guard let count = number(last) else { return nil }
            self = .last(count)
        case (false, true):
            guard let start = number(first) else { return nil }
            self = .from(start, through: nil)
        case (false, false):
            guard let start = number(first), let end = number(last), start <= end else {
                return nil
            }
            self = .from(start, through: end)
        }
    }

    /// The bytes of a file of `sizeBytes` that are meant; an end behind the file's is the file's.
    /// Throws `.badUsage` where none of them is in the file, as HTTP's status 416 says.
    package func resolved(in sizeBytes: Int) throws -> Range<Int> {
        switch self {
        case .from(let start, let end) where start < sizeBytes:
            return start..<min(end ?? sizeBytes, sizeBytes - 1) + 1
        case .last(let count) where count > 0 && sizeBytes > 0:
            return max(0, sizeBytes - count)..<sizeBytes
        default:
            throw StoreError(
                .badUsage, "no byte of the range is in the file, which has \(sizeBytes)",
                safety: "nothing was printed")
        }
    }
}
