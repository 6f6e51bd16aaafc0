import CCurl
import Platform

/// libcurl, opened when the first request needs it and kept for the rest of the process.
///
/// Memory safety, for all unsafe uses in this folder: handles and lists are made and freed by the
/// one thread of a `CurlDriver`; a `CurlExchange` is retained by the driver's table for as long as
/// its handle is in the multi handle, so the context of every callback is alive.
enum CurlLibrary {
    private static let opened = Result { () throws(HTTPFailure) in try open() }

    /// The table of functions; costs some milliseconds the first time.
    static func functions() throws(HTTPFailure) -> CurlFunctions { try opened.get() }

    private static func open() throws(HTTPFailure) -> CurlFunctions {
        guard
            let library = SharedLibrary(
                linux: ["libcurl.so.4", "libcurl-gnutls.so.4", "libcurl.so"],
                macOS: ["libcurl.4.dylib"])
        else { throw HTTPFailure(.noLibrary, "the library 'libcurl' is not installed") }
        var table = mlstore_curl()
        if let missing = unsafe mlstore_curl_load(library.handle, &table) {
            let name = unsafe String(cString: missing)
            throw HTTPFailure(
                .noLibrary, "the library 'libcurl' found here is older than 7.68: no '\(name)'")
        }
        // Told to leave signals alone, libcurl writes to sockets under TLS as to files.
        SignalWatch.ignoreBrokenPipes()
        guard unsafe mlstore_curl_start(&table) == 0 else {
            throw HTTPFailure(.noLibrary, "the library 'libcurl' does not start")
        }
        return CurlFunctions(table: table)
    }
}

/// The filled table.
struct CurlFunctions: @unchecked Sendable {
    // @unchecked: plain C function pointers, written once before this value exists.
    let table: mlstore_curl
}
