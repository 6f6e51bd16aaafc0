package import Platform
package import Tables
package import Vocabulary

extension TableSource {
    /// A table in a file on disk, read piece by piece whenever it is asked for. `name` is what
    /// errors call it. Reading throws what the disk says.
    package init(
        file path: DiskPath, name: String, format: any TableFormat, on disk: any Disk
    ) {
        // Unsafe: the buffers are those of the pieces, for the call.
        unsafe self.init(name: name, format: format) { body in
            let file = try disk.openFile(path, .read)
            defer { try? file.close() }  // only read
            var offset = 0
            while true {
                let piece = try file.read(at: offset, count: 1 << 20)
                if piece.isEmpty { return }
                offset += piece.count
                unsafe try piece.withUnsafeBytes { unsafe try body($0) }
            }
        }
    }
}
