import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@testable import Pipelines

@Suite struct ReplayTests {
    private func verdict(_ pipeline: PipelineFolder, _ stage: String) throws -> Verdict {
        var options = ReplayOptions()
        options.stages = [stage]
        return try #require(try replay(options, in: pipeline.workspace).verdicts.first)
    }

    @Test func `a stage that repeats itself is equal, and nothing is touched`() throws {
        let pipeline = try PipelineFolder(
            """
            stages:
              a: {cmd: tr a-z A-Z < i > o, deps: [i], outs: [o]}
              b: {cmd: 'mkdir d; cp o d/x', deps: [o], outs: [d]}
            """)
        try pipeline.folder.write("abc", to: "i")
        try pipeline.repro()
        try pipeline.folder.write("changed", to: "i")
        try pipeline.folder.write("changed", to: "o")
        let before = try pipeline.files()
        let report = try replay(in: pipeline.workspace)
        #expect(report.allEqual)
        #expect(report.verdicts.map(\.stage) == ["a", "b"])
        #expect(try pipeline.files() == before)
        #expect(try pipeline.litter() == [])
        let run = try #require(try pipeline.lock.stages["a"]?.run)
        let store = try pipeline.workspace.store()
        let found = try #require(try runVerdicts(of: run, in: store).first)
        let record = try store.readRecord(found.id)
        #expect(record["type"] == "verdict")
        #expect(record["verdict"] == "bitwise")
        #expect(found.proof == "bitwise on this class of machine")
        #expect(found.author != nil && !found.machine.system.isEmpty)
        // The same person on the same class of machine has one verdict, the last.
        try #require(try replay(in: pipeline.workspace).allEqual)
        #expect(try runVerdicts(of: run, in: pipeline.workspace.store()).count == 1)
    }

