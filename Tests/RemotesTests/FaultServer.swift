import Platform
import Remotes
import TestSupport
import Vocabulary

/// A web server on loopback that does what honest ones never do.
final class FaultServer: Sendable {
    let url: HTTPURL
    private let process: PeerProcess

    /// With `certificate`, the path of a file with a certificate and its key, it speaks https.
    init(in folder: DiskPath, certificate: String = "") throws {
        try writeAtomically(
            Array(FaultServer.program.utf8), to: folder / "server.py", on: LocalDisk(),
            durable: false)
        process = try PeerProcess("python3 server.py \(certificate)", in: folder) {
            try LocalDisk().status(of: folder / "port", followingLinks: true) != nil
        }
        let port = try LocalDisk().readFile(folder / "port", maximumBytes: 9)
        guard let number = Int(String(decoding: port, as: UTF8.self)) else {
            throw BrokenRule(description: "no port")
        }
        url = HTTPURL(isSecure: !certificate.isEmpty, host: "127.0.0.1", port: number)
    }

    func at(_ path: String) throws -> HTTPURL {
        guard let url = url.resolving(path) else { throw BrokenRule(description: path) }
        return url
    }

    private static let program = """
        import http.server, json, os, ssl, sys, time, urllib.parse

        class Answer(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            count = 0
            drops = 1

            def log_message(self, *rest): pass

            def reply(self, status, body, headers={}):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                for name, value in headers.items(): self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD": self.wfile.write(body)

            def answer(self):
                self.count += 1
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                url = urllib.parse.urlparse(self.path)
                query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
                name = url.path.split("/")[1]
                if name == "echo": self.reply(200, body, {"X-Method": self.command, "X-Path": self.path})
                elif name == "headers": self.reply(200, json.dumps(dict(self.headers)).encode())
                elif name == "bytes": self.reply(200, b"x" * int(query["n"]))
                elif name == "status": self.reply(int(query["n"]), b"because")
                elif name == "redirect": self.reply(int(query.get("n", "302")), b"", {"Location": query.get("to", "/redirect")})
                elif name == "count": self.reply(200, str(self.count).encode())
                elif name == "slow": time.sleep(5); self.reply(200, b"late")
                elif name == "truncated":
                    self.send_response(200); self.send_header("Content-Length", "1000"); self.end_headers()
                    self.wfile.write(b"short"); self.close_connection = True
                elif name == "endless":
                    self.send_response(200); self.send_header("Transfer-Encoding", "chunked"); self.end_headers()
                    while True: self.wfile.write(b"1000\\r\\n" + b"y" * 4096 + b"\\r\\n")
                elif name == "headings":
                    self.send_response(200)
                    for index in range(5000): self.send_header("X-%d" % index, "z" * 100)
                    self.end_headers()
                elif name == "garbage": self.wfile.write(b"SSH-2.0-OpenSSH\\r\\n\\r\\n"); self.close_connection = True
                elif name == "drop":
                    # The second request of a connection is read, and then the line is dead, once.
                    if self.count > 1 and Answer.drops > 0: Answer.drops -= 1; self.close_connection = True
                    else: self.reply(200, str(self.count).encode())
                else: self.reply(404, b"")

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = answer

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        server.daemon_threads = True
        if len(sys.argv) > 1:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[1])
            server.socket = context.wrap_socket(server.socket, server_side=True)
        with open("port.new", "w") as file: file.write(str(server.server_address[1]))
        os.rename("port.new", "port")
        server.serve_forever()

        """
}
