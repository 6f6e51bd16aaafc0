import Platform
import TestSupport
import Testing
import Vocabulary

/// Commands of stages that go on when `repro` is gone.
@Suite struct OrphanTests {
    private func bench(_ folder: TemporaryFolder, _ command: String) throws -> Bench {
        let bench = try Bench(in: folder.path)
        let yaml = try bench.succeed("cat mlstore.yaml")
        try bench.write(yaml.replacing("mkdir -p out", with: command), to: "mlstore.yaml")
        return bench
    }

    @Test func `a command and all that it started end with a repro that is killed`() throws {
        let folder = try TemporaryFolder()
        let slow = "(echo $$ > ../pid; exec sleep 300) & echo $! >> ../pids; wait; mkdir -p out"
        let bench = try bench(folder, "trap '' INT TERM; echo $$ >> ../pids; \(slow)")
        let before = try bench.succeed("cat out/a out/b")
        try bench.succeed(
            """
            mlstore repro -q & child=$!
            while [ ! -s ../pid ]; do sleep 0.01; done
            kill -KILL $child; wait $child
            for pid in $(cat ../pids); do
                tries=0
                while kill -0 $pid 2>/dev/null && ! grep -q '^State:.Z' /proc/$pid/status; do
                    tries=$((tries+1)); [ $tries -lt 3000 ] || exit 9; sleep 0.01
                done
            done
            """)
        #expect(try bench.succeed("wc -l < ../pids").filter(\.isNumber) == "2")
        let told = try bench.run("mlstore status")
        #expect(told.status == 3)
        #expect(told.output.contains("half done a run was killed at 'copy': the next"))
        #expect(
            try bench.run("mlstore status --json").output.contains(
                """
                  "interrupted": [
                    "copy"
                  ],
                """))
        let yaml = try bench.succeed("cat mlstore.yaml")
        try bench.write(yaml.replacing("wait; ", with: "kill $!; "), to: "mlstore.yaml")
        try bench.succeed("mlstore repro -q && mlstore status -q")
        #expect(try bench.succeed("cat out/a out/b") == before)
        try bench.checkSound("after a killed repro")
    }

    @Test func `while what left a killed repro's group goes on, no other repro begins`() throws {
        let folder = try TemporaryFolder()
        let program = """
            import os, time
            os.setsid()
            open("../pid", "w").write(str(os.getpid()))
            time.sleep(300)

            """
        let bench = try bench(folder, "python3 leave.py; mkdir -p out")
        try bench.write(program, to: "leave.py")
        let before = try bench.succeed("cat out/a out/b")
        let ended = try bench.run(
            """
            mlstore repro -q & child=$!
            while [ ! -s ../pid ]; do sleep 0.01; done
            kill -KILL $child; wait $child
            mlstore repro
            """)
        #expect(ended.status == 11, "\(ended.errors)")
        #expect(ended.errors.contains("of one that was killed, the stage's command may still run"))
        try bench.succeed("kill -KILL $(cat ../pid)")
        let yaml = try bench.succeed("cat mlstore.yaml")
        try bench.write(yaml.replacing("python3 leave.py; ", with: ""), to: "mlstore.yaml")
        try bench.succeed("mlstore repro -q && mlstore status -q")
        #expect(try bench.succeed("cat out/a out/b") == before)
        try bench.checkSound("after a killed repro")
    }

    @Test func `what a stage leaves running in a session of its own keeps nobody out`() throws {
        let folder = try TemporaryFolder()
        let program = """
            import subprocess
            sleeper = subprocess.Popen(["sleep", "30"], close_fds=False, start_new_session=True)
            print(sleeper.pid)

            """
        let bench = try bench(folder, "python3 daemon.py >> ../pids; mkdir -p out")
        try bench.write(program, to: "daemon.py")
        defer { _ = try? bench.run("kill -KILL $(cat ../pids)") }
        try bench.succeed("mlstore repro -q && kill -0 $(cat ../pids) && mlstore repro -q --force")
    }
}
