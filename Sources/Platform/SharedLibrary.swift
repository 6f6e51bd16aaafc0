private import CPlatform

/// A library of the system that is opened when a command needs it, and then stays open: linked
/// ones would cost time at every start.
@safe package struct SharedLibrary: Sendable {
    /// What `dlsym` takes. Valid as long as the process lives.
    package nonisolated(unsafe) let handle: UnsafeMutableRawPointer
    // nonisolated(unsafe): only handed to dlsym, which any thread may call.

    /// The first library that can be opened: by the names of this system, where the system looks
    /// for libraries and where people install their own. Nil when there is none.
    package init?(linux: [String], macOS: [String]) {
        #if os(macOS)
            let names = macOS
            let folders = ["", "/opt/homebrew/lib/", "/usr/local/lib/", "/usr/lib/"]
        #else
            let names = linux
            let folders = ["", "/usr/local/lib/"]
        #endif
        for candidate in names.flatMap({ name in folders.map { $0 + name } }) {
            // The text lives until the call returns.
            guard let opened = unsafe mlp_open_library(candidate) else { continue }
            unsafe handle = opened
            return
        }
        return nil
    }
}
