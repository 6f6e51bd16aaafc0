package import Platform
import Vocabulary

/// A kind of remote: its scheme and how one is opened.
package struct RemoteScheme: Sendable {
    /// What stands before `://`.
    package let name: String
    /// Opens the remote of a URL with this scheme; local files, where it needs any, on the disk.
    package let open: @Sendable (RemoteURL, any Disk) throws -> any Remote
}

/// All kinds of remotes.
package let remoteSchemes: [RemoteScheme] = [
    RemoteScheme(name: "file") { url, disk in try FileRemote(directory: url.path, on: disk) },
    RemoteScheme(name: "ssh") { url, _ in try openSSHRemote(url) },
    RemoteScheme(name: "https") { url, disk in try openHTTPRemote(url, disk) },
    RemoteScheme(name: "http") { url, disk in try openHTTPRemote(url, disk) },
]

/// The remote at a URL; throws `.remoteUnreachable` when the place is not there.
package func openRemote(_ url: RemoteURL, on disk: any Disk = LocalDisk()) throws -> any Remote {
    guard let scheme = remoteSchemes.first(where: { $0.name == url.scheme }) else {
        throw .unsupportedScheme(url.scheme) as StoreError
    }
    return try scheme.open(url, disk)
}

private func openHTTPRemote(_ url: RemoteURL, _ disk: any Disk) throws -> any Remote {
    try HTTPRemote(
        url, transport: HTTPClient(.fromEnvironment(Environment.variable)),
        credentials: .fromEnvironment(on: disk))
}
