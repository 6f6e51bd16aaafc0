import CGit2
import Platform
import Vocabulary

/// libgit2, opened when the first question needs it and kept for the rest of the process.
///
/// Only read from: owner validation is switched off, because nothing that libgit2 does here
/// runs a program or a filter that a stranger's repository configures. (git itself refuses such
/// repositories, since it would run their hooks.)
enum GitLibrary {
    private static let opened = Result { () throws(StoreError) in try open() }

    /// The table of functions. Costs about 2 ms the first time; throws `.notFound` with advice
    /// when the library is missing or of another version than this program was built for.
    static func functions() throws -> GitFunctions { try opened.get() }

    private static func open() throws(StoreError) -> GitFunctions {
        // Memory safety: C strings that are constants of the shim, and a table it fills.
        let version = unsafe String(cString: mlstore_git2_soversion())
        guard
            let library = SharedLibrary(
                linux: ["libgit2.so.\(version)", "libgit2.so"],
                macOS: ["libgit2.\(version).dylib", "libgit2.dylib"])
        else { throw missing(version) }
        var table = mlstore_git2()
        if let missing = unsafe mlstore_git2_load(library.handle, &table) {
            throw unusable("it lacks '\(unsafe String(cString: missing))'", version)
        }
        try checkVersion(of: table, expected: version)
        _ = table.libgit2_init()
        _ = unsafe mlstore_git2_set_owner_validation(&table, 0)
        return GitFunctions(table: table)
    }

    /// The structures of libgit2 change between minor versions, so another one is refused.
    private static func checkVersion(
        of table: mlstore_git2, expected: String
    ) throws(StoreError) {
        var major: Int32 = 0
        var minor: Int32 = 0
        var revision: Int32 = 0
        // The return type of this function differs between versions; only the numbers count.
        _ = unsafe table.libgit2_version(&major, &minor, &revision)
        guard major == mlstore_git2_header_major(), minor == mlstore_git2_header_minor() else {
            throw unusable("it is version \(major).\(minor).\(revision)", expected)
        }
    }

    static func missing(_ version: String) -> StoreError {
        StoreError(
            .notFound, "cannot read git history: the library 'libgit2' \(version) is not installed",
            subject: "libgit2",
            advice: "install it ('apt-get install libgit2-dev' or 'brew install libgit2') and run "
                + "mlstore's install.sh again",
            safety: "nothing was changed")
    }

    private static func unusable(_ why: String, _ version: String) -> StoreError {
        StoreError(
            .notFound,
            "cannot read git history: the library 'libgit2' found here cannot be used, \(why), and "
                + "mlstore was built for \(version)",
            subject: "libgit2", advice: "run mlstore's install.sh again, which builds for this one",
            safety: "nothing was changed")
    }
}

/// The filled table. Function pointers never change after loading.
struct GitFunctions: @unchecked Sendable {
    // @unchecked: plain C function pointers, written once before this value exists.
    let table: mlstore_git2
}
