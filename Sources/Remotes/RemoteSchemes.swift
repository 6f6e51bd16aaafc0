package import Platform
import Vocabulary

/// A kind of remote: its scheme and how one is opened.
package struct RemoteScheme: Sendable {
    /// What stands before `://`.
    package let name: String
    /// Whether what such a remote can do is found out when it is added.
    package var isProbed = false
    /// Whether its URLs may name a user. Where no program asks for one it is likely a token, which would
    /// be kept in settings and repeated in messages.
    package var takesUser = false
    /// Opens the remote of a URL with this scheme; local files, where it needs any, on the disk.
    package let open: @Sendable (RemoteURL, RemoteSettings, any Disk) throws -> any Remote
}

/// All kinds of remotes.
package let remoteSchemes: [RemoteScheme] = [
    RemoteScheme(name: "file") { url, _, disk in try FileRemote(directory: url.path, on: disk) },
    RemoteScheme(name: "ssh", takesUser: true) { url, _, _ in try openSSHRemote(url) },
    RemoteScheme(name: "s3", isProbed: true) { url, settings, _ in
        try S3Remote(S3Settings(url, settings))
    },
    RemoteScheme(name: "https") { url, _, disk in try openHTTPRemote(url, disk) },
    RemoteScheme(name: "http") { url, _, disk in try openHTTPRemote(url, disk) },
]

/// The remote at a URL; throws `.remoteUnreachable` when the place is not there.
package func openRemote(
    _ url: RemoteURL, settings: RemoteSettings = RemoteSettings(), on disk: any Disk = LocalDisk()
) throws -> any Remote {
    try remoteScheme(of: url).open(url, settings, disk)
}

/// The kind of remote that a URL means; throws `.badUsage` when there is no such kind.
package func remoteScheme(of url: RemoteURL) throws -> RemoteScheme {
    guard let scheme = remoteSchemes.first(where: { $0.name == url.scheme }) else {
        throw .unsupportedScheme(url.scheme) as StoreError
    }
    return scheme
}

private func openHTTPRemote(_ url: RemoteURL, _ disk: any Disk) throws -> any Remote {
    try HTTPRemote(
        url, transport: HTTPClient(.fromEnvironment(Environment.variable)),
        credentials: .fromEnvironment(on: disk))
}
