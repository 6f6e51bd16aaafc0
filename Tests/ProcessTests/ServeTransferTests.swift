import Platform
import TestSupport
import Testing
import Vocabulary

/// The real program over HTTP: with its own server, and with a static one.
@Suite struct ServeTransferTests {
    private func checkClone(_ bench: Bench, _ url: String) throws {
        try bench.succeed(
            """
            rm -rf ../clone && mkdir ../clone && cd ../clone && mlstore init -q
            cp ../work/*.mlstore ../work/mlstore.yaml ../work/mlstore.lock ../work/params.yaml .
            mlstore remote add -q origin \(url)
            mlstore pull -q && mlstore fsck -q && cmp t.csv ../work/t.csv && diff -r d ../work/d
            """)
        try bench.checkSound("after a clone")
    }

    @Test func `push, clone, and pull of what another pushed`() throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path)
        let server = try ServeProcess(folder.path / "remote")
        try bench.succeed("mlstore remote add -q origin \(server.url) && mlstore push -q")
        try checkClone(bench, server.url)
        #expect(try bench.succeed("mlstore push").contains("is up to date"))
        try bench.change(3)
        try bench.succeed("mlstore add -q d t.csv && mlstore commit -q -m three && mlstore push -q")
        try bench.succeed("cp *.mlstore ../clone && cd ../clone && mlstore pull -q")
        try bench.succeed("cmp t.csv ../clone/t.csv && diff -r d ../clone/d")
        try bench.succeed("mlstore get \(server.url) t.csv -o ../got.csv && cmp t.csv ../got.csv")
    }

    @Test func `a push whose server is killed goes on where it was`() throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path)
        let place = folder.path / "remote"
        let server = try ServeProcess(place)
        try bench.succeed("head -c 80000000 /dev/urandom > big && mlstore add -q big")
        try bench.succeed("mlstore commit -q -m big && mlstore remote add -q origin \(server.url)")
        // When the first pack is there and the second is on its way.
        let ended = try bench.run(
            """
            mlstore push & child=$!
            while [ "$(ls \(place)/packs/*/*.pack 2>/dev/null | wc -l)" = 0 ]; do sleep 0.01; done
            pkill -9 -f '[m]lstore-serve .*\(place)"'; wait $child
            """)
        #expect(ended.status == 12, "\(ended.status): \(ended.errors)")
        #expect(ended.errors.contains("remote '\(server.url)"), "\(ended.errors)")
        let port = try #require(server.url.split(separator: ":").last.flatMap { Int($0) })
        let again = try ServeProcess(place, port: port)
        #expect(try bench.succeed("mlstore push").contains("pushed"))
        let listing = try bench.succeed("cat \(place)/packs/*/*.pack | wc -c")
        let size = try #require(Int(listing.filter(\.isNumber)))
        #expect(size < 90_000_000, "what was there is not sent again")
        try checkClone(bench, again.url)
    }

    @Test(.enabled(if: NginxProcess.isInstalled))
    func `a static server is cloned from, and a push to it is refused`() throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path, hasRemote: true)
        try bench.succeed("chmod 755 .. ../remote")
        let server = try NginxProcess(folder.path)
        let url = server.url + "/remote"
        try checkClone(bench, url)
        try bench.succeed("mlstore get \(url) t.csv -o ../got.csv && cmp t.csv ../got.csv")
        try bench.change(2)
        try bench.succeed("mlstore add -q d t.csv && mlstore commit -q -m two")
        let ended = try bench.run("mlstore remote add -q web \(url) && mlstore push -r web")
        #expect(ended.status == 1)
        #expect(ended.errors.contains("this server can only be read"), "\(ended.errors)")
    }

    // nginx answers requests about any host from its files, as a proxy with a full cache would.
    @Test(.enabled(if: NginxProcess.isInstalled))
    func `a proxy that the environment names is gone through, and one that is down is told`() throws
    {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path, hasRemote: true)
        try bench.succeed("chmod 755 .. ../remote")
        let proxy = try NginxProcess(folder.path)
        let get = "mlstore get http://data.invalid/remote t.csv -o ../got.csv"
        try bench.succeed("http_proxy=\(proxy.url) \(get) && cmp t.csv ../got.csv")
        try bench.succeed("rm ../got.csv")
        let port = try PeerProcess.freePort()
        for settings in [
            "http_proxy=http://127.0.0.1:\(port)",
            "http_proxy=\(proxy.url) no_proxy=data.invalid",
        ] {
            let ended = try bench.run("\(settings) \(get)")
            #expect(ended.status == 12, "\(settings): \(ended.status) \(ended.errors)")
        }
    }

    @Test(.enabled(if: ApacheProcess.isInstalled))
    func `a real proxy passes requests on, and makes a tunnel to a server with TLS`() throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path, hasRemote: true)
        try bench.succeed(
            """
            cd .. && openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 \
            -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 2>/dev/null
            """)
        let plain = try ServeProcess(folder.path / "remote")
        let secure = try ServeProcess(
            folder.path / "remote", "--certificate", "\(folder.path)/cert.pem", "--key",
            "\(folder.path)/key.pem")
        let port = secure.url.split(separator: ":").last ?? ""
        let proxy = try ApacheProcess(
            folder.path, modules: ["proxy", "proxy_http", "proxy_connect"],
            settings: """
                ProxyRequests On
                AllowCONNECT \(port)
                <Proxy "*">
                  Require all granted
                </Proxy>
                CustomLog "\(folder.path)/proxy.log" "%r"
                """)
        let names = "no_proxy= NO_PROXY= http_proxy=\(proxy.url) https_proxy=\(proxy.url)"
        for url in [plain.url, secure.url] {
            try bench.succeed(
                """
                \(names) SSL_CERT_FILE=$PWD/../cert.pem mlstore get \(url) t.csv -o ../got.csv
                cmp t.csv ../got.csv && rm ../got.csv
                """)
        }
        // Apache writes of a tunnel when it is closed.
        try bench.succeed(
            """
            grep -q 'GET \(plain.url)/' ../proxy.log
            for i in $(seq 100); do grep -q 'CONNECT 127.0.0.1:\(port) ' ../proxy.log && exit 0; sleep 0.1; done
            cat ../proxy.log; exit 1
            """)
        // The tunnel hides nothing from who has no such authority.
        let ended = try bench.run("\(names) mlstore get \(secure.url) t.csv -o ../got.csv")
        #expect(ended.status == 12, "\(ended.errors)")
    }
}
