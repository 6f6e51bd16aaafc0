import Platform
package import Vocabulary

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The plug-in for Parquet and Arrow files, as 'install.sh test' builds it.
package enum ArrowPlugin {
    private static let folder = BuiltProgram.root / ".build/arrow"

    /// Where it is.
    package static var path: DiskPath {
        #if os(macOS)
            folder / "lib/libmlstore-arrow.dylib"
        #else
            folder / "lib/libmlstore-arrow.so"
        #endif
    }

    /// Whether it is there; from then on this process finds it.
    package static let isBuilt: Bool = {
        guard (try? LocalDisk().status(of: path, followingLinks: true))??.kind == .file else {
            return false
        }
        return setenv("MLSTORE_ARROW", path.description, 1) == 0
    }()

    /// A Python that has Arrow's own library.
    package static var python: DiskPath { folder / "venv/bin/python" }

    /// Tables that Python wrote, and what they hold in 'expected.json': see fixtures/arrow/make.py.
    package static func writeTables() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try folder.run(
            python.description, (BuiltProgram.root / "fixtures/arrow/make.py").description,
            folder.path.description)
        return folder
    }
}

extension TemporaryFolder {
    /// The bytes of a file.
    package func bytes(of name: String) throws -> [UInt8] {
        try LocalDisk().readFile(path / name, maximumBytes: 1 << 30)
    }
}
