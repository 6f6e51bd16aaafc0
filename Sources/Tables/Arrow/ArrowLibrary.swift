import CArrow
import Vocabulary

/// The plug-in that reads Parquet and Arrow files, opened when the first of them is read.
enum ArrowLibrary {
    private static let opened = Result { () throws(StoreError) in try open() }

    /// What errors about a missing plug-in are about.
    static let subject = "libmlstore-arrow"
    private static let pathBytes = 4096

    /// The functions. Costs some 12 ms the first time; throws `.notFound` with advice where the plug-in
    /// is missing or of another version of mlstore.
    static func functions() throws(StoreError) -> mlstore_arrow { try opened.get() }

    private static func open() throws(StoreError) -> mlstore_arrow {
        var path = [CChar](repeating: 0, count: pathBytes)
        // Unsafe: C writes the path and the table, within their sizes.
        let place = unsafe mlstore_arrow_path(&path, path.count)
        guard place != MLSTORE_ARROW_NOT_IN_FOLDER else {
            throw missing("which names a folder now that does not hold it")
        }
        guard place == MLSTORE_ARROW_FOUND else { throw missing("its place is not known") }
        var table = mlstore_arrow()
        guard unsafe mlstore_arrow_load(path, &table) != 0 else {
            throw unsafe missing(String(cString: mlstore_arrow_load_error()))
        }
        guard table.abi() == MLSTORE_ARROW_ABI else {
            throw missing("it belongs to another version of mlstore")
        }
        return table
    }

    private static func missing(_ why: String) -> StoreError {
        StoreError(
            .notFound,
            "cannot read Parquet and Arrow files: the plug-in '\(subject)' cannot be opened",
            subject: subject,
            advice: "run mlstore's install.sh again, which builds it, or let MLSTORE_ARROW name it "
                + "(\(why)); to store and version such files it is not needed",
            safety: "nothing was changed")
    }
}

extension StoreError {
    /// Whether a file could not be read because the plug-in for its format is not installed.
    package var isMissingPlugin: Bool { kind == .notFound && subject == ArrowLibrary.subject }
}
