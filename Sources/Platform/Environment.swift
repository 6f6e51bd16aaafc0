private import CPlatform
package import Vocabulary

/// Facts about this process and its machine.
package enum Environment {
    /// The value of an environment variable, or nil when it is unset or empty.
    package static func variable(_ name: String) -> String? {
        // The text is copied at once; nothing in this program changes the environment.
        guard let text = unsafe mlp_variable(name) else { return nil }
        let value = unsafe String(cString: text)
        return value.isEmpty ? nil : value
    }

    /// All environment variables, as a child would inherit them.
    package static var variables: [String: String] {
        var result: [String: String] = [:]
        guard var entry = unsafe mlp_all_variables() else { return result }
        while let text = unsafe entry.pointee {
            let pair = unsafe String(cString: text)
            if let equals = pair.firstIndex(of: "=") {
                result[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
            }
            unsafe entry += 1
        }
        return result
    }

    /// How many processors this process may use.
    package static var processorCount: Int { Int(mlp_processor_count()) }

    /// The directory that relative paths start from.
    package static func currentDirectory() throws -> DiskPath {
        let here = DiskPath(".")
        return DiskPath(
            bytes: try unsafe Platform.bytes(of: "find", here) {
                unsafe mlp_current_directory($0, $1)
            })
    }

    /// `path` made absolute, with every link and `..` resolved; it must exist.
    package static func realPath(_ path: DiskPath) throws -> DiskPath {
        DiskPath(
            bytes: try unsafe Platform.bytes(of: "resolve", path) { buffer, capacity in
                unsafe mlp_real_path(path.bytes, path.bytes.count, buffer, capacity)
            })
    }

    /// The user's home directory: `HOME`, or what the user database says.
    package static func homeDirectory() throws -> DiskPath {
        let home = DiskPath("~")
        return DiskPath(
            bytes: try unsafe Platform.bytes(of: "find", home) { unsafe mlp_home_directory($0, $1) }
        )
    }

    /// The file of the running program.
    package static func executablePath() throws -> DiskPath {
        let program = DiskPath("mlstore")
        return DiskPath(
            bytes: try unsafe Platform.bytes(of: "find", program) {
                unsafe mlp_executable_path($0, $1)
            })
    }

    /// The most memory this process has held so far, in bytes.
    package static func peakMemoryBytes() -> Int { Int(mlp_peak_memory()) }

    /// The most memory that any one child which has ended had held, in bytes.
    package static func peakMemoryOfChildrenBytes() -> Int { Int(mlp_peak_memory_of_children()) }

    /// Writes what `print` has kept back.
    package static func flushOutput() { mlp_flush_output() }

    /// Ends the process with `status`; what is buffered is written first.
    package static func endProcess(_ status: Int32) -> Never { mlp_end_process(status) }

    /// Whether the process runs as the superuser, for whom permissions do not hold.
    package static var isSuperuser: Bool { mlp_user_id() == 0 }

    /// The operating system, its release and the processor, as `uname` says: `Linux`,
    /// `6.1.0-13`, `x86_64`.
    package static var systemName: (system: String, release: String, machine: String) {
        let empty = [CChar](repeating: 0, count: 256)
        var (system, release, machine) = (empty, empty, empty)
        // Each buffer is as long as said; the call ends each text with a zero.
        _ = unsafe mlp_system_name(&system, &release, &machine, 256)
        return (text(system), text(release), text(machine))
    }

    private static func text(_ characters: [CChar]) -> String {
        String(
            decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
