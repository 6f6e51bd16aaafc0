import Bytes
import Kernels
import Vocabulary

/// The digests of all kernels, by name.
struct KernelDigestList: Equatable {
    static let path = "fixtures/digests/kernels.json"

    let digests: [String: String]

    /// Those of kernels that run on `executor`.
    init(_ executor: ParallelExecutor) {
        var digests: [String: String] = [:]
        KernelDigests(executor) { name, digest in
            let text = String(digest, radix: 16)
            digests[name.description] = String(repeating: "0", count: 16 - text.count) + text
        }.run()
        self.digests = digests
    }

    /// Those that a program printed, a digest and a name a line.
    init(lines: String) throws {
        let pairs = try lines.split(separator: "\n").map { line in
            guard let space = line.firstIndex(of: " ") else {
                throw StoreError(.malformed, "'\(line)' is not a digest and a name")
            }
            return (String(line[line.index(after: space)...]), String(line[..<space]))
        }
        digests = Dictionary(pairs) { _, last in last }
    }

    /// Those that are published.
    init(_ document: JSONValue) throws {
        guard let object = document.objectValue else {
            throw StoreError(.malformed, "'\(KernelDigestList.path)' is not a list of digests")
        }
        digests = object.compactMapValues { $0.stringValue }
    }

    /// The published form.
    var document: JSONValue { .object(digests.mapValues { .string($0) }) }

    /// The names of which the other has another digest, or none, or only it has one.
    func differences(_ other: KernelDigestList) -> [String] {
        Set(digests.keys).union(other.digests.keys).filter { digests[$0] != other.digests[$0] }
            .sorted()
    }
}
