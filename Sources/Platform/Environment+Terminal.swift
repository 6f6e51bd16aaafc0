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
