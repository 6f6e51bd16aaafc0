import Platform
import Remotes
import TestSupport
import Testing
import Vocabulary

/// What is imported from real servers by the real program.
@Suite struct ImportServersTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func run(_ line: String) throws -> BuiltProgram.Result {
        let secret = BucketServer.keys
        let setting = """
            export no_proxy=127.0.0.1 AWS_ACCESS_KEY_ID=\(secret.accessKey) AWS_SECRET_ACCESS_KEY=\(secret.secretKey)
            export GIT_CONFIG_NOSYSTEM=1 HOME=$PWD GIT_AUTHOR_NAME=A GIT_AUTHOR_EMAIL=a@b
            export GIT_COMMITTER_NAME=A GIT_COMMITTER_EMAIL=a@b

            """
        return try BuiltProgram.shell(setting + line, in: folder.path)
    }

    @discardableResult
    private func succeed(_ line: String) throws -> String {
        let result = try run(line)
        try #require(result.status == 0, "\(line): \(result.output)\(result.errors)")
        return result.output
    }

    /// A DVC project in git, laid out by hand with the hashes of `md5sum`: a file and a folder, whose data is
    /// in `store` alone. `settings` are those of its remote.
    private func makeProject(_ settings: String) throws {
        try folder.write(
            "[core]\n    remote = far\n['remote \"far\"']\n\(settings)", to: "project/.dvc/config")
        try succeed(
            #"""
            put() {
              sum=$(md5sum < "$1" | cut -c1-32); rest=${sum#??}
              mkdir -p "store/files/md5/${sum%$rest}"; mv "$1" "store/files/md5/${sum%$rest}/$rest$2"
            }
            git init -q project
            head -c 9000000 /dev/urandom >x && cp x one && put x
            printf 'outs:\n- md5: %s\n  size: 9000000\n  hash: md5\n  path: one.bin\n' $sum >project/one.bin.dvc
            mkdir two && list= && for i in $(seq 40); do
            echo "file $i" >two/$i.txt && cp two/$i.txt x && put x
            list="$list{'md5': '$sum', 'relpath': '$i.txt'}, "; done
            printf '[%s]' "${list%, }" | tr "'" '"' >x && put x .dir
            printf 'outs:\n- md5: %s.dir\n  hash: md5\n  path: two\n' $sum >project/two.dvc
            cd project && git add -A && git commit -qm one
            """#)
    }

    private func checkImports() throws {
        try succeed(
            """
            mkdir w && cd w && mlstore init -q
            mlstore import -q git+file://$PWD/../project one.bin && cmp one.bin ../one
            mlstore import -q git+file://$PWD/../project two && diff -r two ../two
            mlstore import -q ../project two/7.txt -o seven.txt && cmp seven.txt ../two/7.txt
            mlstore update | grep -c unchanged | grep -qx 3
            """)
    }

    @Test(.enabled(if: NginxProcess.isInstalled))
    func `a DVC project whose data is on a web server is imported from`() throws {
        let server = try NginxProcess(folder.path)
        try succeed("chmod 755 .")
        try makeProject("    url = \(server.url)/store\n")
        try checkImports()
        // A piece that is gone from the server, and one that is another.
        try succeed("cd store/files/md5 && rm -r $(md5sum < ../../../two/7.txt | cut -c1-2)")
        let gone = try run("cd w && mlstore import ../project two -o other")
        #expect(gone.status == 1 && gone.errors.contains("is neither in the DVC cache nor on"))
        #expect(gone.errors.contains("run 'dvc push' there"), "\(gone.errors)")
        try succeed(
            "sum=$(md5sum < one | cut -c1-32) && echo x >>store/files/md5/${sum%??????????????????????????????}/${sum#??}"
        )
        let other = try run("cd w && mlstore import ../project one.bin -o other")
        #expect(
            other.status == 1 && other.errors.contains("does not have the MD5 that is its name"))
        try succeed("cd w && ! ls -A | grep -e other -e .mlstore-tmp")
    }

    @Test func `a DVC project whose data is in a bucket is imported from`() throws {
        let server = try BucketServer.seaweed()
        try makeProject(
            "    url = s3://\(BucketServer.bucket)/dvc-data\n    endpointurl = \(server.endpoint)\n"
        )
        // Its files are opaque to a bucket: what puts them there is any program.
        let remote = try server.remote(BucketServer.bucket, prefix: "dvc-data")
        for path in try succeed("cd store && find files -type f").split(separator: "\n") {
            try remote.put(
                try remoteName(String(path)),
                .file(folder.path / "store" / String(path), on: LocalDisk()))
        }
        try succeed("rm -r store")
        try checkImports()
        let refused = try run(
            "cd w && AWS_SECRET_ACCESS_KEY=wrong mlstore import ../project one.bin -o other")
        #expect(refused.status == 1 && refused.errors.contains("access denied"))
    }

    @Test(.enabled(if: NginxProcess.isInstalled))
    func `what a stage makes is not imported over, whether it was run or not`() throws {
        let server = try NginxProcess(folder.path)
        try succeed(
            """
            chmod 755 . && echo theirs >t.txt && git init -q w && cd w && mlstore init -q
            printf 'stages:\\n  make:\\n    cmd: echo mine > made.txt\\n    outs: [made.txt]\\n' >mlstore.yaml
            """)
        for state in ["before", "after"] {
            let ended = try run("cd w && mlstore import \(server.url)/t.txt -o made.txt")
            #expect(ended.status == 2, "\(state): \(ended.errors)")
            #expect(
                ended.errors.contains("cannot import to 'made.txt': stage 'make' writes 'made.txt'")
            )
            // Stale before, and not committed after: nothing that could not be told.
            let status = try run("cd w && [ ! -e made.txt.mlstore ] && mlstore status --quiet")
            #expect([0, 3].contains(status.status), "\(state): \(status.errors)")
            if state == "before" {
                try succeed("cd w && mlstore repro -q && grep -qx mine made.txt")
            }
        }
    }
}
