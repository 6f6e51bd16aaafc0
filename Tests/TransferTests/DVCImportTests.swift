import Platform
import TestSupport
import Testing
import Transfer
import Vocabulary
import Workspaces

/// Import from DVC projects, which are laid out here by hand, with the hashes of `md5sum`.
@Suite struct DVCImportTests {
    private let machine = Machine(
        disk: LocalDisk(), clock: .forTests, entropy: .seeded(7), threads: 2, bootID: nil)
    private let folder: TemporaryFolder
    private let workspace: Workspace

    init() throws {
        folder = try TemporaryFolder()
        try LocalDisk().makeDirectories(folder.path / "w")
        workspace = try Workspace.create(at: folder.path / "w", on: machine).workspace
        try shell(
            """
            mkdir -p dvc/.dvc dvc/data
            printf "[core]\\n    remote = store\\n['remote \\"store\\"']\\n    url = ../../store\\n" > dvc/.dvc/config
            """)
        try shell(
            """
            printf 'one\\n' > x && put x && printf 'outs:\\n- md5: %s\\n  size: 4\\n  hash: md5\\n  path: one.txt\\n' $sum > dvc/data/one.txt.dvc
            a=$sum; printf 'two\\n' > x && put x; b=$sum
            printf '[{"md5": "%s", "relpath": "a.txt"}, {"md5": "%s", "relpath": "sub/b.txt"}]' $a $b > x && put x .dir
            printf 'schema: "2.0"\\nstages:\\n  make:\\n    cmd: make\\n    outs:\\n    - path: out\\n      hash: md5\\n      md5: %s.dir\\n      nfiles: 2\\n' $sum > dvc/dvc.lock
            """)
    }

    /// `put FILE [SUFFIX]` moves a file into the store under its hash, `sum`; `layout` is where.
    private func shell(_ script: String, layout: String = "files/md5/") throws {
        let put = """
            export GIT_CONFIG_NOSYSTEM=1 HOME=$PWD GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@b
            export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@b
            put() {
              sum=$(md5sum < "$1" | cut -c1-32); rest=${sum#??}
              mkdir -p "store/\(layout)${sum%$rest}"; mv "$1" "store/\(layout)${sum%$rest}/$rest$2"
            }

            """
        let outcome = try ChildProcess(
            arguments: ["/bin/sh", "-ec", put + script], directory: folder.path,
            environment: Environment.variables, standardOutput: .discard
        ).run()
        #expect(outcome.succeeded, "\(script)")
    }

    private func take(
        _ path: String, of place: String = "../dvc", rev revision: String? = nil,
        to target: String
    ) throws -> ImportedPath {
        try importContent(
            ImportSource(place: place, path: try RepoPath(path), revision: revision),
            to: try RepoPath(target), in: workspace, from: workspace.root)
    }

    private func refusal(_ body: () throws -> Void) -> StoreError? {
        #expect(throws: StoreError.self) { try body() }
    }

    /// Nothing of an import that failed is left.
    private func checkTidy() throws {
        let names = try LocalDisk().entries(of: workspace.root)
            .map { String(decoding: $0.name, as: UTF8.self) }
        #expect(names.allSatisfy { !$0.hasPrefix(temporaryNamePrefix) && $0 != "bad" }, "\(names)")
    }

    @Test func `files, folders and parts of folders come, also from the cache`() throws {
        let first = try take("data/one.txt", to: "one.txt")
        #expect(try folder.read("w/one.txt") == "one\n")
        #expect(first.added?.pointer.sizeBytes == 4)
        #expect(try take("out", to: "out").added?.pointer.files == 2)
        #expect(try folder.read("w/out/sub/b.txt") == "two\n")
        _ = try take("out/sub", to: "sub")
        #expect(try folder.read("w/sub/b.txt") == "two\n")
        _ = try take("out/a.txt", to: "a.txt")
        #expect(try folder.read("w/a.txt") == "one\n")
        try shell("mkdir -p dvc/.dvc/cache && mv store/files dvc/.dvc/cache/")
        _ = try take("out", to: "again")
        #expect(try folder.read("w/again/a.txt") == "one\n")
        for bad in ["nothing", "out/none", "data/one.txt/x", "data"] {
            let error = refusal { _ = try take(bad, to: "bad") }
            #expect(error?.kind == .notFound && error?.advice != nil, "\(bad)")
        }
        try checkTidy()
    }

