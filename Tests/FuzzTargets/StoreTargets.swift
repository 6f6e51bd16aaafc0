import Objects
import Platform
import TestSupport
import Vocabulary

/// Files of a store, each in the place of the real one in a store of a few hundred bytes.
let storeTargets = [
    FuzzTarget("pack", sample: file(".pack")) { try parseInStore($0, as: ".pack") },
    FuzzTarget("index", sample: file(".idx")) { input in
        var bytes = input
        if bytes.count >= 64 {
            bytes.setChecksum(of: 64..<bytes.count, at: 32)
            bytes.setChecksum(of: 0..<56, at: 56)
        }
        try parseInStore(bytes, as: ".idx")
    },
    FuzzTarget("journal", sample: file("journal")) { input in
        var bytes = input
        if bytes.count >= 56 {
            bytes.setNumber(bytes.count - 56, at: 4)
            bytes.setChecksum(of: 16..<bytes.count, at: 8)
        }
        try parseInStore(bytes, as: "journal", without: "journal.head")
    },
    FuzzTarget("journal-head", sample: file("journal.head")) { input in
        var bytes = input
        bytes.setChecksum(of: 0..<56, at: 56)
        try parseInStore(bytes, as: "journal.head")
    },
    FuzzTarget("store-format", sample: file("format")) { try parseInStore($0, as: "format") },
]

/// The file of the store itself.
private func file(_ end: String) -> @Sendable () throws -> [UInt8] {
    { try tinyStore.get().file(ending: end) }
}

private let tinyStore = Result { try TinyStore() }

/// Opens the store with `bytes` as the file whose path ends so, and reads all of it.
private func parseInStore(_ bytes: [UInt8], as end: String, without other: String? = nil) throws {
    let tiny = try tinyStore.get()
    try tiny.readAll(on: tiny.disk(with: bytes, at: end, without: other))
}
