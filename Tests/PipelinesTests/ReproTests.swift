import Bytes
import Objects
import Pipelines
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@Suite struct ReproTests {
    private static let chain = """
        stages:
          upper:
            cmd: tr a-z A-Z < in.txt > out/upper.txt; echo x >> ran.log
            deps: [in.txt]
            outs: [out/upper.txt]
          count:
            cmd: printf '{"bytes":%d,"scale":${scale}}' $(wc -c < out/upper.txt) > count.json
            deps: [out/upper.txt]
            metrics: [count.json]
        """

    private func chain() throws -> PipelineFolder {
        let pipeline = try PipelineFolder(ReproTests.chain, parameters: "scale: 2\nother: 1\n")
        try pipeline.folder.write("abc", to: "in.txt")
        return pipeline
    }

    private func failure(_ pipeline: PipelineFolder) throws -> StoreError {
        let error = #expect(throws: StoreError.self) { try pipeline.repro() }
        return try #require(error)
    }

    @Test func `a pipeline runs once and is current then`() throws {
        let pipeline = try chain()
        #expect(try pipeline.repro() == "upper ran, count ran")
        #expect(try pipeline.folder.read("out/upper.txt") == "ABC")
        #expect(try pipeline.folder.read("count.json") == #"{"bytes":3,"scale":2}"#)
        #expect(try pipeline.repro() == "upper current, count current")
        #expect(try pipeline.folder.read("ran.log") == "x\n")
        #expect(try pipeline.litter() == [])
        let lock = try pipeline.lock
        let upper = try #require(lock.stages["upper"])
        #expect(upper.outputs[try RepoPath("out/upper.txt")]?.sizeBytes == 3)
        #expect(lock.stages["count"]?.parameters == ["scale": 2])
        #expect(lock.stages["count"]?.outputs[try RepoPath("count.json")]?.role == .metric)
        #expect(try pipeline.run(of: "count").metrics.values.first == ["bytes": 3, "scale": 2])
    }

    @Test func `a change runs what it reaches, and equal bytes stop it`() throws {
        let pipeline = try chain()
        try pipeline.repro()
        try pipeline.folder.write("abd", to: "in.txt")
        let states = try stageStates(in: pipeline.workspace)
        #expect(states.map(\.isStale) == [true, true])
        #expect(states[0].reasons[0].description.hasPrefix("input 'in.txt' changed: "))
        #expect(states[1].reasons == [.upstreamStale("upper")])
        let report = try pipeline.report()
        #expect(report.outcomes.map(\.deed) == [.ran, .ran])
        #expect(report.outcomes[1].metricsDiff.files.isEmpty)
        try pipeline.folder.write("ABD", to: "in.txt")
        #expect(try pipeline.repro() == "upper ran, count current")
    }

    @Test func `a parameter reaches only those that name it`() throws {
        let pipeline = try chain()
        try pipeline.repro()
        try pipeline.folder.write("scale: 2\nother: 9\n", to: "params.yaml")
        #expect(try pipeline.repro() == "upper current, count current")
        try pipeline.folder.write("scale: 3\nother: 9\n", to: "params.yaml")
        let report = try pipeline.report()
        #expect(report.outcomes.map(\.deed) == [.current, .ran])
        #expect(
            report.outcomes[1].reasons == [.parameterChanged("scale", old: 2, new: 3)])
        #expect(
            report.outcomes[1].metricsDiff.files.first?.changes
                == [ValueChange(key: "scale", old: 2, new: 3)])
    }

    @Test func `going back takes the outputs from the run cache`() throws {
        let pipeline = try chain()
        try pipeline.repro()
        let first = try pipeline.lock
        try pipeline.folder.write("xyz", to: "in.txt")
        try pipeline.repro()
        try pipeline.folder.write("abc", to: "in.txt")
        #expect(try pipeline.repro() == "upper restored, count restored")
        #expect(try pipeline.folder.read("out/upper.txt") == "ABC")
        #expect(try pipeline.folder.read("ran.log") == "x\nx\n")
        #expect(try pipeline.lock == first)
    }

    @Test func `missing and modified outputs come back from the store`() throws {
        let pipeline = try chain()
        try pipeline.repro()
        try LocalDisk().removeTree(pipeline.folder.path / "out")
        #expect(try pipeline.repro() == "upper restored, count current")
        try pipeline.folder.write("edited", to: "out/upper.txt")
        #expect(try pipeline.repro() == "upper restored, count current")
        #expect(try pipeline.folder.read("out/upper.txt") == "ABC")
        #expect(try pipeline.folder.read("ran.log") == "x\n")
        // What somebody had written there is in the store, for undo.
        #expect(try pipeline.workspace.store().contains(BlobID(sha256(Array("edited".utf8)))))
    }

    @Test func `force runs what is current, alone or with the rest`() throws {
        let pipeline = try chain()
        try pipeline.repro()
        #expect(try pipeline.repro { $0.force = true } == "upper ran, count ran")
        #expect(
            try pipeline.repro {
                $0.force = true
                $0.stages = ["count"]
            } == "upper current, count ran")
        try pipeline.folder.write("new", to: "in.txt")
        #expect(
            try pipeline.repro {
                $0.stages = ["count"]
                $0.single = true
            } == "count current")
        #expect(
            try pipeline.repro {
                $0.stages = ["upper"]
                $0.downstream = true
            } == "upper ran, count ran")
    }

    @Test func `a dry run says what would run and runs nothing`() throws {
        let pipeline = try chain()
        let before = try pipeline.files()
        #expect(try pipeline.repro { $0.dryRun = true } == "upper wouldRun, count wouldRun")
        #expect(try pipeline.files() == before)
    }

    @Test func `a failing stage leaves the former outputs and the lock as they were`() throws {
        let pipeline = try chain()
        try pipeline.repro()
        let before = try pipeline.files()
        let failing = ReproTests.chain.replacing(
            "> out/upper.txt;", with: "> out/upper.txt; echo broken >&2; exit 3;")
        try pipeline.folder.write(failing, to: "mlstore.yaml")
        let error = try failure(pipeline)
        #expect(error.kind == .stageFailed)
        #expect(error.message == "stage 'upper' failed: its command exited with status 3")
        #expect((error.cause as? CommandOutput)?.description == "broken")
        var after = try pipeline.files()
        after["mlstore.yaml"] = before["mlstore.yaml"]
        #expect(after == before)
        #expect(try pipeline.litter() == [])
        try pipeline.folder.write(ReproTests.chain, to: "mlstore.yaml")
        #expect(try pipeline.repro() == "upper current, count current")
    }

    @Test func `a stage that does not write its output fails, and what it did write goes`() throws {
        let pipeline = try PipelineFolder(
            "stages: {a: {cmd: 'echo 1 > x', outs: [x, y]}}")
        let error = try failure(pipeline)
        #expect(error.message == "stage 'a' did not write its output 'y'")
        #expect(try pipeline.files().keys.sorted() == ["mlstore.yaml"])
        #expect(try pipeline.litter() == [])
    }

    @Test func `an input that changes under a running stage is noticed`() throws {
        let pipeline = try PipelineFolder(
            "stages: {a: {cmd: 'cat i > x; echo more >> i', deps: [i], outs: [x]}}")
        try pipeline.folder.write("1", to: "i")
        let error = try failure(pipeline)
        #expect(error.kind == .changedMeanwhile)
        #expect(error.message == "input 'i' changed while stage 'a' ran")
        #expect(try !pipeline.folder.has("x"))
    }

    @Test func `missing inputs say who should make them`() throws {
        let pipeline = try PipelineFolder(
            "stages: {a: {cmd: 'true', deps: [data/clean.csv], outs: [x]}}")
        let error = try failure(pipeline)
        #expect(
            error.message
                == "stage 'a' needs 'data/clean.csv', which no stage produces and which is not on "
                + "disk (mlstore.yaml:1)")
        #expect(error.advice?.hasPrefix("run 'mlstore pull data/clean.csv'") == true)
    }

    @Test func `an output that was added is refused`() throws {
        let pipeline = try PipelineFolder("stages: {a: {cmd: 'true', outs: [x]}}")
        let pointer = Pointer(kind: .dataset, content: .file(BlobID(sha256([]))), sizeBytes: 0)
        try pipeline.folder.write(pointer.text, to: "x.mlstore")
        let error = try failure(pipeline)
        #expect(error.kind == .invalidPipeline)
        #expect(error.message.contains("has a pointer"))
    }

    @Test func `an output that a link leads to is refused, and nothing is written behind it`()
        throws
    {
        let pipeline = try PipelineFolder("stages: {a: {cmd: echo 1 > l/x, outs: [l/x]}}")
        let elsewhere = try TemporaryFolder()
        try LocalDisk().makeSymlink(
            at: pipeline.folder.path / "l", target: elsewhere.path.bytes)
        let error = try failure(pipeline)
        #expect(error.kind == .invalidPipeline)
        #expect(error.message.contains("'l' is a link"))
        #expect(try !elsewhere.has("x"))
    }

    @Test func `an input that only the store has is put on disk`() throws {
        let pipeline = try PipelineFolder("stages: {a: {cmd: cp d x, deps: [d], outs: [x]}}")
        let session = try pipeline.workspace.store().beginSession()
        let id = try session.putBlob(Array("data".utf8)).id
        _ = try session.commit()
        let pointer = Pointer(kind: .dataset, content: .file(id), sizeBytes: 4)
        try pipeline.folder.write(pointer.text, to: "d.mlstore")
        #expect(try pipeline.repro() == "a ran")
        #expect(try pipeline.folder.read("d") == "data")
        let other = Pointer(
            kind: .dataset, content: .file(BlobID(sha256([1]))), sizeBytes: 1)
        try pipeline.folder.write(other.text, to: "d.mlstore")
        try LocalDisk().removeFile(pipeline.folder.path / "d")
        let error = try failure(pipeline)
        #expect(error.kind == .notInStore)
        #expect(error.advice == "run 'mlstore pull d'")
    }

    @Test func `folders, links and modes survive as outputs and as inputs`() throws {
        let pipeline = try PipelineFolder(
            """
            stages:
              make:
                cmd: |
                  mkdir -p d/sub d/empty
                  echo 1 > d/a; echo 2 > d/sub/b; printf '#!/bin/sh' > d/run; chmod +x d/run; ln -s a d/link
                outs: [d/]
              use:
                cmd: find d | sort > list; ls -l d/run | cut -c1-10 >> list; readlink d/link >> list
                deps: [d]
                outs: [list]
            """)
        #expect(try pipeline.repro() == "make ran, use ran")
        let list = try pipeline.folder.read("list")
        try LocalDisk().removeTree(pipeline.folder.path / "d")
        #expect(try pipeline.repro() == "make restored, use current")
        #expect(
            try pipeline.repro {
                $0.force = true
                $0.stages = ["use"]
            } == "make current, use ran")
        #expect(try pipeline.folder.read("list") == list)
        #expect(list.contains("-rwx"))
        #expect(list.contains("d/empty"))
    }

    @Test func `the run record tells code, environment and no secrets`() throws {
        let pipeline = try PipelineFolder(
            "stages: {a: {cmd: 'echo $MLSTORE_SEED > x', env: [PATH, MLSTORE_NO_SUCH], outs: [x], seed: 7}}"
        )
        try pipeline.folder.run("git", "add", "mlstore.yaml")
        try pipeline.folder.run("git", "commit", "-qm", "first")
        try pipeline.repro()
        let run = try pipeline.run(of: "a")
        let head = try pipeline.folder.run("git", "rev-parse", "HEAD")
        #expect(run.environment.gitCommit == head.split(separator: "\n").first.map(String.init))
        #expect(run.environment.dirtyPatch == nil)
        #expect(run.seed == 7)
        #expect(run.environment.variables["MLSTORE_NO_SUCH"] == .null)
        #expect(run.environment.variables.keys.sorted() == ["MLSTORE_NO_SUCH", "PATH"])
        #expect(try pipeline.folder.read("x") == "7\n")
        let path = try #require(Environment.variable("PATH"))
        #expect(!String(decoding: run.json.canonical, as: UTF8.self).contains(path))
        let text = try pipeline.folder.read("mlstore.yaml")
        try pipeline.folder.write(text + "\n# more\n", to: "mlstore.yaml")
        try pipeline.repro { $0.force = true }
        #expect(try pipeline.run(of: "a").environment.dirtyPatch != nil)
    }

    @Test func `a second repro is refused while one works`() throws {
        let pipeline = try chain()
        try LocalDisk().makeDirectories(pipeline.folder.path / ".mlstore" / "tmp")
        let held = try LocalDisk().lock(
            pipeline.folder.path / ".mlstore" / "tmp" / "repro.lock", .exclusive, wait: .never)
        #expect(try failure(pipeline).kind == .locked)
        held?.unlock()
        #expect(try pipeline.repro() == "upper ran, count ran")
    }

    @Test func `what a killed run left aside is put back before anything else`() throws {
        let pipeline = try chain()
        try pipeline.repro()
        let run = try #require(try pipeline.lock.stages["upper"]?.run)
        let shelter = ".mlstore/tmp/shelter-dead"
        let manifest = #"{"paths":["out/upper.txt"],"run":"\#(run)","stage":"upper"}"#
        try pipeline.folder.write(manifest, to: shelter + "/manifest.json")
        try pipeline.folder.write("ABC", to: shelter + "/0")
        try pipeline.folder.write("half", to: "out/upper.txt")
        #expect(try pipeline.repro() == "upper current, count current")
        #expect(try pipeline.folder.read("out/upper.txt") == "ABC")
        #expect(try pipeline.litter() == [])
    }

    @Test func `what rules leave out of an output folder outlives every run`() throws {
        let pipeline = try PipelineFolder(
            """
            stages:
              a:
                cmd: mkdir -p o/sub && cp i o/x && echo new > o/own.log && test $(cat i) != bad
                deps: [i]
                outs: [o]
            """)
        try pipeline.folder.write("*.log\n", to: ".mlstoreignore")
        try pipeline.folder.write("1", to: "i")
        #expect(try pipeline.repro() == "a ran")
        let kept = ["o/notes.log", "o/deep/er/notes.log", "o/.git/config", "o/sub/b.log"]
        for name in kept { try pipeline.folder.write("mine", to: name) }
        func check(_ what: Comment) throws {
            for name in kept { #expect(try pipeline.folder.read(name) == "mine", what) }
            #expect(try pipeline.folder.read("o/own.log") == "new\n", what)
            #expect(try pipeline.litter() == [], what)
        }
        try pipeline.folder.write("2", to: "i")
        #expect(try pipeline.repro() == "a ran")
        try check("a run")
        try pipeline.folder.write("1", to: "i")
        #expect(try pipeline.repro() == "a restored")
        try check("the run cache")
        try pipeline.folder.write("bad", to: "i")
        #expect(try failure(pipeline).kind == .stageFailed)
        try check("a failure")
        _ = try undo(in: pipeline.workspace)
        try check("an undo")
    }

    @Test func `an output that leaves no place for what rules leave out is refused`() throws {
        let pipeline = try PipelineFolder(
            "stages: {a: {cmd: 'test -s i && echo 1 > o || mkdir o', deps: [i], outs: [o]}}")
        try pipeline.folder.write("*.log\n", to: ".mlstoreignore")
        try pipeline.folder.write("1", to: "i")
        #expect(try pipeline.repro() == "a ran")
        try pipeline.folder.write("", to: "i")
        #expect(try pipeline.repro() == "a ran")
        try pipeline.folder.write("mine", to: "o/notes.log")
        // Once from a command, once from the run cache.
        for content in ["2", "1"] {
            try pipeline.folder.write(content, to: "i")
            let error = try failure(pipeline)
            #expect(error.kind == .unsavedChanges)
            #expect(
                error.message.hasPrefix("cannot replace 'o': 'o/notes.log' in it is in no store"))
            #expect(try pipeline.folder.read("o/notes.log") == "mine")
            #expect(try pipeline.litter() == [])
        }
        try LocalDisk().removeFile(pipeline.folder.path / "o/notes.log")
        #expect(try pipeline.repro() == "a restored")
        #expect(try pipeline.folder.read("o") == "1\n")
    }

    @Test func `outputs edited by hand survive a kill after which the lock was changed`() throws {
        let pipeline = try chain()
        try pipeline.repro()
        let first = try pipeline.folder.read("mlstore.lock")
        try pipeline.folder.write("xyz", to: "in.txt")
        try pipeline.repro()
        let run = try #require(try pipeline.lock.stages["upper"]?.run)
        let shelter = ".mlstore/tmp/shelter-dead"
        let manifest = #"{"paths":["out/upper.txt"],"run":"\#(run)","stage":"upper"}"#
        try pipeline.folder.write(manifest, to: shelter + "/manifest.json")
        try pipeline.folder.write("by hand", to: shelter + "/0")
        try pipeline.folder.write("half", to: "out/upper.txt")
        // As after a checkout of another branch.
        try pipeline.folder.write(first, to: "mlstore.lock")
        try pipeline.repro()
        let store = try pipeline.workspace.store()
        #expect(store.contains(BlobID(sha256(Array("by hand".utf8)))))
        #expect(store.contains(BlobID(sha256(Array("half".utf8)))))
        #expect(try pipeline.litter() == [])
    }

    @Test func `metrics with NaN fail their stage`() throws {
        let pipeline = try PipelineFolder(
            #"stages: {a: {cmd: 'echo "{\"loss\": NaN}" > m.json', metrics: [m.json]}}"#)
        let error = try failure(pipeline)
        #expect(error.kind == .stageFailed)
        #expect(error.message.contains("'m.json'"))
        #expect(error.advice?.contains("NaN") == true)
    }

    @Test func `without git everything works but the commit`() throws {
        let pipeline = try PipelineFolder(
            "stages: {a: {cmd: echo 1 > x, outs: [x]}}", inGit: false)
        #expect(try pipeline.repro() == "a ran")
        #expect(try pipeline.run(of: "a").environment.gitCommit == nil)
    }

    @Test func `one stage is one commit with its refs`() throws {
        let pipeline = try chain()
        try pipeline.repro()
        let store = try pipeline.workspace.store()
        let entries = try store.journal()
        #expect(entries.count == 2)
        #expect(entries[0].refs.map(\.name.description).map { $0.prefix(5) } == ["runs/", "recip"])
        let note = try store.note(of: entries[1])
        #expect(note["command"] == "repro count")
        #expect(note["files"]?.arrayValue?.first?["path"] == "mlstore.lock")
        try pipeline.repro()
        #expect(try store.journal().count == 2)
    }

    @Test func `git is told to leave outputs alone, and metrics to itself`() throws {
        let pipeline = try chain()
        try pipeline.repro()
        #expect(try pipeline.folder.read("out/.gitignore") == "/upper.txt\n")
        let status = try pipeline.folder.run("git", "status", "--short", "-uall")
        #expect(!status.contains("upper.txt"))
        #expect(status.contains("count.json"))
        #expect(status.contains("mlstore.lock"))
    }

    @Test func `values at a revision are those of its files`() throws {
        let pipeline = try chain()
        try pipeline.repro()
        try pipeline.folder.run("git", "add", ".")
        try pipeline.folder.run("git", "commit", "-qm", "first")
        try pipeline.folder.write("scale: 5\nother: 1\n", to: "params.yaml")
        try pipeline.repro()
        let workspace = pipeline.workspace
        #expect(
            try paramsDiff(from: .revision("HEAD"), to: .workTree, in: workspace).changes
                == [ValueChange(key: "scale", old: 2, new: 5)])
        let diff = try metricsDiff(from: .recorded(.revision("HEAD")), to: .current, in: workspace)
        #expect(diff.files.map(\.path) == [try RepoPath("count.json")])
        #expect(diff.files.first?.changes == [ValueChange(key: "scale", old: 2, new: 5)])
        #expect(diff.unchangedCount == 1)
        #expect(throws: StoreError.self) { try parameters(at: .revision("no-such"), in: workspace) }
    }

    @Test func `what mlstoreignore leaves out of a folder makes nothing stale`() throws {
        let pipeline = try PipelineFolder(
            "stages: {a: {cmd: ls src > o, deps: [src], outs: [o]}}")
        try pipeline.folder.write("__pycache__/\n", to: ".mlstoreignore")
        try pipeline.folder.write("x", to: "src/a.py")
        #expect(try pipeline.repro() == "a ran")
        try pipeline.folder.write("cache", to: "src/__pycache__/a.pyc")
        #expect(try pipeline.repro() == "a current")
        try pipeline.folder.write("y", to: "src/b.py")
        #expect(try pipeline.repro() == "a ran")
    }

    @Test func `what was looked at ahead of time is looked at again behind a stage that ran`()
        throws
    {
        let pipeline = try PipelineFolder(
            """
            stages:
              first:
                cmd: cat a/x > first.txt; echo changed > b/x
                deps: [a]
                outs: [first.txt]
              second:
                cmd: cat b/x > second.txt
                deps: [b]
                outs: [second.txt]
              third:
                cmd: cat c/x > third.txt
                deps: [c]
                outs: [third.txt]
            """)
        for name in ["a", "b", "c"] { try pipeline.folder.write("one\n", to: "\(name)/x") }
        #expect(try pipeline.repro { $0.threads = 3 } == "first ran, second ran, third ran")
        #expect(try pipeline.folder.read("second.txt") == "changed\n")
        let read = try pipeline.run(of: "second").inputs[RepoPath("b")]
        #expect(try pipeline.repro() == "first current, second current, third current")
        #expect(try pipeline.run(of: "second").inputs[RepoPath("b")] == read)
        try pipeline.folder.write("two\n", to: "c/x")
        #expect(try pipeline.repro() == "first current, second current, third ran")
    }

    @Test func `a list of commands runs in order, each in its own shell, until one fails`()
        throws
    {
        let pipeline = try PipelineFolder(
            """
            stages:
              a:
                cmd:
                  - cd sub; x=1; echo one > ../o
                  - |
                    cat >> o <<END
                    two$x
                    END
                  - echo three >> o   # the last
                outs: [o]
            """)
        try pipeline.folder.run("mkdir", "sub")
        #expect(try pipeline.repro() == "a ran")
        #expect(try pipeline.folder.read("o") == "one\ntwo\nthree\n")
        #expect(try pipeline.repro() == "a current")
        try pipeline.folder.write(
            "stages: {a: {cmd: [echo 1 > o, 'false', echo 2 > late], outs: [o]}}",
            to: "mlstore.yaml")
        let error = #expect(throws: StoreError.self) { try pipeline.repro() }
        #expect(error?.kind == .stageFailed)
        #expect(try !pipeline.folder.has("late") && pipeline.folder.read("o").hasPrefix("one"))
    }

    @Test func `a map stage may have a list of commands, but no list of lists`() throws {
        let pipeline = try PipelineFolder(
            """
            stages:
              m:
                map: {over: d, out: 'e/${item.path}'}
                cmd: ['cp ${item} ${item.out}', 'echo more >> "${item.out}"']
            """)
        try pipeline.folder.write("x\n", to: "d/it's")
        #expect(try pipeline.repro() == "m ran")
        #expect(try pipeline.folder.read("e/it's") == "x\nmore\n")
        try pipeline.folder.write("stages: {a: {cmd: [[x]]}}", to: "mlstore.yaml")
        let error = #expect(throws: StoreError.self) { try pipeline.repro() }
        #expect(error?.kind == .invalidPipeline)
    }
}
