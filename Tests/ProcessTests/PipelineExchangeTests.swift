import Platform
import TestSupport
import Testing
import Vocabulary

/// `repro` with a remote: what one workspace made is checked, and taken up, in another.
@Suite struct PipelineExchangeTests {
    @Test func `a clone without data is checked by names, and pulls results instead of running`()
        throws
    {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path, hasRemote: true)
        #expect(
            try bench.succeed("mlstore repro --check --remote origin")
                == "current: 2 stages, every result is on 'origin'\n")
        try bench.succeed(
            """
            mkdir ../clone && cp -r mlstore.yaml mlstore.lock params.yaml t.csv.mlstore ../clone
            cd ../clone && mlstore init -q && cp ../work/.mlstore/config.toml .mlstore/
            mlstore repro --check --remote origin && ls | grep -c work; true
            """)
        let check = try bench.run("cd ../clone && mlstore repro --check")
        #expect(check.status == 0 && check.output == "current: 2 stages\n")
        let without = try bench.run("cd ../clone && mlstore repro")
        #expect(without.status == 1)
        let pulled = try bench.succeed("cd ../clone && mlstore repro --pull")
        #expect(pulled.contains("2 restored"), "\(pulled)")
        try bench.succeed("cmp work/train.csv ../clone/work/train.csv && cmp out/a ../clone/out/a")
        // A stage that has to run takes its input from the remote.
        try bench.succeed("cd ../clone && echo 'seed: 5' > params.yaml && rm -rf t.csv work out")
        let ran = try bench.succeed("cd ../clone && mlstore repro --pull")
        #expect(ran.contains("2 stages ran"), "\(ran)")
        let missing = try bench.run("cd ../clone && mlstore repro --check --remote origin")
        #expect(missing.status == 3)
        #expect(missing.output.contains("not on 'origin'"))
        try bench.checkSound("after a pull")
    }

    @Test func `a check says what is stale, and touches nothing`() throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path)
        try bench.write("seed: 4\n", to: "params.yaml")
        let found = try bench.run("mlstore repro --check")
        #expect(found.status == 3)
        #expect(
            found.output
                == """
                split: stale
                  parameter 'seed' changed: 1 -> 4
                copy: stale
                  stage 'split' runs first
                2 of 2 stages stale

                """)
        let modes = try bench.run("mlstore repro --check --verify")
        #expect(modes.status == 2 && modes.errors.contains("'--verify' does not go with '--check'"))
        #expect(try bench.run("mlstore repro --remote origin").status == 2)
        #expect(try bench.run("mlstore repro --pull").status == 1)
        #expect(try bench.run("mlstore repro --repeat 1").status == 2)
        #expect(try bench.run("mlstore repro --jobs 0").status == 2)
    }

    @Test func `a command run once is known by its name, wherever it was started`() throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path)
        try bench.succeed("cd d && mlstore run -q -d f1 -o f1.sorted -- sort f1 -o f1.sorted")
        try bench.succeed("test -s d/f1.sorted && mlstore runs --stage sort | grep -q sort")
        #expect(try bench.succeed("mlstore lineage d/f1.sorted").contains("sort"))
        try bench.succeed("mlstore repro -q --verify sort")
        try bench.succeed("mlstore run -q --name both -o x -- 'echo a | cat > x'")
        #expect(try bench.succeed("cat x") == "a\n")
        let none = try bench.run("mlstore run")
        #expect(none.status == 2 && none.errors.contains("there is no command to run"))
        let failed = try bench.run("mlstore run --name no -o y -- 'echo 1 > y; exit 3'")
        #expect(failed.status == 1 && failed.errors.contains("exited with status 3"))
        #expect(try bench.run("test -e y").status == 1)
        let stable = try bench.succeed("mlstore repro --repeat 2 both")
        #expect(stable == "both: the same bytes 2 times\n")
    }

    @Test func `keep going ends with 1 and says what was not run`() throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path)
        try bench.write(
            """
            stages:
              bad: {cmd: 'exit 7', outs: [bad.txt]}
              after: {cmd: 'cp bad.txt after.txt', deps: [bad.txt], outs: [after.txt]}
              good: {cmd: 'echo 1 > good.txt', outs: [good.txt]}

            """, to: "mlstore.yaml")
        let found = try bench.run("mlstore repro -k -j 2")
        #expect(found.status == 1)
        #expect(found.output.contains("bad: failed: stage 'bad' failed: its command exited with"))
        #expect(found.output.contains("after: not run, since stage 'bad' failed"))
        #expect(found.output.contains("1 stage ran, 1 failed, 1 not run\n"), "\(found.output)")
    }
}
