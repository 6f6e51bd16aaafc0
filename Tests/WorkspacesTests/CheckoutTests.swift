import Bytes
import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@Suite struct CheckoutTests {
    @Test func `a deleted file and a deleted folder come back byte for byte`() throws {
        let place = try WorkspaceFolder()
        let disk = LocalDisk()
        try place.add("a,b\n1,2\n", to: "table.csv")
        try place.folder.write("one", to: "data/a b/one")
        try place.folder.write("", to: "data/empty")
        try place.folder.write("run", to: "data/tool")
        try disk.setPermissions(place.folder.path / "data/tool", 0o755)
        try disk.makeSymlink(at: place.folder.path / "data/link", target: Array("a b/one".utf8))
        try disk.makeDirectories(place.folder.path / "data/hollow/deep")
        _ = try add([place.path("data")], in: place.workspace)

        try disk.removeTree(place.folder.path / "data")
        try disk.removeFile(place.folder.path / "table.csv")
        let report = try checkout(nil, in: place.workspace)

        #expect(report.filesWritten == 5)
        #expect(try place.folder.read("table.csv") == "a,b\n1,2\n")
        #expect(try place.folder.read("data/a b/one") == "one")
        #expect(try place.folder.read("data/empty") == "")
        #expect(try place.folder.read("data/link") == "one")
        #expect(try disk.readSymlink(place.folder.path / "data/link") == Array("a b/one".utf8))
        let tool = try disk.status(of: place.folder.path / "data/tool", followingLinks: false)
        #expect(tool?.isExecutable == true)
        #expect(try place.folder.has("data/hollow/deep"))
        #expect(try status(in: place.workspace).paths.allSatisfy { $0.state == .clean })
    }

    @Test func `a large file comes back`() throws {
        let place = try WorkspaceFolder()
        var text = ""
        for line in 0..<200_000 { text += "\(line),\(line &* 7919 % 10007)\n" }
        try place.add(text, to: "big.csv")
        try LocalDisk().removeFile(place.folder.path / "big.csv")
        let report = try checkout(nil, in: place.workspace)
        #expect(report.bytesWritten == text.utf8.count)
        #expect(try place.folder.read("big.csv") == text)
    }

    @Test func `what is right already is left alone, and nothing is recorded`() throws {
        let place = try WorkspaceFolder()
        try place.add("x", to: "data/x", tracked: "data")
        let before = try operationLog(of: place.workspace).count
        let report = try checkout(nil, in: place.workspace)
        #expect(report.filesWritten == 0)
        #expect(report.unchanged == 1)
        #expect(report.sequence == nil)
        #expect(try operationLog(of: place.workspace).count == before)
    }

    @Test func `a changed file that is not stored is refused, and nothing is changed`() throws {
        let place = try WorkspaceFolder()
        try place.add("old", to: "a")
        try place.add("old", to: "b")
        try place.folder.write("mine", to: "a")
        try LocalDisk().removeFile(place.folder.path / "b")
        let kind = place.failure { _ = try checkout(nil, in: place.workspace) }
        #expect(kind == .unsavedChanges)
        #expect(try place.folder.read("a") == "mine")
        #expect(try !place.folder.has("b"))
    }

    @Test func `force stores what it overwrites, and undo brings it back`() throws {
        let place = try WorkspaceFolder()
        try place.add("old", to: "a")
        try place.folder.write("mine", to: "a")
        var options = CheckoutOptions()
        options.force = true
        let report = try checkout(nil, in: place.workspace, options: options)
        #expect(report.saved == [try place.path("a")])
        #expect(try place.folder.read("a") == "old")
        _ = try undo(in: place.workspace)
        #expect(try place.folder.read("a") == "mine")
        _ = try undo(in: place.workspace)
        #expect(try place.folder.read("a") == "old")
    }

    @Test func `files that do not belong into a folder go only if they are stored`() throws {
        let place = try WorkspaceFolder()
        try place.add("one", to: "data/one", tracked: "data")
        try place.folder.write("one", to: "data/copy/of one")
        var report = try checkout(nil, in: place.workspace)
        #expect(report.filesRemoved == 1)
        #expect(try !place.folder.has("data/copy"))

        try place.folder.write("new work", to: "data/new")
        #expect(place.failure { _ = try checkout(nil, in: place.workspace) } == .unsavedChanges)
        #expect(try place.folder.has("data/new"))
        var options = CheckoutOptions()
        options.force = true
        report = try checkout(nil, in: place.workspace, options: options)
        #expect(try !place.folder.has("data/new"))
        _ = try undo(in: place.workspace)
        #expect(try place.folder.read("data/new") == "new work")
        #expect(try place.folder.read("data/one") == "one")
    }

    @Test func `a part of a tracked folder can be checked out alone`() throws {
        let place = try WorkspaceFolder()
        try place.folder.write("2", to: "data/sub/two")
        try place.add("1", to: "data/one", tracked: "data")
        try LocalDisk().removeTree(place.folder.path / "data")
        _ = try checkout([place.path("data/sub")], in: place.workspace)
        #expect(try place.folder.read("data/sub/two") == "2")
        #expect(try !place.folder.has("data/one"))
        let none = place.failure {
            _ = try checkout([place.path("data/three")], in: place.workspace)
        }
        #expect(none == .notFound)
        let untracked = place.failure {
            _ = try checkout([place.path("elsewhere")], in: place.workspace)
        }
        #expect(untracked == .notFound)
    }

    @Test func `nothing is written through a link in the place of a folder`() throws {
        let place = try WorkspaceFolder()
        try place.add("x", to: "data/x")
        let outside = try TemporaryFolder()
        let disk = LocalDisk()
        try disk.removeFile(place.folder.path / "data/x")
        let pointer = try place.folder.read("data/x.mlstore")
        try disk.removeTree(place.folder.path / "data")
        try outside.write(pointer, to: "x.mlstore")
        try disk.makeSymlink(at: place.folder.path / "data", target: outside.path.bytes)
        _ = place.failure { _ = try checkout([place.path("data/x")], in: place.workspace) }
        #expect(try !outside.has("x"))
    }

    @Test func `a content that is nowhere is named with what to do`() throws {
        let place = try WorkspaceFolder()
        let blob = BlobID(sha256([1, 2, 3]))
        let pointer = Pointer(kind: .dataset, content: .file(blob), sizeBytes: 3)
        try place.folder.write(pointer.text, to: "gone.mlstore")
        func hint() -> String {
            let error = #expect(throws: StoreError.self) {
                _ = try checkout(nil, in: place.workspace)
            }
            #expect(error?.kind == .notInStore)
            return error?.advice ?? ""
        }
        #expect(hint().contains("mlstore remote add origin"))
        let settings = "[remote.near]\nurl = \"file:///r\"\n"
        try place.folder.write(settings, to: ".mlstore/config.toml")
        #expect(hint() == "run 'mlstore pull' to fetch it from remote 'near' (file:///r)")
        try place.folder.write(
            settings + "[remote.far]\nurl = \"file:///s\"\n", to: ".mlstore/config.toml")
        #expect(hint().hasSuffix("from one of the remotes 'far', 'near'"))
    }

    @Test func `an older revision of git is checked out with its pointers`() throws {
        let place = try WorkspaceFolder(git: true)
        try place.add("v1", to: "data/x")
        try place.folder.run("git", "add", ".")
        try place.folder.run("git", "commit", "-q", "-m", "one")
        try place.add("v2", to: "data/x")
        var options = CheckoutOptions()
        options.source = .revision("HEAD")
        _ = try checkout([place.path("data/x")], in: place.workspace, options: options)
        #expect(try place.folder.read("data/x") == "v1")
        #expect(try status(in: place.workspace).paths.allSatisfy { $0.state == .clean })
        _ = try undo(in: place.workspace)
        #expect(try place.folder.read("data/x") == "v2")
        #expect(try status(in: place.workspace).paths.allSatisfy { $0.state == .clean })
    }

    @Test func `a file that was changed behind a checkout is seen as changed`() throws {
        let place = try WorkspaceFolder()
        try place.add("one", to: "data/one", tracked: "data")
        try place.add("two", to: "two")
        try LocalDisk().removeTree(place.folder.path / "data")
        try LocalDisk().removeFile(place.folder.path / "two")
        _ = try checkout(nil, in: place.workspace)
        #expect(try status(in: place.workspace).paths.allSatisfy { $0.state == .clean })
        try place.folder.write("ONE", to: "data/one")
        try place.folder.write("TWO", to: "two")
        #expect(try status(in: place.workspace).paths.allSatisfy { $0.state == .modified })
    }

    @Test func `a file in the place of a folder and a folder in the place of a file make way`()
        throws
    {
        let place = try WorkspaceFolder()
        try place.folder.write("x", to: "data/was folder/x")
        try place.add("y", to: "data/was file", tracked: "data")
        let disk = LocalDisk()
        try disk.removeTree(place.folder.path / "data")
        try place.folder.write("x", to: "data/was folder")
        try place.folder.write("y", to: "data/was file/inner")
        _ = try checkout(nil, in: place.workspace)
        #expect(try place.folder.read("data/was folder/x") == "x")
        #expect(try place.folder.read("data/was file") == "y")
        _ = try undo(in: place.workspace)
        #expect(try place.folder.read("data/was folder") == "x")
        #expect(try place.folder.read("data/was file/inner") == "y")
    }

    @Test func `the right to execute is set and taken without writing the file`() throws {
        let place = try WorkspaceFolder()
        try place.add("run", to: "data/tool", tracked: "data")
        let tool = place.folder.path / "data/tool"
        try LocalDisk().setPermissions(tool, 0o755)
        let report = try checkout(nil, in: place.workspace)
        #expect(report.filesWritten == 0)
        #expect(try LocalDisk().status(of: tool, followingLinks: false)?.isExecutable == false)
        _ = try undo(in: place.workspace)
        #expect(try LocalDisk().status(of: tool, followingLinks: false)?.isExecutable == true)
    }

    @Test func `many small files are written side by side`() throws {
        let place = try WorkspaceFolder()
        for number in 0..<700 {
            try place.folder.write("file \(number)", to: "data/\(number % 7)/\(number)")
        }
        _ = try add([place.path("data")], in: place.workspace)
        try LocalDisk().removeTree(place.folder.path / "data")
        let report = try checkout(nil, in: place.workspace)
        #expect(report.filesWritten == 700)
        #expect(try place.folder.read("data/6/699") == "file 699")
    }

    @Test func `what an interrupted checkout left is in nobody's way`() throws {
        let place = try WorkspaceFolder()
        for name in ["top", "in/a", "in/deep/b", "in/deep/er/c"] {
            try place.folder.write(name, to: "data/\(name)")
        }
        _ = try add([place.path("data")], in: place.workspace)
        try place.folder.run("rm", "-r", "data/in")
        try place.folder.write("half", to: "data/.mlstore-tmp-work-folders/1/a")
        #expect(try checkout(nil, in: place.workspace).filesWritten == 3)
        #expect(try !place.folder.has("data/.mlstore-tmp-work-folders"))
        #expect(try place.folder.read("data/in/deep/er/c") == "in/deep/er/c")
        #expect(try status(in: place.workspace).paths.map(\.state) == [.clean])
    }

    @Test(arguments: [true, false])
    func `a checkout of an older snapshot takes what was moved or added and committed since`(
        git: Bool
    ) throws {
        let place = try WorkspaceFolder(git: git)
        try place.add("1", to: "kept")
        try place.add("2", to: "old/moved")
        let first = try commitSnapshot(in: place.workspace, options: CommitOptions()).id
        try place.add("3", to: "since")
        _ = try move(place.path("old/moved"), to: place.path("new"), in: place.workspace)
        _ = try commitSnapshot(in: place.workspace, options: CommitOptions())
        _ = try move(place.path("new"), to: place.path("newer"), in: place.workspace)
        try place.add("4", to: "uncommitted")
        var options = CheckoutOptions()
        options.source = .snapshot(first)
        _ = try checkout([place.path("old/moved")], in: place.workspace, options: options)
        #expect(try place.folder.has("newer") && place.folder.has("since"))
        _ = try undo(in: place.workspace)
        _ = try checkout(nil, in: place.workspace, options: options)
        for name in ["kept", "old/moved", "uncommitted"] {
            #expect(try place.folder.has(name) && place.folder.has(name + ".mlstore"), "\(name)")
        }
        for name in ["since", "new", "newer"] {
            #expect(try !place.folder.has(name) && !place.folder.has(name + ".mlstore"), "\(name)")
        }
        if git {
            #expect(try place.folder.read(".gitignore") == "/kept\n/uncommitted\n")
            #expect(try place.folder.read("old/.gitignore") == "/moved\n")
        }
        _ = try undo(in: place.workspace)
        #expect(try place.folder.read("newer") == "2")
        #expect(try place.folder.read("since") == "3")
        #expect(try !place.folder.has("old/moved"))
        // What is nowhere else is never taken.
        try place.folder.write("mine", to: "newer")
        #expect(
            place.failure { _ = try checkout(nil, in: place.workspace, options: options) }
                == .unsavedChanges)
        #expect(try place.folder.read("newer") == "mine")
    }

    @Test func `what somebody else has in the making is not litter`() throws {
        let place = try WorkspaceFolder()
        try place.folder.write("1", to: "data/a/x")
        _ = try add([place.path("data")], in: place.workspace)
        try place.folder.write(
            #"[{"command":"checkout","paths":["data"]}]"#, to: ".mlstore/state/unfinished")
        let litter = [".mlstore-tmp-work-0", "data/.mlstore-tmp-work-folders/1/x"]
        // Of a `get`; of a workspace inside; behind a link; of the user.
        let others = [
            ".mlstore-tmp-0", "data/a/.mlstore-tmp-get-3f/x", "data/a/.mlstore/.mlstore-tmp-work-0",
            "elsewhere/.mlstore-tmp-work-0", "data/.mlstore-work-0",
        ]
        for name in litter + others { try place.folder.write("half", to: name) }
        try place.folder.run("ln", "-s", "../elsewhere", "data/link")
        _ = try? checkout(nil, in: place.workspace)
        for name in litter { #expect(try !place.folder.has(name), "\(name)") }
        for name in others { #expect(try place.folder.has(name), "\(name)") }
    }

    @Test func `of a checkout that fails no half file or folder is left`() throws {
        let place = try WorkspaceFolder()
        for index in 0..<40 {
            try place.folder.write("some text \(index)", to: "data/d\(index / 10)/f\(index)")
        }
        _ = try add([place.path("data")], in: place.workspace)
        try LocalDisk().removeTree(place.folder.path / "data")
        let packs = place.folder.path / ".mlstore/store/packs"
        for entry in try LocalDisk().entriesWithStatus(of: packs) {
            let file = try LocalDisk().openFile(packs.appending(entry.name), .readWrite)
            // Behind the first frame's prefix: what it holds no longer decodes to what it should.
            try file.write([0xff, 0xff, 0xff, 0xff], at: entry.status.size / 3)
            try file.close()
        }
        #expect(throws: StoreError.self) {
            _ = try checkout(
                nil, in: try Workspace.open(from: place.folder.path, on: WorkspaceFolder.machine()))
        }
        #expect(try !place.folder.has("data/.mlstore-tmp-work-folders"))
        #expect(try !place.folder.has(".mlstore-tmp-work-folders"))
        for index in 0..<40 where try place.folder.has("data/d\(index / 10)/f\(index)") {
            let text = try place.folder.read("data/d\(index / 10)/f\(index)")
            #expect(text == "some text \(index)")
        }
    }
}
