import Platform
import TestSupport
import Testing
import Vocabulary

/// `repro --trace` with the real strace.
@Suite struct TracingTests {
    private func bench(_ folder: TemporaryFolder, _ command: String) throws -> Bench {
        let bench = try Bench(in: folder.path)
        try bench.write(
            """
            stages:
              use:
                cmd: \(command)
                deps: [in.txt, use.sh]
                outs: [made/out.txt]
            """, to: "mlstore.yaml")
        try bench.succeed("echo in > in.txt; echo other > other.txt; mkdir -p lib conf")
        return bench
    }

    @Test(.enabled(if: Environment.systemName.system == "Linux"))
    func `files that a command uses and does not declare are told`() throws {
        let folder = try TemporaryFolder()
        let bench = try bench(folder, "sh use.sh")
        try bench.write(
            """
            cat in.txt other.txt > made/tmp && mv made/tmp made/out.txt
            ls lib > /dev/null; cat missing 2> /dev/null; cat made/out.txt > /dev/null
            (cd conf && echo x > 'a b' && cat 'a b' > /dev/null)
            rm -f old; mkdir t; echo y > t/z; rm -r t; git --version > /dev/null
            """, to: "use.sh")
        try bench.succeed("echo old > old; echo log > made.log")
        let text = try bench.succeed("mlstore repro --trace")
        #expect(
            text.contains(
                """
                  writes 'conf/a b', which it does not declare
                  removes 'old', which it does not declare
                  reads 'other.txt', which it does not declare

                """), "\(text)")
        #expect(text.contains("1 stage ran, 1 with undeclared files\n"), "\(text)")
        // Nothing else is told of, and what is told of is no failure.
        #expect(text.split(separator: "\n").count { $0.contains("does not declare") } == 3)
        let json = try bench.succeed("echo old > old; mlstore repro --trace --force --json")
        let compact = json.filter { !$0.isWhitespace }
        #expect(compact.contains(#""access":"removed","path":"old""#), "\(json)")
        try bench.checkSound("after a trace")
    }

    @Test(.enabled(if: Environment.systemName.system == "Linux"))
    func `what is declared, compiled, ignored or part of an environment is not told`() throws {
        let folder = try TemporaryFolder()
        let bench = try bench(folder, "python3 use.py")
        let yaml = try bench.succeed("cat mlstore.yaml")
        try bench.write(
            yaml.replacing("use.sh]", with: "use.py, helper.py]\n    params: [rate]"),
            to: "mlstore.yaml")
        try bench.write("rate: 1\n", to: "params.yaml")
        try bench.write("*.tmp\n", to: ".mlstoreignore")
        try bench.write("def text(): return open('in.txt').read()\n", to: "helper.py")
        try bench.write(
            """
            import helper
            open("params.yaml").read(), open("venv/lib.py").read()
            open("scratch.tmp", "w").write("x")
            open("made/out.txt", "w").write(helper.text())

            """, to: "use.py")
        try bench.succeed("mkdir venv; echo > venv/pyvenv.cfg; echo > venv/lib.py")
        for _ in 0..<2 {
            // The second time the module is read in its compiled form.
            let text = try bench.succeed("mlstore repro --strict --force")
            #expect(!text.contains("does not declare"), "\(text)")
        }
        try bench.write(
            try bench.succeed("cat mlstore.yaml").replacing(", helper.py", with: ""),
            to: "mlstore.yaml")
        #expect(
            try bench.succeed("mlstore repro --trace").contains(
                "reads 'helper.py', which it does not declare"))
    }

    @Test(.enabled(if: Environment.systemName.system == "Linux"))
    func `a strict run fails such a stage and leaves its former outputs`() throws {
        let folder = try TemporaryFolder()
        let bench = try bench(folder, "sh use.sh")
        try bench.write("cat in.txt > made/out.txt", to: "use.sh")
        try bench.succeed("mlstore repro -q --strict")
        let before = try bench.succeed("cat made/out.txt mlstore.lock")
        try bench.write("cat other.txt > made/out.txt", to: "use.sh")
        let ended = try bench.run("mlstore repro --strict")
        #expect(ended.status == 1, "\(ended.errors)")
        #expect(
            ended.errors.contains("stage 'use' uses a file that it does not declare")
                && ended.errors.contains("reads 'other.txt', which it does not declare")
                && ended.errors.contains("leave out '--strict'"), "\(ended.errors)")
        #expect(try bench.succeed("cat made/out.txt mlstore.lock") == before)
        #expect(try bench.succeed("ls .mlstore/tmp") == "repro.lock\n")
        // A command that fails by itself says so.
        try bench.write("exit 3", to: "use.sh")
        #expect(try bench.run("mlstore repro --strict").errors.contains("exited with status 3"))
    }

    @Test func `without a strace that may trace nothing is run`() throws {
        let folder = try TemporaryFolder()
        let bench = try bench(folder, "sh use.sh")
        try bench.write("echo ran > ../ran; cat in.txt > made/out.txt", to: "use.sh")
        try bench.succeed("mkdir ../bin; ln -s $(command -v mlstore) ../bin/")
        let missing = try bench.run("PATH=$PWD/../bin mlstore repro --trace")
        #expect(missing.errors.contains("'strace' is not on the PATH"), "\(missing.errors)")
        #expect(missing.errors.contains("hint: install strace"))
        // A system that forbids it cannot be had in a test; strace says this there.
        try bench.write(
            """
            #!/bin/sh
            echo 'strace: ptrace(PTRACE_SEIZE): Operation not permitted' >&2
            exit 1

            """, to: "../bin/strace")
        try bench.succeed("chmod +x ../bin/strace")
        let forbidden = try bench.run("PATH=$PWD/../bin mlstore repro --strict")
        #expect(
            forbidden.errors.contains("strace may not (strace: ptrace(PTRACE_SEIZE): Operation")
                && forbidden.errors.contains("--cap-add SYS_PTRACE"), "\(forbidden.errors)")
        #expect(try bench.run("test -e ../ran").status == 1)
        for mode in ["--verify", "--check", "--dry-run", "--repeat 2"] {
            let refused = try bench.run("mlstore repro --trace \(mode)")
            #expect(refused.errors.contains("does not go with '--trace'"), "\(refused.errors)")
        }
    }
}
