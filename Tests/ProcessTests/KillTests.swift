import Platform
import TestSupport
import Testing
import Vocabulary

/// Kills the real program at moments that nobody chose.
///
/// After every kill the store is sound, the command can be given again and completes, and at the
/// end every version that was committed comes back byte for byte.
@Suite struct KillTests {
    /// How often; `MLSTORE_KILL_ROUNDS` asks for more.
    private static let rounds =
        Environment.variable("MLSTORE_KILL_ROUNDS").flatMap { Int($0) } ?? 40

    @Test(.tags(.crash)) func `kill -9 at any moment loses nothing and blocks nothing`() throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path, hasRemote: true)
        var killed = 0
        var kept: [String] = []
        for round in 1...Self.rounds {
            let deed = Deed.allCases[round % Deed.allCases.count]
            var random = SmallRandom(seed: UInt64(round))
            let delay = random.integer(in: 1..<45)
            let comment: Comment = "round \(round): \(deed) killed after \(delay) ms"
            try deed.prepare(bench, version: round)
            let ended = try kill("KILL", after: delay, deed.line, in: bench)
            #expect([0, 137].contains(ended.status), "\(comment): \(ended.errors)")
            if ended.status == 137 { killed += 1 }
            try bench.checkSound(comment)
            try deed.complete(bench, comment)
            if round % 6 == 0 { kept.append(try keep(bench, in: folder.path)) }
        }
        for id in kept {
            try bench.succeed("mlstore checkout -q --force -r \(id)")
            try bench.succeed("diff -r d ../\(id)/d && cmp t.csv ../\(id)/t.csv", "snapshot \(id)")
        }
        try checkClone(bench)
        print("kills tried: \(Self.rounds), of which \(killed) met a running command")
    }

    /// Commits, and copies what was committed; the snapshot's id.
    private func keep(_ bench: Bench, in folder: DiskPath) throws -> String {
        try bench.succeed("mlstore add -q d t.csv")
        let text = try bench.succeed("mlstore commit -q -m kept; mlstore log -n 1")
        let id = String(text.prefix { !$0.isWhitespace })
        try bench.succeed("mkdir ../\(id) && cp -a d t.csv ../\(id)")
        return id
    }

    /// What the remote has is whole: another workspace gets it.
    private func checkClone(_ bench: Bench) throws {
        try bench.succeed("mlstore push -q")
        try bench.succeed(
            """
            mkdir ../clone && cd ../clone && mlstore init -q
            cp ../work/*.mlstore . && mlstore remote add -q origin "file://$PWD/../remote"
            mlstore pull -q && mlstore fsck -q && mlstore status -q
            """)
    }

    @Test(.tags(.crash)) func `Ctrl-C ends a command in order, and it can be given again`() throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path, files: 60, hasRemote: true)
        var interrupted = 0
        let rounds = 15
        for round in 1...rounds {
            let deed = Deed.allCases[round % Deed.allCases.count]
            var random = SmallRandom(seed: UInt64(round + 500))
            let delay = random.integer(in: 1..<45)
            let comment: Comment = "round \(round): \(deed) interrupted after \(delay) ms"
            try deed.prepare(bench, version: round)
            let ended = try kill("INT", after: delay, deed.line, in: bench)
            #expect([0, 130].contains(ended.status), "\(comment): \(ended.errors)")
            if ended.status == 130 {
                interrupted += 1
                // Before the program watches signals, the system ends it without a word.
                let isSaid = ended.errors.contains("stopped by a signal") || ended.errors == ""
                #expect(isSaid, "\(comment): \(ended.errors)")
            }
            try bench.checkSound(comment)
            try deed.complete(bench, comment)
        }
        print("interrupts tried: \(rounds), of which \(interrupted) met a running command")
    }

    @Test(.tags(.crash)) func `kill -9 of an eviction leaves everything here or there`() throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path, hasRemote: true)
        try bench.succeed("cp -a d t.csv ..")
        var killed = 0
        for round in 1...10 {
            let delay = 4 * round
            let ended = try kill("KILL", after: delay, "mlstore evict -q d t.csv", in: bench)
            let comment: Comment = "round \(round): killed after \(delay) ms"
            #expect([0, 137].contains(ended.status), "\(comment): \(ended.errors)")
            if ended.status == 137 { killed += 1 }
            try bench.succeed("mlstore fsck -q", comment)
            try bench.succeed("rm -r d t.csv; mlstore pull -q && mlstore fsck -q", comment)
            try bench.succeed("diff -r d ../d && cmp t.csv ../t.csv", comment)
        }
        try bench.succeed("mlstore evict -q d t.csv && mlstore fsck --remote origin -q")
        #expect(try bench.run("mlstore cat t.csv").errors.contains("mlstore pull"))
        try bench.succeed("mlstore pull -q && mlstore cat t.csv | cmp - ../t.csv")
        print("kills of an eviction tried: 10, of which \(killed) met a running command")
    }

    @Test func `a stage that is interrupted leaves its former outputs`() throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path)
        let before = try bench.succeed("cat out/a mlstore.lock")
        let yaml = try bench.succeed("cat mlstore.yaml")
        let slow = yaml.replacing("mkdir -p out", with: "echo $$ > ../pid; sleep 60")
        try bench.write(slow, to: "mlstore.yaml")
        let ended = try bench.run(
            """
            mlstore repro -q & child=$!
            while [ ! -s ../pid ]; do sleep 0.01; done
            kill -TERM $child; wait $child
            """)
        #expect(ended.status == 130 || ended.status == 143, "\(ended.errors)")
        #expect(try bench.succeed("cat out/a mlstore.lock") == before)
        #expect(try bench.run("kill -0 $(cat ../pid)").status != 0, "the command goes on")
        try bench.checkSound("after an interrupted stage")
    }

    /// Gives the command and the signal after so many milliseconds.
    private func kill(
        _ signal: String, after milliseconds: Int, _ line: String, in bench: Bench
    ) throws -> BuiltProgram.Result {
        let results = try parallelMap(count: 2, threads: 2) { index -> BuiltProgram.Result? in
            // A shell lets its background jobs ignore Ctrl-C, so the command is not one of its.
            if index == 0 { return try bench.run("echo $$ > ../pid; exec \(line)") }
            _ = try bench.run(
                """
                while [ ! -s ../pid ]; do sleep 0.001; done
                sleep 0.\(String(1000 + milliseconds).dropFirst()); kill -\(signal) $(cat ../pid)
                """)
            return nil
        }
        try bench.succeed("rm -f ../pid")
        return try #require(results[0])
    }
}

extension Tag {
    @Tag static var crash: Self
}
