import Platform
import Testing
import Vocabulary

/// Files of the project that tests read: docs and fixtures.
enum ProjectFolder {
    /// The top of the project, found from where this file was compiled.
    static let root: DiskPath = DiskPath("\(#filePath)").parent.parent.parent

    static func read(_ path: String) throws -> [UInt8] {
        try LocalDisk().readFile(root / path, maximumBytes: 16 << 20)
    }

    static func text(_ path: String) throws -> String {
        try #require(String(validating: try read(path), as: UTF8.self))
    }

    static func names(in path: String) throws -> [String] {
        try LocalDisk().entries(of: root / path).map { String(decoding: $0.name, as: UTF8.self) }
            .sorted()
    }
}