    @Test func `a revision is what git says, and update follows it`() throws {
        try shell(
            """
            printf "['remote \\"store\\"']\\n    url = $PWD/store\\n[core]\\n    remote = store\\n" > dvc/.dvc/config
            cd dvc && git init -q -b main . && git add . && git commit -qm one && git tag v1 && cd ..
            printf 'newer\\n' > x && put x && sed -i "s/md5: ................................/md5: $sum/" dvc/data/one.txt.dvc
            """)
        // What is not committed does not count.
        _ = try take("data/one.txt", to: "main.txt")
        #expect(try folder.read("w/main.txt") == "one\n")
        let target = try RepoPath("main.txt")
        #expect(try update(target, in: workspace).added == nil)
        try shell("cd dvc && git commit -qam two")
        #expect(try update(target, in: workspace).added != nil)
        #expect(try folder.read("w/main.txt") == "newer\n")
        _ = try take("data/one.txt", rev: "v1", to: "v1.txt")
        #expect(try folder.read("w/v1.txt") == "one\n")
        // From a git server, with a clone that goes.
        let server = "git+file://\(folder.path)/dvc"
        _ = try take("data/one.txt", of: server, rev: "v1", to: "server.txt")
        #expect(try folder.read("w/server.txt") == "one\n")
        #expect(
            refusal { _ = try take("none", of: server, to: "bad") }?.message.contains(server)
                == true)
        #expect(refusal { _ = try take("data/one.txt", rev: "v9", to: "bad") }?.kind == .notFound)
        try checkTidy()
    }

    @Test func `what DVC 2 kept is found, with the line ends that it hashed`() throws {
        try shell(
            """
            printf 'a\\nb\\n' > x && sum=$(md5sum < x | cut -c1-32); rest=${sum#??}
            mkdir -p store/${sum%$rest} && printf 'a\\r\\nb\\r\\n' > store/${sum%$rest}/$rest
            printf 'outs:\\n- md5: %s\\n  path: old.txt\\n' $sum > dvc/old.txt.dvc
            """)
        _ = try take("old.txt", to: "old.txt")
        #expect(try folder.read("w/old.txt") == "a\r\nb\r\n")
    }

    @Test func `damage, lies and what is not supported are refused, and nothing is left`() throws {
        func list(_ entry: String) throws {
            try shell(
                """
                printf '[\(entry)]' > x && put x .dir
                printf 'outs:\\n- md5: %s.dir\\n  hash: md5\\n  path: bad\\n' $sum > dvc/bad.dvc
                """)
        }
        let md5 = "5bbf5a52328e7439ae6e719dfe712200"  // of "one\n"
        for name in ["../x", "/x", ".git/config", ".mlstore/x", "a//b", ""] {
            try list(#"{"md5": "\#(md5)", "relpath": "\#(name)"}"#)
            #expect(refusal { _ = try take("bad", to: "bad") } != nil, "\(name)")
        }
        let twice = #"{"md5": "\#(md5)", "relpath": "a"}"#
        for entries in [
            twice + "," + twice, #"{"relpath": "a"}"#, #"{"md5": "../x", "relpath": "a"}"#,
            twice + "," + #"{"md5": "\#(md5)", "relpath": "a/b"}"#, "1",
        ] {
            try list(entries)
            #expect(refusal { _ = try take("bad", to: "bad") } != nil, "\(entries)")
        }
        try shell("printf 'two\\n' > $(find store -name 'bf5a*')")
        let damaged = refusal { _ = try take("data/one.txt", to: "bad") }
        #expect(damaged?.kind == .corrupt && damaged?.message.contains("MD5") == true)
        try shell("rm -r store/files")
        #expect(refusal { _ = try take("data/one.txt", to: "bad") }?.kind == .notFound)
        for text in ["outs: [", "wdir: ..\nouts: []", "outs:\n- path: bad\n  md5: x"] {
            try folder.write(text, to: "dvc/bad.dvc")
            #expect(refusal { _ = try take("bad", to: "bad") }?.kind == .malformed, "\(text)")
        }
        #expect(refusal { _ = try take("data/one.txt", rev: "v1", to: "bad") } != nil)
        try checkTidy()
    }
}
