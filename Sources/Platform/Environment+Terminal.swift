private import CPlatform
import Vocabulary

extension Environment {
    /// Whether the descriptor (1: standard output, 2: standard error) is a terminal.
    package static func isTerminal(_ descriptor: Int32) -> Bool { mlp_is_terminal(descriptor) != 0 }

    /// The width of the terminal behind the descriptor, or nil where there is none.
    package static func terminalColumns(_ descriptor: Int32) -> Int? {
        let columns = Int(mlp_terminal_columns(descriptor))
        return columns > 0 ? columns : nil
    }

    /// Writes all of `bytes` to standard output, unbuffered. False when the reader went away:
    /// then nobody is left to tell, and the caller stops quietly.
    @discardableResult
    package static func writeStandardOutput(_ bytes: [UInt8]) throws -> Bool {
        try write(bytes, to: 1, named: "standard output")
    }

    /// Writes all of `bytes` to standard error. Failures are dropped: there is no other place to
    /// report them to.
    package static func writeStandardError(_ bytes: [UInt8]) {
        _ = try? write(bytes, to: 2, named: "standard error")
    }

    private static func write(
        _ bytes: [UInt8], to descriptor: Int32, named name: String
    ) throws -> Bool {
        let result = unsafe mlp_write_all(descriptor, bytes, bytes.count)
        if result == 0 { return true }
        if mlp_broken_pipe(-result) != 0 { return false }
        throw StoreError.system("cannot write to \(name)", subject: name, code: -result)
    }
}

extension Environment {
    /// Some of standard input, at most `maximum` bytes: empty when nothing came for a tenth of a
    /// second, nil at its end.
    package static func readStandardInput(maximum: Int) -> [UInt8]? {
        guard mlp_wait_readable(0, -1, 100) & 1 != 0 else { return [] }
        var status: Int64 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: maximum) { buffer, filled in
            guard let start = buffer.baseAddress else { return }
            // The buffer is as long as asked for.
            status = unsafe mlp_read_some(0, start, maximum)
            filled = max(0, Int(status))
        }
        return status > 0 ? bytes : nil
    }
}
