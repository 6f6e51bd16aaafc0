import Bytes
import Learning
import Objects
import Pipelines
import Platform
import TestSupport
import Vocabulary
import Workspaces

/// Files of a workspace and of pipelines.
let workspaceTargets = [
    FuzzTarget("pointer") { bytes in
        let pointer = try Pointer(parsing: bytes, file: "p.mlstore")
        let again = try Pointer(parsing: Array(pointer.text.utf8), file: "p.mlstore")
        try require(again == pointer, "a pointer that reads differently again")
    },
    FuzzTarget("lock-file") { bytes in
        let lock = try LockFile(parsing: bytes)
        let again = try LockFile(parsing: Array(lock.text.utf8))
        try require(again == lock, "a lock file that reads differently again")
    },
    FuzzTarget("config") { _ = try Config(parsing: $0, file: "config.toml") },
    FuzzTarget("stage-file") { bytes in
        let parts = bytes.split(separator: 0, maxSplits: 1).map { Array($0) }
        _ = try StageFile(
            parsing: parts.first ?? [], parameters: parts.count > 1 ? parts[1] : nil)
    },
    FuzzTarget("stat-table", parseStatTable),
    FuzzTarget("model") { bytes in
        try require(
            try ModelFile.encodedAgain(bytes) == bytes, "a model with another encoding")
    },
]

/// Reads a record as those that a workspace writes.
func parseWorkspaceRecord(_ json: JSONValue) throws {
    if let note = OperationNote(json) {
        try require(OperationNote(note.json) == note, "an operation that reads differently again")
    }
    guard let run = try? RunRecord(json) else { return }
    try require(try RunRecord(run.json) == run, "a run that reads differently again")
}

@Sendable private func parseStatTable(_ input: [UInt8]) throws {
    var bytes = input
    if bytes.count >= 136 {
        bytes.setChecksum(of: 136..<bytes.count, at: 120)
        bytes.setChecksum(of: 0..<128, at: 128)
    }
    let disk = SimulatedDisk()
    let path = DiskPath("/table")
    try writeAtomically(bytes, to: path, on: disk, durable: false)
    let machine = Machine(
        disk: disk, clock: .fixed(Timestamp(milliseconds: 0)), entropy: .seeded(1), threads: 1,
        bootID: nil)
    guard StatTable.paths(at: path, on: machine) != nil else {
        throw StoreError(.corrupt, "the table fails a check")
    }
}
