import Bytes
import Vocabulary

/// What a remote over HTTP and `mlstore serve` agree on: see docs/format/http-protocol.md.
package enum HTTPStoreProtocol {
    /// The header of every answer of `mlstore serve`, and its value: what a client must see before
    /// it trusts the conditions of a PUT.
    package static let serviceHeader = "Mlstore-Serve"
    /// The version of the protocol.
    package static let serviceVersion = "1"
    /// Files up to this size have their SHA-256 as `ETag`, and can be replaced.
    package static let largestTagged = 1 << 20
    /// Where the server says that it runs. Neither of these two is a file of the remote.
    package static let healthPath = "/healthz"
    /// Where the counters are.
    package static let metricsPath = "/metrics"
    /// The most names of one page of a list.
    package static let pageNames = 5000

    /// The tag of a file with these bytes, with its quotes.
    package static func tag(of bytes: [UInt8]) -> String { "\"\(sha256(bytes).hex)\"" }

    /// A page of a list.
    package struct Page: Sendable {
        /// Names and sizes, sorted by name.
        package var files: [(name: RemoteFileName, size: Int)]
        /// Whether there are more behind them.
        package var hasMore: Bool

        /// Makes a page.
        package init(files: [(name: RemoteFileName, size: Int)], hasMore: Bool) {
            self.files = files
            self.hasMore = hasMore
        }

        /// As it is sent.
        package var bytes: [UInt8] {
            let files: [JSONValue] = self.files.map { file in
                ["name": .string(file.name.description), "size": JSONValue(file.size)]
            }
            let page: JSONValue = ["files": .array(files), "more": .bool(hasMore)]
            return page.canonical
        }

        /// Reads a page; nil for anything else.
        package init?(parsing bytes: [UInt8]) {
            guard let value = try? JSONValue(parsing: bytes), let more = value["more"]?.boolValue,
                let list = value["files"]?.arrayValue
            else { return nil }
            var files: [(name: RemoteFileName, size: Int)] = []
            for item in list {
                guard let name = item["name"]?.stringValue.flatMap({ RemoteFileName($0) }),
                    let size = item["size"]?.integerValue, size >= 0,
                    files.last.map({ $0.name < name }) ?? true
                else { return nil }
                files.append((name, Int(size)))
            }
            self.init(files: files, hasMore: more)
        }
    }
}

/// The part of a file that a `Range` header asks for.
package enum HTTPRange: Hashable, Sendable {
    /// All of it: there is no header, or one that may be ignored.
    case whole
    /// These bytes, which are there.
    case part(Range<Int>)
    /// Bytes that are not there.
    case unsatisfiable

    /// Reads the header of a request for a file of `size` bytes. Several ranges at once and other
    /// units are ignored, as the standard allows.
    package init(header: String?, size: Int) {
        guard let header, header.utf8.count <= 100, header.hasPrefix("bytes=") else {
            self = .whole
            return
        }
        let ends = header.dropFirst("bytes=".count)
            .split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, let first = HTTPRange.number(ends[0]),
            let last = HTTPRange.number(ends[1])
        else {
            self = .whole
            return
        }
        switch (first, last) {
        case (nil, nil): self = .whole
        case (nil, let count?):
            self = count == 0 || size == 0 ? .unsatisfiable : .part(max(0, size - count)..<size)
        case (let start?, let last):
            if let last, last < start {
                self = .whole
            } else {
                let end = min(last ?? size, size - 1) + 1
                self = start < size ? .part(start..<end) : .unsatisfiable
            }
        }
    }

    /// A number, nil inside for nothing, nil for what is neither.
    private static func number(_ text: Substring) -> Int?? {
        if text.isEmpty { return .some(nil) }
        guard text.utf8.count <= 18, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        return Int(text)
    }
}
