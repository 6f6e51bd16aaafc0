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
        @Sendable func ranges() throws -> TableRanges { try TableRanges(path, on: disk) }
        unsafe self.init(name: name, format: format, ranges: ranges) { body in
            let file = try disk.openFile(path, .read)
            defer { try? file.close() }  // only read
            unsafe try file.forEachPiece(body)
        }
    }

    /// A table in a file that stays open meanwhile.
    init(_ file: any DiskFile, name: String, format: any TableFormat) {
        // Unsafe: the buffers are those of the pieces, for the call.
        @Sendable func ranges() throws -> TableRanges { try TableRanges(file) }
        unsafe self.init(name: name, format: format, ranges: ranges) { body in
            unsafe try file.forEachPiece(body)
        }
    }
}

extension TableRanges {
    /// The bytes of a file on disk, which stays open for them.
    package init(_ path: DiskPath, on disk: any Disk) throws {
        try self.init(disk.openFile(path, .read))
    }

    /// The bytes of a file that stays open meanwhile.
    init(_ file: any DiskFile) throws {
        self.init(sizeBytes: try file.status().size) {
            try file.read(at: $0.lowerBound, count: $0.count)
        }
    }
}

extension DiskFile {
    /// Hands the bytes to `body`, in a buffer that is filled again and again.
    fileprivate func forEachPiece(_ body: (UnsafeRawBufferPointer) throws -> Void) throws {
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var offset = 0
        while true {
            // Unsafe: the buffer is filled and read within the call.
            let count = try unsafe buffer.withUnsafeMutableBytes { room in
                let count = try unsafe read(at: offset, into: room)
                if count > 0 {
                    unsafe try body(UnsafeRawBufferPointer(rebasing: room[..<count]))
                }
                return count
            }
            offset += count
            if count < buffer.count { return }
        }
    }
}
