import Platform
import Remotes
import TestSupport
import Testing
import Vocabulary

@Suite struct RemoteURLTests {
    private func parse(_ text: String) throws -> String {
        try RemoteURL(parsing: text, relativeTo: DiskPath("/home/me/project")).description
    }

    @Test(arguments: [
        ("file:///mnt/share", "file:///mnt/share"),
        ("file://localhost/mnt/share", "file:///mnt/share"),
        ("FILE:///a/./b/../c/", "file:///a/c"),
        ("file:///with%20space/%C3%A9", "file:///with%20space/%C3%A9"),
        ("/mnt/with space", "file:///mnt/with%20space"),
        ("../remote", "file:///home/me/remote"),
        ("remote", "file:///home/me/project/remote"),
        ("a:b", "file:///home/me/project/a%3Ab"),
        ("/", "file:///"),
        ("ssh://host/srv/x", "ssh://host/srv/x"),
        ("SSH://me@Host.example:2222/srv/a%20b/./c/", "ssh://me@Host.example:2222/srv/a%20b/c"),
        ("ssh://[::1]:22/x", "ssh://[::1]:22/x"),
        ("ssh://host", "ssh://host/"),
        ("ssh://host/~/x", "ssh://host/~/x"),
        ("me@host:x/y", "ssh://me@host/~/x/y"),
        ("me@host:~/x", "ssh://me@host/~/x"),
        ("me@host:/srv/x", "ssh://me@host/srv/x"),
    ])
    func `a URL or a path names a directory`(text: String, expected: String) throws {
        #expect(try parse(text) == expected)
        #expect(try parse(expected) == expected)
    }

    @Test(arguments: ["ftp://host/x", "gs://b"])
    func `other schemes are named, with those there are`(text: String) throws {
        let error = #expect(throws: StoreError.self) { try parse(text) }
        #expect(error?.kind == .badUsage)
        #expect(
            error?.message.contains("not supported by this version, which knows: file,") == true)
    }

    @Test(arguments: [
        "", "file://", "file://share/x", "file:///%zz", "file:///a%00b", "file:///%4",
        "ssh:///x", "ssh://-oProxyCommand=x/y", "ssh://-l@host/x", "ssh://a b/x", "ssh://host:/x",
        "ssh://host:0/x", "ssh://host:65536/x", "ssh://host:+1/x", "ssh://[::1/x", "ssh://::1/x",
        "ssh://[x]/y", "ssh://host/x?y", "ssh://host/x#y", "ssh://host/%ff", "ssh://a@b@host/x",
        "@host:x", "-x@host:y", "me@-host:y", "me@:y",
    ])
    func `what names no place is malformed`(text: String) throws {
        let error = #expect(throws: StoreError.self) { try parse(text) }
        #expect(error?.kind == .malformed && error?.advice?.contains("file:///") == true)
    }

    @Test func `a password is never repeated`() throws {
        for text in [
            "ssh://me:hunter2@host/x", "file://me:hunter2@host/x", "http://hunter2@host/x",
            "https://hunter2@host/x", "s3://hunter2@bucket/x", "https://host/x?sig=hunter2",
            "https://host/x#hunter2",
        ] {
            let error = #expect(throws: StoreError.self) { try parse(text) }
            #expect(error?.message.contains("hunter2") == false)
            #expect(error?.subject?.contains("hunter2") != true)
        }
    }

    @Test func `a URL opens its remote`() throws {
        let disk = SimulatedDisk()
        let remote = try openRemote(RemoteURL(directory: DiskPath("/r")), on: disk)
        #expect(remote.description == "file:///r")
        #expect(remoteSchemes.map(\.name).prefix(2) == ["file", "ssh"])
    }
}
