import Platform
import TestSupport
import Testing
import Vocabulary

/// The real program over a real sshd.
@Suite(.enabled(if: SSHServer.isInstalled)) struct SSHTransferTests {
    /// A workspace with a remote on the server.
    private struct Scene {
        let server: SSHServer
        let bench: Bench
        let folder: TemporaryFolder

        init(_ server: SSHServer) throws {
            self.server = server
            folder = try TemporaryFolder()
            bench = try Bench(in: folder.path)
            try run("mlstore remote add -q origin '\(server.url(server.place / "remote"))'")
        }

        /// A line of the shell whose mlstore finds the server.
        @discardableResult
        func run(_ line: String) throws -> String {
            try bench.succeed("export MLSTORE_SSH='\(server.client)'; \(line)")
        }

        func fail(_ line: String) throws -> BuiltProgram.Result {
            try bench.run("export MLSTORE_SSH='\(server.client)'; \(line)")
        }

        /// Another workspace gets everything, and both are sound.
        func checkClone() throws {
            try run(
                """
                rm -rf ../clone && mkdir ../clone && cd ../clone && mlstore init -q
                cp ../work/*.mlstore ../work/mlstore.yaml ../work/mlstore.lock ../work/params.yaml .
                mlstore remote add -q origin '\(server.url(server.place / "remote"))'
                mlstore pull -q && mlstore fsck -q && cmp t.csv ../work/t.csv && diff -r d ../work/d
                """)
            try bench.checkSound("after a clone")
        }
    }

    private func server(_ settings: [String] = []) throws -> SSHServer {
        try SSHServer(path: [try BuiltProgram.path().parent], settings: settings)
    }

    @Test(arguments: [[], ["ForceCommand internal-sftp"]])
    func `push, clone, and pull of what another pushed`(settings: [String]) throws {
        let scene = try Scene(try server(settings))
        try scene.run("mlstore push -q")
        try scene.checkClone()
        #expect(try scene.run("mlstore push").contains("is up to date"))
        try scene.bench.change(3)
        try scene.run("mlstore add -q d t.csv && mlstore commit -q -m three && mlstore push -q")
        try scene.run("cp *.mlstore ../clone && cd ../clone && mlstore pull -q")
        try scene.run("cmp t.csv ../clone/t.csv && diff -r d ../clone/d")
        try scene.run(
            "mlstore get '\(scene.server.url(scene.server.place / "remote"))' t.csv -o ../got.csv")
        try scene.run("cmp t.csv ../got.csv")
    }

    @Test func `a push whose server is killed goes on where it was`() throws {
        let scene = try Scene(try server())
        let big = "head -c 80000000 /dev/urandom > big && mlstore add -q big"
        try scene.run("\(big) && mlstore commit -q -m big")
        // When the second pack is on its way.
        let ended = try scene.fail(
            """
            mlstore push & child=$!
            while [ "$(ls \(scene.server.place)/remote/packs/*/*.pack 2>/dev/null | wc -l)" = 0 ]
            do sleep 0.01; done
            pkill -9 -f '[s]erve-stdio -- \(scene.server.place)/remote'; wait $child
            """)
        #expect(ended.status == 12, "\(ended.status): \(ended.errors)")
        #expect(ended.errors.contains("cannot reach remote 'ssh://127.0.0.1:"))
        let text = try scene.run("mlstore push")
        #expect(text.contains("pushed"))
        // What was there was not sent again: each pack is on the remote once.
        let listing = try scene.run("cat \(scene.server.place)/remote/packs/*/*.pack | wc -c")
        let size = try #require(Int(listing.filter(\.isNumber)))
        #expect(size < 90_000_000)
        try scene.checkClone()
    }
}
