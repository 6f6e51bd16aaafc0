import Platform
import TestSupport
import Testing
import Vocabulary

/// The real program in a workspace that has a part of a tracked folder.
@Suite struct PartialCloneTests {
    /// A clone beside a workspace that has pushed `d`, with its pointers and nothing else.
    private func clone(_ bench: Bench) throws -> Bench {
        try bench.succeed(
            """
            mkdir ../clone && cd ../clone && mlstore init -q && cp ../work/d.mlstore .
            mlstore remote add -q origin "file://$PWD/../remote"
            """)
        return Bench(at: bench.root.parent / "clone")
    }

    @Test func `status, diff, checkout and add tell that a folder is partly here`() throws {
        let folder = try TemporaryFolder()
        let clone = try clone(try Bench(in: folder.path, hasRemote: true))
        try clone.succeed("mlstore pull -q d/f3 && cmp d/f3 ../work/d/f3")
        let status = try clone.run("mlstore status")
        #expect(status.status == 0)
        #expect(status.output.contains("partly    d  1 of 12 files are here"), "\(status.output)")
        #expect(try clone.succeed("mlstore diff").contains("no differences"))
        let checkout = try clone.succeed("rm -r d && mlstore checkout && cmp d/f3 ../work/d/f3")
        #expect(checkout.contains("only 1 of 12 files of 'd' are here: 'mlstore pull d'"))
        for line in ["mlstore checkout d", "mlstore checkout d/f4", "mlstore add d"] {
            let refused = try clone.run(line)
            #expect(refused.status == 1, "\(line)")
            #expect(refused.errors.contains("only 1 of 12 files of 'd' are in this store"))
            #expect(refused.errors.contains("hint: run 'mlstore pull d"), "\(refused.errors)")
        }
        #expect(try clone.run("mlstore status --json").output.contains("\"of\": 12"))
        try clone.checkSound("partly here")
        try clone.succeed("mlstore pull -q d && diff -r d ../work/d && mlstore status -q")
    }

    @Test func `a stage does not take a part of a folder for the whole`() throws {
        let folder = try TemporaryFolder()
        let clone = try clone(try Bench(in: folder.path, hasRemote: true))
        try clone.write(
            """
            stages:
              all: {cmd: ls d | wc -l > n, deps: [d], outs: [n]}
              one: {cmd: cp d/f3 m, deps: [d/f3], outs: [m]}

            """, to: "mlstore.yaml")
        try clone.succeed("mlstore pull -q d/f3 && mlstore repro -q one && cmp m d/f3")
        let refused = try clone.run("mlstore repro all")
        #expect(refused.status == 1 && refused.errors.contains("cannot run stage 'all'"))
        #expect(refused.errors.contains("only 1 of 12 files of 'd'"), "\(refused.errors)")
        try clone.succeed("mlstore pull -q d && mlstore repro -q && grep -q 12 n")
        // Once it has run, a part is as good as nothing to see that it is current.
        try clone.succeed("mlstore status -q")
    }

    @Test(.tags(.crash))
    func `kill -9 of a pull of some files leaves a sound store, and it resumes`()
        throws
    {
        let folder = try TemporaryFolder()
        let clone = try clone(try Bench(in: folder.path, files: 40, hasRemote: true))
        var killed = 0
        for round in 1...8 {
            let comment: Comment = "round \(round)"
            let line = "mlstore pull -q d/f\(round) d/f\(round + 20)"
            let ended = try clone.run(
                """
                sh -c 'echo $$ > ../pid; exec \(line)' & sleep 0.0\(10 + round * 6)
                kill -KILL $(cat ../pid); wait $!
                """)
            if ended.status == 137 { killed += 1 }
            try clone.checkSound(comment)
            try clone.succeed(line, comment)
            try clone.succeed(
                "cmp d/f\(round) ../work/d/f\(round) && mlstore gc -q && mlstore fsck -q", comment)
            let status = try clone.succeed("mlstore status")
            #expect(status.contains("\(2 * round) of 40 files are here"), "\(status)")
            try clone.checkTidy(comment)
        }
        try clone.succeed("mlstore pull -q d && diff -r d ../work/d")
        print("kills of a pull of a part tried: 8, of which \(killed) met a running command")
    }
}
