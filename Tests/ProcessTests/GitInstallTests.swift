import Platform
import TestSupport
import Testing
import Vocabulary

/// What `mlstore install` gives git, with the real git.
@Suite struct GitInstallTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try succeed("git init -q -b main . && mlstore init -q")
    }

    @discardableResult
    private func succeed(
        _ line: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let result = try run(line)
        #expect(
            result.status == 0, "\(line): \(result.output)\(result.errors)",
            sourceLocation: sourceLocation)
        return result.output
    }

    private func run(_ line: String) throws -> BuiltProgram.Result {
        try BuiltProgram.shell(line, in: folder.path)
    }

    /// Tracks and commits a table of five rows and a folder of two files.
    private func commitData() throws {
        try folder.write("id,v\n1,a\n2,b\n3,c\n4,d\n5,e\n", to: "t.csv")
        try folder.write("one", to: "d/a")
        try folder.write("two", to: "d/b")
        try succeed("mlstore add -q t.csv d && git add -A && git commit -q -m one")
    }

    private func table(_ rows: String...) throws {
        try folder.write("id,v\n" + rows.map { $0 + "\n" }.joined(), to: "t.csv")
    }

    // MARK: - Installing

    @Test
    func `installing twice changes nothing the second time, and uninstalling leaves no trace`()
        throws
    {
        try succeed("git config --list --local > before; ls -R .git > files")
        #expect(try succeed("mlstore install").contains("wrote the hook 'pre-commit'"))
        #expect(try succeed("mlstore install") == "all was set\n")
        #expect(try succeed("mlstore install --json").contains(#""changes": []"#))
        #expect(try succeed("mlstore install --uninstall").contains("removed the hook 'pre-push'"))
        #expect(
            try succeed("mlstore install --uninstall")
                == "nothing of mlstore is in this repository's git\n")
        try succeed("git config --list --local | cmp - before")
        try succeed(
            "rm files before; git check-attr -a x.mlstore | grep -q mlstore && exit 1; true")
    }

    @Test func `a hook and patterns of the user's own are left as they are`() throws {
        try folder.write("#!/bin/sh\nexit 0\n", to: ".git/hooks/pre-commit")
        try folder.write("*.txt text\n", to: ".git/info/attributes")
        let result = try run("mlstore install")
        #expect(result.status == 0)
        #expect(result.errors.contains("the hook 'pre-commit' was left as it is"))
        #expect(result.errors.contains("git-hook pre-commit"))
        #expect(try folder.read(".git/hooks/pre-commit") == "#!/bin/sh\nexit 0\n")
        try succeed("mlstore install --uninstall")
        #expect(try folder.read(".git/hooks/pre-commit") == "#!/bin/sh\nexit 0\n")
        #expect(try folder.read(".git/info/attributes") == "*.txt text\n")
        try succeed("git config core.hooksPath elsewhere")
        let elsewhere = try run("mlstore install")
        #expect(elsewhere.errors.contains("git takes its hooks from 'elsewhere'"))
        #expect(try !folder.has(".git/hooks/pre-push"))
    }

    @Test func `outside of git there is nothing to install into`() throws {
        let other = try TemporaryFolder()
        let result = try BuiltProgram.shell("mlstore init -q && mlstore install", in: other.path)
        #expect(result.status == 1)
        #expect(result.errors.contains("is not in a git repository"))
    }

    // MARK: - Showing

    @Test func `diff, log and show print rows and files instead of ids`() throws {
        try succeed("mlstore install -q")
        try commitData()
        try table("1,a", "2,x", "3,c", "4,d", "5,e", "6,f")
        try folder.write("new", to: "d/c")
        try succeed("mlstore add -q t.csv d")
        let diff = try succeed("git diff")
        #expect(diff.contains("diff mlstore t.csv.mlstore"))
        #expect(diff.contains("example  id=2: v b -> x"))
        #expect(diff.contains("added    c"))
        #expect(!diff.contains("sha256"))
        try succeed("git commit -q -a -m two")
        #expect(try succeed("git diff HEAD~1 HEAD -- t.csv.mlstore").contains("added    id=6"))
        for line in ["git log -p -1", "git show"] {
            let text = try succeed(line)
            #expect(text.contains("-2,b\n+2,x"), "\(line)")
            #expect(text.contains("+6,f"), "\(line)")
            #expect(text.contains("+c 3 "), "\(line)")
        }
        #expect(try succeed("git log -p -1 --ext-diff").contains("example  id=2: v b -> x"))
        // Removed, in a folder below, and of no use as a pointer.
        try succeed("git rm -q d.mlstore && mkdir s && cp t.csv s/u.csv && mlstore add -q s/u.csv")
        try succeed("git add -A")
        #expect(try succeed("cd s && git diff --cached").contains("s/u.csv   added"))
        #expect(try succeed("git diff --cached").contains("d   removed"))
        try folder.write("no pointer\n", to: "t.csv.mlstore")
        #expect(try succeed("git diff").contains("+no pointer"))
    }

    @Test func `a large table shows the parts that changed, within bounds`() throws {
        try succeed("mlstore install -q")
        try succeed(
            "(echo id,v; seq 1 900000 | sed 's/$/,same/') > big.csv && mlstore add -q big.csv")
        try succeed(
            "git add -A && git commit -q -m one && sed -i 's/^500000,.*/500000,other/' big.csv")
        try succeed("mlstore add -q big.csv && git commit -q -a -m two")
        let text = try succeed("git show")
        #expect(text.contains("+part of "))
        #expect(text.utf8.count < 4000)
        #expect(try succeed("git show --ext-diff").contains("id=500000: v same -> other"))
    }

    // MARK: - Merging

    /// Makes two branches of the committed data; `main` is checked out.
    private func branch(ours: () throws -> Void, theirs: () throws -> Void) throws {
        try commitData()
        try succeed("git checkout -q -b topic")
        try theirs()
        try succeed("mlstore add -q t.csv d && git commit -q -a -m theirs && git checkout -q main")
        try succeed("mlstore checkout -q --force")
        try ours()
        try succeed("mlstore add -q t.csv d && git commit -q -a -m ours")
    }

    @Test func `tables and folders of both sides are put together`() throws {
        try succeed("mlstore install -q")
        try branch {
            try table("1,mine", "2,b", "3,c", "5,e", "7,g")
            try folder.write("ours", to: "d/ours")
        } theirs: {
            try table("1,a", "2,b", "3,theirs", "4,d", "5,e", "6,\"f,6\"")
            try folder.write("theirs", to: "d/sub/theirs")
            try succeed("rm d/b")
        }
        let result = try run("git merge -q -m merged topic")
        #expect(result.status == 0, "\(result.errors)")
        try succeed("mlstore checkout -q && mlstore status -q")
        #expect(
            try folder.read("t.csv") == "id,v\n1,mine\n2,b\n3,theirs\n5,e\n7,g\n6,\"f,6\"\n")
        #expect(try succeed("cd d && find . -type f | sort") == "./a\n./ours\n./sub/theirs\n")
        // What the pointers say is what 'add' would say.
        try succeed("mlstore add -q t.csv d && git diff --quiet && mlstore fsck -q")
    }

    @Test func `what both sides changed is a conflict that names it and loses nothing`() throws {
        try succeed("mlstore install -q")
        try branch {
            try table("1,mine", "2,b", "3,c", "4,d", "6,x")
            try folder.write("mine", to: "d/a")
        } theirs: {
            try table("1,theirs", "2,b", "3,c", "4,d", "5,changed", "6,y")
            try folder.write("theirs", to: "d/a")
        }
        let result = try run("git merge topic")
        #expect(result.status == 1)
        #expect(result.errors.contains("id=1 (changed on both sides)"))
        #expect(result.errors.contains("id=6 (added on both sides)"))
        #expect(result.errors.contains("id=5 (changed there, removed here)"))
        #expect(result.errors.contains("'d/a': both sides changed it"))
        let pointer = try folder.read("t.csv.mlstore")
        #expect(pointer.contains("<<<<<<< ours") && pointer.contains(">>>>>>> theirs"))
        let status = try run("mlstore status")
        #expect((status.output + status.errors).contains("conflict marker"))
        // Either side can be had, also after a collection.
        try succeed("mlstore gc -q")
        try succeed(
            "git checkout -q --theirs t.csv.mlstore d.mlstore && mlstore checkout -q --force")
        #expect(try folder.read("t.csv").contains("1,theirs"))
        #expect(try folder.read("d/a") == "theirs")
        try succeed("git checkout -q --ours t.csv.mlstore d.mlstore && mlstore checkout -q --force")
        #expect(try folder.read("t.csv").contains("1,mine"))
    }

    @Test(arguments: [
        ("no columns name its rows", "1,a\n1,b\n", "1,a\n1,c\n", "1,a\n1,a\n"),
        ("its columns are not the same", "1,a\n", "1,b\n", "k\n1\n"),
    ])
    func `tables that cannot be matched are a conflict`(
        why: String, base: String, ours: String, theirs: String
    ) throws {
        try succeed("mlstore install -q")
        func write(_ rows: String) throws {
            try folder.write(rows.hasPrefix("k") ? rows : "id,v\n" + rows, to: "u.csv")
        }
        try write(base)
        try succeed(
            "mlstore add -q u.csv && git add -A && git commit -q -m one && git branch topic")
        try write(ours)
        try succeed("mlstore add -q u.csv && git commit -q -a -m ours && git checkout -q topic")
        try write(theirs)
        try succeed("mlstore add -q u.csv && git commit -q -a -m theirs")
        let result = try run("git merge main")
        #expect(result.status == 1)
        #expect(result.errors.contains(why), "\(result.errors)")
    }

    @Test func `lock files are merged stage by stage`() throws {
        try succeed("mlstore install -q")
        let stages =
            "stages:\n  a: {cmd: cp p q, deps: [p], outs: [q]}\n"
            + "  b: {cmd: cp r s, deps: [r], outs: [s]}\n"
        try folder.write(stages, to: "mlstore.yaml")
        try succeed("echo 1 > p; echo 1 > r; mlstore repro -q; git add -A; git commit -q -m one")
        try succeed("git checkout -q -b topic && echo 2 > p && mlstore repro -q")
        try succeed("git commit -q -a -m theirs && git checkout -q main && echo 3 > r")
        try succeed("mlstore checkout -q --force; mlstore repro -q && git commit -q -a -m ours")
        try succeed("git merge -q -m merged topic && mlstore checkout -q --force")
        try succeed("mlstore status -q")
        try succeed("git checkout -q -b other HEAD~1 && echo 4 > p && mlstore repro -q")
        let result = try run("git commit -q -a -m other && git merge topic")
        #expect(result.status == 1)
        #expect(result.errors.contains("both sides ran the same stage"))
        #expect(try folder.read("mlstore.lock").contains("<<<<<<<"))
    }

    // MARK: - Hooks

    @Test func `a commit says what it leaves out, and refuses what nobody could read`() throws {
        try succeed("mlstore install -q")
        try commitData()
        try table("1,z")
        try succeed("echo x > note && git add note")
        let changed = try run("git commit -q -m note")
        #expect(changed.status == 0)
        #expect(changed.errors.contains("'t.csv' changed and is not in this commit"))
        try succeed("mlstore add -q t.csv && echo y > note && git add note")
        let unstaged = try run("git commit -q -m note")
        #expect(unstaged.errors.contains("the pointer 't.csv.mlstore' is not in this commit"))
        // Of 'commit PATH' git makes an index of its own.
        #expect(try run("git commit -q -m t t.csv.mlstore").errors.isEmpty)
        try succeed("sed -i 's/^id: sha256:../id: sha256:00/' t.csv.mlstore && git add -A")
        let absent = try run("git commit -q -m absent")
        #expect(absent.status == 1)
        #expect(absent.errors.contains("its content is not in this store"))
        try succeed("printf '<<<<<<< ours\\n' > t.csv.mlstore && git add -A")
        let broken = try run("git commit -q -m broken")
        #expect(broken.status == 1)
        #expect(broken.errors.contains("cannot commit 't.csv.mlstore'"))
    }

    @Test func `a push of git pushes what the commits name, older ones too, or does not happen`()
        throws
    {
        try succeed("mlstore install -q && git init -q --bare ../$(basename $PWD).git")
        try succeed("git remote add origin ../$(basename $PWD).git")
        try commitData()
        let without = try run("git push -q origin main")
        #expect(without.status == 0)
        #expect(without.errors.contains("no remote for data"))
        try succeed("mlstore remote add -q origin file://$PWD/remote && git add -A")
        try table("1,z")
        try succeed("mlstore add -q t.csv && git commit -q -a -m two")
        try table("1,y")
        try succeed("mlstore add -q t.csv && git commit -q -a -m three && git push -q origin main")
        // A clone gets all three versions.
        try succeed(
            "git clone -q -b main ../$(basename $PWD).git clone && cd clone && git checkout -q HEAD~1"
        )
        #expect(try succeed("cd clone && mlstore pull -q && cat t.csv") == "id,v\n1,z\n")
        // Without the content, and with nowhere to push it to, git does not push.
        try table("1,x")
        try succeed("mlstore add -q t.csv && git commit -q -a -m four && mv remote gone")
        try succeed("printf x > remote")
        #expect(try run("git push -q origin main").status != 0)
        try succeed("rm remote; mv gone remote; git push -q origin main")
        try succeed("git push -q origin :main || true; rm -rf ../$(basename $PWD).git")
    }
}