    @Test func `a stage that does not repeat itself differs at a byte and a line`() throws {
        let pipeline = try PipelineFolder(
            #"stages: {a: {cmd: 'printf "x,y\n1,2\n3,%s\n" $$ > o.csv', outs: [o.csv]}}"#)
        try pipeline.repro()
        let verdict = try verdict(pipeline, "a")
        #expect(verdict.outcome == .different)
        let difference = try #require(verdict.outputs.first?.difference)
        #expect(difference.line == 3)
        #expect((10...20).contains(difference.byteOffset ?? 0))
        #expect(difference.description.hasPrefix("first at byte "))
    }

    @Test func `metrics that differ name their keys`() throws {
        let pipeline = try PipelineFolder(
            ##"stages: {a: {cmd: 'printf "{\"n\":1,\"pid\":%s}" $$ > m.json', metrics: [m.json]}}"##
        )
        try pipeline.repro()
        let verdict = try verdict(pipeline, "a")
        #expect(verdict.outputs.first?.difference?.changes.map(\.key) == ["pid"])
    }

    @Test func `a file in a folder that differs is named`() throws {
        let pipeline = try PipelineFolder(
            "stages: {a: {cmd: 'mkdir d; echo 1 > d/same; echo $$ > d/z', outs: [d/]}}")
        try pipeline.repro()
        let verdict = try verdict(pipeline, "a")
        #expect(verdict.outputs.first?.difference?.file == (try RepoPath("z")))
    }

    @Test func `undeclared files come from the commit of the run, or the replay fails`() throws {
        let pipeline = try PipelineFolder(
            "stages: {a: {cmd: sh run.sh > o, outs: [o]}}")
        try pipeline.folder.write("cat lib.txt", to: "run.sh")
        try pipeline.folder.write("lib", to: "lib.txt")
        try pipeline.repro()
        guard case .failed(let reason) = try verdict(pipeline, "a").outcome else {
            Issue.record("the replay found files that nobody declared")
            return
        }
        #expect(reason.contains("exited with status"))
        try pipeline.folder.run("git", "add", "mlstore.yaml", "run.sh", "lib.txt")
        try pipeline.folder.run("git", "commit", "-qm", "code")
        try pipeline.repro { $0.force = true }
        #expect(try verdict(pipeline, "a").outcome == .bitwise)
        try pipeline.folder.write("other", to: "lib.txt")
        #expect(try verdict(pipeline, "a").outcome == .bitwise)
    }

    @Test func `inputs that no store has are named`() throws {
        let pipeline = try PipelineFolder("stages: {a: {cmd: cp i o, deps: [i], outs: [o]}}")
        try pipeline.folder.write("abc", to: "i")
        try pipeline.repro()
        var lock = try pipeline.lock
        let i = try RepoPath("i")
        lock.stages["a"]?.dependencies[i] = .file(BlobID(sha256([9])))
        try pipeline.folder.write(lock.text, to: "mlstore.lock")
        #expect(try verdict(pipeline, "a").outcome == .unavailable([i]))
    }

    @Test func `without a lock there is nothing to replay`() throws {
        let pipeline = try PipelineFolder("stages: {a: {cmd: 'true'}}")
        let error = #expect(throws: StoreError.self) { try replay(in: pipeline.workspace) }
        #expect(error?.kind == .notFound)
    }

    @Test func `a replay says what is not as it was when the run was recorded`() throws {
        let pipeline = try PipelineFolder(
            "stages: {a: {cmd: 'perl -e \"print 1\" > x', outs: [x], env: [MLSTORE_TEST_UNSET]}}")
        try pipeline.folder.write("one", to: "requirements.txt")
        try pipeline.repro()
        let environment = try pipeline.run(of: "a").environment
        #expect(environment.systemRelease != nil)
        #expect(environment.interpreter == "perl" && environment.packages == [:])
        #expect(try verdict(pipeline, "a").environment == [])
        try pipeline.folder.write("two", to: "requirements.txt")
        let verdict = try verdict(pipeline, "a")
        #expect(verdict.outcome == .bitwise)
        #expect(verdict.environment.map(\.subject) == ["requirements.txt"])
        let run = try #require(try pipeline.lock.stages["a"]?.run)
        let store = try pipeline.workspace.store()
        let record = try store.readRecord(
            try #require(try runVerdicts(of: run, in: store).first).id)
        #expect(
            record["environment"]?["requirements.txt"]?["recorded"]?.stringValue?
                .hasPrefix("sha256:") == true)
    }

    @Test func `the packages of a Python are recorded where no file pins them`() throws {
        let pipeline = try PipelineFolder(
            "stages: {a: {cmd: 'python3 -c \"print(1)\" > x', outs: [x]}}")
        try pipeline.repro()
        let environment = try pipeline.run(of: "a").environment
        #expect(environment.interpreterVersion?.hasPrefix("Python 3") == true)
        #expect(RunEnvironment(environment.json) == environment)
    }

    @Test func `what conda put beside a Python is recorded, and the image that the user names`()
        throws
    {
        let folder = try TemporaryFolder()
        try folder.run("mkdir", "-p", "env/bin", "env/conda-meta")
        // Where it is itself, and not what may stand before it on the PATH.
        let program = "import sys; print(sys.executable)"
        try folder.run(
            "sh", "-c",
            """
            python=$(python3 -c '\(program)')
            ln -s "$python" env/bin/python3; echo "home = ${python%/*}" > env/pyvenv.cfg
            """)
        try folder.write(
            #"{"name": "libblas", "version": "3.9", "build": "20_openblas"}"#,
            to: "env/conda-meta/libblas-3.9-20_openblas.json")
        func environment(image: String?) throws -> RunEnvironment {
            try RunSurroundings(root: folder.path, disk: LocalDisk(), image: image).environment(
                of: .command("\(folder.path)/env/bin/python3 x.py"), variables: [], git: .none)
        }
        let recorded = try environment(image: "ghcr.io/us/train@sha256:12")
        #expect(recorded.packages["conda:libblas"] == "3.9=20_openblas")
        #expect(recorded.image == "ghcr.io/us/train@sha256:12")
        #expect(RunEnvironment(recorded.json) == recorded)
        try folder.write(
            #"{"name": "libblas", "version": "3.9", "build": "21_mkl"}"#,
            to: "env/conda-meta/libblas-3.9-20_openblas.json")
        #expect(
            try recorded.differences(to: environment(image: "")).map(\.description)
                == [
                    "container image: ghcr.io/us/train@sha256:12 -> none",
                    "package conda:libblas: 3.9=20_openblas -> 3.9=21_mkl",
                ])
        // Where nothing was said nothing is compared.
        #expect(
            try environment(image: nil).differences(to: environment(image: "other")).isEmpty)
    }
}
