import Bytes
import Learning
import TestSupport
import Testing
import Vocabulary
import Workspaces

@testable import Pipelines

@Suite struct ParameterFileTests {
    private func parse(_ files: [String: String]) throws -> StageFile {
        try StageFile { path in files[path.description].map { Array($0.utf8) } }
    }

    private func failure(_ files: [String: String]) throws -> StoreError {
        let error = #expect(throws: StoreError.self) { try parse(files) }
        return try #require(error)
    }

    private func command(_ file: StageFile, _ index: Int = 0) -> String {
        file.stages[index].action.text
    }

    @Test func `parameters come from YAML, JSON, TOML and Python`() throws {
        let file = try parse([
            "mlstore.yaml": """
            stages:
              a:
                cmd: x
                params:
                  - rate
                  - conf/more.yaml: [deep.a]
                  - conf/all.json:
                  - conf/t.toml: [tool.b, when]
                  - p.py: [Train.size]
            """,
            "params.yaml": "rate: 1\nother: 2\n", "conf/more.yaml": "deep: {a: 3, b: 4}\n",
            "conf/all.json": #"{"k": [1, 2], "m": {"n": null}}"#,
            "conf/t.toml": "when = 2026-01-02T03:04:05+01:30\nskip = 1\n[tool]\nb = [1.5, \"x\"]\n",
            "p.py": "import x\nclass Train:\n    size = 8\n",
        ])
        #expect(
            file.stages[0].parameters == [
                "rate": 1, "conf/more.yaml:deep.a": 3, "conf/all.json:k": [1, 2],
                "conf/all.json:m.n": .null, "conf/t.toml:tool.b": [1.5, "x"],
                "conf/t.toml:when": "2026-01-02T03:04:05+01:30", "p.py:Train.size": 8,
            ])
    }

    @Test(arguments: [
        ("params: [{no.json: [a]}]", "'no.json', which is not there", "mlstore.yaml:2"),
        ("params: [{t.toml: [no]}]", "which t.toml does not have", "mlstore.yaml:2"),
        ("params: [{dot.json: }]", "'a.b' of 'dot.json'", "mlstore.yaml:2"),
        ("params: [{bad.json: [a]}]", "cannot use 'bad.json'", "bad.json:2"),
        ("params: [{bad.toml: [a]}]", "cannot use 'bad.toml'", "bad.toml:2"),
        ("params: [{bad.py: [a]}]", "cannot use 'bad.py'", "bad.py:2"),
        ("params: [{list.json: [a]}]", "cannot use 'list.json'", "list.json:1"),
        ("params: [{../x.json: [a]}]", "outside the workspace", "mlstore.yaml:2"),
        ("params: [{t.toml: [[a]]}]", "holds something that is no text", "mlstore.yaml:2"),
    ])
    func `a parameter that is not there names its place`(
        text: String, reason: String, place: String
    ) throws {
        let error = try failure([
            "mlstore.yaml": "stages:\n  a: {cmd: x, \(text)}\n", "t.toml": "a = 1\n",
            "dot.json": #"{"a.b": 1}"#, "bad.json": "{\n\"a\": }", "bad.toml": "a = 1\nb = = 2\n",
            "bad.py": "a = 1\nb = 'x\n", "list.json": "[1]",
        ])
        #expect(error.message.contains(reason), "\(error.message)")
        #expect(error.message.hasSuffix("(\(place))"), "\(error.message)")
    }

    @Test func `a changed parameter of a file makes its stage stale`() throws {
        let folder = try PipelineFolder(
            """
            vars: [more.toml, {fixed: {text: hello}}]
            stages:
              a: {cmd: 'echo ${train.rate} ${fixed.text} > a', outs: [a], params: [{p.py: [SIZE]}]}
            """)
        try folder.folder.write("[train]\nrate = 0.5\nunused = 1\n", to: "more.toml")
        try folder.folder.write("SIZE = 1\nOTHER = 1\n", to: "p.py")
        #expect(try folder.repro() == "a ran")
        #expect(try folder.folder.read("a") == "0.5 hello\n")
        #expect(
            try folder.lock.stages["a"]?.parameters == [
                "more.toml:train.rate": 0.5, "p.py:SIZE": 1,
            ])
        try folder.folder.write("[train]\nrate = 0.5\nunused = 2\n", to: "more.toml")
        try folder.folder.write("SIZE = 1\nOTHER = f()\n", to: "p.py")
        #expect(try folder.repro() == "a current")
        try folder.folder.write("[train]\nrate = 0.25\n", to: "more.toml")
        #expect(
            try stageStates(in: folder.workspace)[0].reasons == [
                .parameterChanged("more.toml:train.rate", old: 0.5, new: 0.25)
            ])
    }

    @Test func `variables are merged, for the file or for one stage`() throws {
        let file = try parse([
            "mlstore.yaml": """
            vars:
              - params.yaml
              - more.json:train
              - {inline: [5, {x: 6}]}
            stages:
              a: {cmd: '${train.rate} ${train.size} ${inline[1].x}', vars: []}
              b: {cmd: '${own} ${train.size}', vars: [{own: 7}]}
              c: {foreach: [1], do: {cmd: '${own} ${item}', vars: [{own: 8}]}}
            """,
            "params.yaml": "train: {rate: 1}\n", "more.json": #"{"train": {"size": 2}, "x.y": 3}"#,
        ])
        #expect(file.stages.map(\.action.text) == ["1 2 6", "7 2", "8 1"])
        #expect(file.stages[0].parameters == ["train.rate": 1, "more.json:train.size": 2])
        #expect(file.stages[2].parameters.isEmpty)
    }

    @Test(arguments: [
        ("vars: {a: 1}", "'vars' of the file is no list"),
        ("vars: [{rate: 2}]", "'vars' of the file gives 'rate' a second value"),
        ("vars: [{t: {a: 1}}, {t: 3}]", "'vars' of the file gives 't' a second value"),
        ("vars: [{a: '${rate}'}]", "'vars' of the file holds a placeholder"),
        ("vars: [[a]]", "holds what is neither a file nor named values"),
        ("vars: [{a.b: 1}]", "holds what is neither a file nor named values"),
        ("vars: [no.yaml]", "names 'no.yaml', which is not there"),
        ("vars: ['m.json:b']", "takes 'b' of 'm.json'"),
        ("vars: [m.json]", "'x.y' of 'm.json', a name that is empty or has a dot"),
        ("vars: [../no.yaml]", "outside the workspace"),
    ])
    func `variables that make no sense name their line`(text: String, reason: String) throws {
        let error = try failure([
            "mlstore.yaml": "# first\n\(text)\nstages: {a: {cmd: x}}\n", "params.yaml": "rate: 1\n",
            "m.json": #"{"a": 1, "x.y": 2}"#,
        ])
        #expect(error.message.contains(reason), "\(error.message)")
        #expect(error.message.hasSuffix("(mlstore.yaml:2)"), "\(error.message)")
    }

    @Test func `an included file has its own folder, names and parameters`() throws {
        let file = try parse([
            "mlstore.yaml": """
            include: [eu/mlstore.yaml, more.yaml]
            stages:
              report: {cmd: 'report ${rate}', deps: [eu/model.bin]}
            """,
            "params.yaml": "rate: 1\n", "eu/params.yaml": "rate: 2\n",
            "more.yaml": "stages: {extra: {cmd: '${rate}'}}\n",
            "eu/mlstore.yaml": """
            include: [deep/mlstore.yaml]
            stages:
              fit:
                cmd: fit ${rate} ../data.csv
                deps: [../data.csv, code/fit.py]
                outs: [model.bin]
              members: {foreach: [a], do: {cmd: '${item}', outs: ['${item}.txt']}}
              cut: {split: {data: ../all.csv, test: 0.5}, outs: [train.csv, test.csv]}
            """,
            "eu/deep/mlstore.yaml": "stages: {a: {cmd: x, wdir: .., outs: [o]}}\n",
        ])
        #expect(
            file.stages.map(\.name) == [
                "report", "eu/fit", "eu/members@a", "eu/cut", "eu/deep/a", "extra",
            ])
        let fit = file.stages[1]
        #expect(fit.directory?.text == "eu")
        #expect(fit.dependencies.map(\.description) == ["data.csv", "eu/code/fit.py"])
        #expect(fit.outputs.map(\.description) == ["eu/model.bin"])
        #expect(fit.parameters == ["eu/params.yaml:rate": 2])
        #expect(fit.place.description == "eu/mlstore.yaml:3")
        #expect(file.stages[3].dependencies.map(\.description) == ["all.csv"])
        #expect(file.stages[3].step?.inputs.map(\.path) == ["all.csv"])
        #expect(file.stages[4].directory?.text == "eu")
        #expect(file.stages[4].outputs.map(\.description) == ["eu/o"])
        #expect(command(file, 5) == "1")
        #expect(try file.stages(named: "eu/members").count == 1)
    }

    @Test func `every file that a step names is one of its folder`() throws {
        let file = try parse([
            "mlstore.yaml": "include: [eu/mlstore.yaml]",
            "eu/mlstore.yaml": """
            stages:
              f:
                features:
                  data: late
                  do: [{join: {table: ../more.csv, key: [id]}}]
                outs: [f.csv]
              t: {train: {model: logistic, data: late, target: late}, outs: [m]}
            """,
        ])
        #expect(file.stages[0].dependencies.map(\.description) == ["eu/late", "more.csv"])
        #expect(file.stages[0].step?.inputs.map(\.path) == ["eu/late", "more.csv"])
        #expect(file.stages[1].step?.inputs.map(\.path) == ["eu/late"])
        #expect(file.stages[1].step?.canonical["target"] == "late")
    }

    @Test(arguments: [
        ("include: [no.yaml]", "includes 'no.yaml', which is not there", "mlstore.yaml:1"),
        ("include: [a.yaml, a.yaml]", "'a.yaml' is included a second time", "mlstore.yaml:1"),
        ("include: [mlstore.yaml]", "'mlstore.yaml' is included a second time", "mlstore.yaml:1"),
        ("include: [ring.yaml]", "'mlstore.yaml' is included a second time", "ring.yaml:2"),
        ("include: [../a.yaml]", "outside the workspace", "mlstore.yaml:1"),
        ("include: [bad.yaml]", "unknown key 'cdm'", "bad.yaml:2"),
        ("include: [a.yaml]\nstages: {a: {cmd: x}}", "a stage 'a' at mlstore.yaml:2", "a.yaml:1"),
        ("include: [sub/bad.yaml]", "writes '../../x'", "sub/bad.yaml:1"),
    ])
    func `an inclusion that makes no sense names file and line`(
        text: String, reason: String, place: String
    ) throws {
        let error = try failure([
            "mlstore.yaml": text, "a.yaml": "stages: {a: {cmd: x}}",
            "ring.yaml": "# first\ninclude: [mlstore.yaml]",
            "bad.yaml": "stages:\n  b: {cdm: x}",
            "sub/bad.yaml": "stages: {b: {cmd: x, outs: [../../x]}}",
        ])
        #expect(error.message.contains(reason), "\(error.message)")
        #expect(error.message.hasSuffix("(\(place))"), "\(error.message)")
    }

    @Test func `a command runs in the folder of its file, and is replayed there`() throws {
        let folder = try PipelineFolder(
            "include: [eu/mlstore.yaml]\nstages: {top: {cmd: pwd > where, outs: [where], wdir: eu}}"
        )
        try folder.folder.write("rows\n", to: "eu/in.txt")
        try folder.folder.write(
            "stages: {copy: {cmd: cat in.txt > out.txt, deps: [in.txt], outs: [out.txt]}}",
            to: "eu/mlstore.yaml")
        #expect(try folder.repro() == "top ran, eu/copy ran")
        #expect(try folder.folder.read("eu/out.txt") == "rows\n")
        #expect(try folder.folder.read("eu/where").hasSuffix("/eu\n"))
        #expect(try folder.lock.stages["eu/copy"]?.directory?.text == "eu")
        #expect(try folder.run(of: "eu/copy").directory?.text == "eu")
        var options = ReplayOptions()
        options.stages = ["eu/copy"]
        #expect(try replay(options, in: folder.workspace).allEqual)
        #expect(try folder.repro() == "top current, eu/copy current")
    }
}
