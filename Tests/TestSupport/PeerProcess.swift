import Platform
package import Vocabulary

/// A program of somebody else's that a test starts, talks to on loopback, and stops.
///
/// It runs in a session of its own with its output in `log`. When the process of the tests ends
/// before it, a shell that watches stops it, and removes its folder.
package final class PeerProcess: Sendable {
    /// Where it works and writes.
    package let folder: DiskPath

    /// Starts a line of the shell in `folder`, and waits until `isReady`, asked every 50 ms; throws
    /// with the end of its output when it ends before that, or after so many seconds.
    package init(
        _ line: String, in folder: DiskPath, seconds: Int = 60, isReady: () throws -> Bool
    ) throws {
        self.folder = folder
        let script = """
            (\(line)) >log 2>&1 &
            child=$!
            echo $child >child
            echo $$ >pid
            while kill -0 $1 2>/dev/null; do kill -0 $child 2>/dev/null || exit 1; sleep 0.5; done
            trap : TERM
            kill -TERM -$$
            sleep 2
            rm -rf '\(folder)'
            kill -KILL -$$
            """
        try writeAtomically(
            Array(script.utf8), to: folder / "peer.sh", on: LocalDisk(), durable: false)
        // Only when it has a session of its own may this shell end.
        let command = """
            setsid sh peer.sh $PPID >/dev/null 2>&1 &
            while [ ! -s pid ]; do sleep 0.01; done
            """
        let environment = Environment.variables.merging(PeerProcess.quiet) { _, quiet in quiet }
        let outcome = try ChildProcess(
            arguments: ["/bin/sh", "-c", command], directory: folder, environment: environment
        ).run()
        guard outcome.succeeded else { throw BrokenRule(description: "no shell for a peer") }
        for _ in 0..<20 * seconds {
            if (try? isReady()) == true { return }
            if (try? isGone()) == true { break }
            pause(milliseconds: 50)
        }
        let log = (try? LocalDisk().readFile(folder / "log", maximumBytes: 1 << 24)) ?? []
        stop()
        throw BrokenRule(
            description:
                "'\(line)' did not start: \(String(decoding: log.suffix(2000), as: UTF8.self))")
    }

    deinit { stop() }

    /// No proxy of the machine stands between the tests and a peer.
    private static let quiet = [
        "no_proxy": "127.0.0.1,localhost", "NO_PROXY": "127.0.0.1,localhost",
    ]

    private func isGone() throws -> Bool {
        guard try LocalDisk().status(of: folder / "child", followingLinks: true)?.size ?? 0 > 0
        else { return false }
        return !BuiltProgram.can("kill -0 $(cat '\(folder)/child')")
    }

    /// Sends it a signal by name; `KILL` for a sudden death.
    package func signal(_ name: String) {
        _ = BuiltProgram.can("kill -\(name) -$(cat '\(folder)/pid')")
    }

    /// Stops it and waits for its end; again is fine.
    package func stop() {
        // A dead process whose parent has not looked yet is no longer running.
        _ = BuiltProgram.can(
            """
            p=$(cat '\(folder)/pid') && c=$(cat '\(folder)/child') || exit 0
            kill -TERM -$p; n=0
            while ps -o stat= -p $c | grep -qv Z && [ $n -lt 200 ]; do sleep 0.02; n=$((n+1)); done
            kill -KILL -$p; true
            """)
    }

    /// A port of loopback that is free now.
    package static func freePort() throws -> Int { try freePorts(1)[0] }

    /// Ports of loopback that are free now, as those 10,000 above them are. All lie below those that
    /// systems give to who connects without asking for one, from 32768 on.
    package static func freePorts(_ count: Int) throws -> [Int] {
        let line = """
            python3 -c '
            import random, socket
            found, held = [], []
            while len(found) < \(count):
                port = random.randrange(15000, 22700)
                try:
                    for number in (port, port + 10000):
                        held.append(socket.socket()); held[-1].bind(("127.0.0.1", number))
                    found.append(port)
                except OSError: pass
            print(*found)'
            """
        let result = try BuiltProgram.shell(line, in: DiskPath("/"))
        let ports = result.output.split { $0 == " " || $0 == "\n" }.compactMap { Int($0) }
        guard ports.count == count else {
            throw BrokenRule(description: "no free ports: \(result.errors)")
        }
        return ports
    }

    /// The folder of the pinned programs that `install.sh test` installs: `MLSTORE_PEERS`, or
    /// `.build/peers` of the repository.
    package static var programs: DiskPath {
        Environment.variable("MLSTORE_PEERS").map { DiskPath($0) }
            ?? BuiltProgram.root / ".build/peers/bin"
    }
}
