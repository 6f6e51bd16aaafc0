private import CPlatform
import Vocabulary

/// The parent's side of one output of a child.
struct OutputSink {
    /// The descriptor that the child gets.
    private(set) var childEnd: Int32
    /// What the parent reads, or -1.
    private(set) var readEnd: Int32 = -1
    /// What was kept of it.
    private(set) var captured: [UInt8] = []
    private var ownsChildEnd = true
    private var pending: [UInt8] = []
    private let destination: ChildProcess.Output

    private static let longestLine = 1 << 20

    init(_ destination: ChildProcess.Output, inherited: Int32) throws {
        self.destination = destination
        childEnd = inherited
        switch destination {
        case .inherit: ownsChildEnd = false
        case .discard: childEnd = try OutputSink.open(DiskPath("/dev/null"))
        case .file(let path): childEnd = try OutputSink.open(path)
        case .capture, .lines:
            // Both ends are this value's until they are closed.
            let result = unsafe mlp_pipe(&readEnd, &childEnd)
            _ = try checked(result, "make a pipe for", DiskPath("a child"))
        }
    }

    private static func open(_ path: DiskPath) throws -> Int32 {
        try checked(unsafe mlp_open_for_output(path.bytes, path.bytes.count), "create", path)
    }

    var isOpen: Bool { readEnd >= 0 }

    mutating func closeChildEnd() {
        if ownsChildEnd { mlp_close(childEnd) }
        ownsChildEnd = false
    }

    /// Takes all that is there now; closes the pipe at its end.
    mutating func drain() {
        while readEnd >= 0 {
            var status: Int64 = 0
            let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 65_536) { buffer, filled in
                guard let start = buffer.baseAddress else { return }
                status = unsafe mlp_read_some(readEnd, start, 65_536)
                filled = max(0, Int(status))
            }
            if status < 0, mlp_would_block(Int32(truncatingIfNeeded: -status)) != 0 { return }
            if status <= 0 { return closeReadEnd() }
            accept(bytes)
        }
    }

    /// Takes what is left without waiting, and lets go.
    mutating func finish() {
        drain()
        closeReadEnd()
        closeChildEnd()
    }

    private mutating func closeReadEnd() {
        guard readEnd >= 0 else { return }
        mlp_close(readEnd)
        readEnd = -1
        if case .lines(let deliver) = destination, !pending.isEmpty { deliver(pending) }
        pending = []
    }

    private mutating func accept(_ bytes: [UInt8]) {
        switch destination {
        case .capture(let limit):
            captured += bytes.prefix(max(0, limit - captured.count))
        case .lines(let deliver):
            var start = 0
            for index in bytes.indices where bytes[index] == 0x0a {
                deliver(pending + bytes[start..<index])
                pending = []
                start = index + 1
            }
            pending += bytes[start...]
            if pending.count >= OutputSink.longestLine {
                deliver(pending)
                pending = []
            }
        default: break
        }
    }
}
