import Platform
import Remotes
import TestSupport
import Testing
import Vocabulary

/// The real program against a real object store.
@Suite struct BucketTests {
    private let folder: TemporaryFolder
    private let server: BucketServer

    init() throws {
        folder = try TemporaryFolder()
        server = try BucketServer.seaweed()
    }

    /// Runs a line with the keys of the store in its environment.
    private func run(_ line: String, keys: Bool = true) throws -> BuiltProgram.Result {
        let secret = BucketServer.keys
        let exports =
            keys
            ? "export AWS_ACCESS_KEY_ID=\(secret.accessKey) AWS_SECRET_ACCESS_KEY=\(secret.secretKey)"
            : "export AWS_EC2_METADATA_DISABLED=true"
        return try BuiltProgram.shell(
            "export no_proxy=127.0.0.1; \(exports); \(line)", in: folder.path)
    }

    @discardableResult
    private func succeed(_ line: String) throws -> String {
        let result = try run(line)
        try #require(result.status == 0, "\(line): \(result.output)\(result.errors)")
        return result.output
    }

    private func address(_ prefix: String) -> String {
        "s3://\(BucketServer.bucket)/\(prefix) --endpoint \(server.endpoint)"
    }

    @Test func `data go to a bucket and come back in a clone, bit for bit`() throws {
        try succeed(
            """
            git init -q a && cd a && mlstore init -q && mkdir -p data/many
            for i in $(seq 200); do echo "row $i" >data/many/$i.txt; done
            head -c 41000000 /dev/urandom >data/noise.bin
            mlstore add -q data && git add -A && git commit -qm one
            mlstore remote add origin \(address("round-trip"))
            mlstore push
            """)
        let config = try succeed("cat a/.mlstore/config.toml")
        #expect(config.contains("writers = \"many\""))
        #expect(try run("grep -r \(BucketServer.keys.secretKey) a").status == 1)
        #expect(try succeed("cd a && mlstore push") == "'origin' is up to date  (1 request)\n")
        try succeed(
            """
            cd a && git add -A && git commit -qm two && cd .. && git clone -q a b && cd b
            mlstore pull && diff -r data ../a/data
            """)
        try succeed(
            """
            cd b && echo 'row 201' >data/many/201.txt && mlstore add -q data && git commit -qam three
            mlstore push -q && cd ../a && git pull -q ../b HEAD && mlstore pull -q
            diff -r data ../b/data && mlstore fsck -q
            """)
        try succeed("cd a && mlstore remote remove -q origin && ! grep origin .mlstore/config.toml")
    }

    @Test func `a range, a forecast, a limit and an import take from a bucket what they need`()
        throws
    {
        try succeed(
            """
            mkdir a && cd a && mlstore init -q && head -c 20000000 /dev/urandom >noise.bin
            echo last >t.txt && mlstore add -q noise.bin t.txt && mlstore commit -q -m one
            mlstore remote add -q origin \(address("parts")) && mlstore push -q --limit-rate 1GB
            rm -r .mlstore/store
            """)
        let range = "mlstore cat origin:noise.bin --range 9000000-9000099"
        try succeed(
            "cd a && \(range) >part && tail -c +9000001 noise.bin | head -c 100 | cmp - part")
        try succeed("cd a && mlstore cat origin:noise.bin | cmp - noise.bin")
        // The root, the recipe, and the chunks.
        #expect(try succeed("cd a && \(range) --json").contains("\"requests\": 1,"))
        let endpoint = "export AWS_ENDPOINT_URL_S3=\(server.endpoint)"
        let place = "s3://\(BucketServer.bucket)/parts"
        #expect(try succeed("\(endpoint); mlstore cat \(place):t.txt --range -3") == "st\n")
        try succeed(
            "mkdir b && cd b && mlstore init -q && mlstore remote add -q origin \(address("parts"))"
        )
        let forecast = try succeed("cd b && mlstore pull --dry-run")
        #expect(forecast.hasPrefix("would fetch 4 files, "), "\(forecast)")
        #expect(try succeed("cd b && ls -A") == ".mlstore\n")
        try succeed(
            "cd b && mlstore pull -q --jobs 2 --limit-rate 1GB && cmp noise.bin ../a/noise.bin")
        let update = "mlstore import -q \(place) t.txt -o c.txt && mlstore update"
        #expect(
            try succeed("\(endpoint); cd b && \(update)") == "c.txt  unchanged at its source\n")
    }

    @Test func `eight clones push at once, and nothing of any is lost`() throws {
        try succeed(
            """
            git init -q a && cd a && mlstore init -q && echo 0 >0.txt && mlstore add -q 0.txt
            mlstore remote add origin \(address("eight")) && git add -A && git commit -qm 0
            mlstore push -q && cd ..
            for i in 1 2 3 4 5 6 7 8; do
            git clone -q a c$i && (cd c$i && mlstore pull -q && echo "data of $i" >$i.txt && \
            mlstore add -q $i.txt && git add -A && git commit -qm $i); done
            for i in 1 2 3 4 5 6 7 8; do (cd c$i && mlstore push -q >../log$i 2>&1 || echo $i >>../failed) & done
            wait
            cat failed log* 2>/dev/null; [ ! -e failed ]
            """)
        try succeed(
            """
            for i in 1 2 3 4 5 6 7 8; do
            git clone -q c$i d$i && (cd d$i && mlstore pull -q && cmp $i.txt ../c$i/$i.txt) || exit 1
            done
            """)
    }

    /// `MLSTORE_REMOTE_ROUNDS` says how many rounds.
    @Test func `eight pushes, a collection and a pull at once lose nothing, round by round`() throws
    {
        let rounds = Environment.variable("MLSTORE_REMOTE_ROUNDS").flatMap { Int($0) } ?? 3
        try succeed(
            """
            git init -q c0 && cd c0 && mlstore init -q && echo 0 >t.csv && mlstore add -q t.csv
            mlstore remote add origin \(address("rounds")) && git add -A && git commit -qm 0
            mlstore push -q && cd ..
            for i in 1 2 3 4 5 6 7 8 9; do git clone -q c0 c$i; done
            """)
        for round in 1...rounds {
            try succeed(
                """
                for i in 1 2 3 4 5 6 7 8; do (cd c$i && seq \(round) 20000 >t.csv && \
                head -c 200000 /dev/urandom >n.bin && mlstore add -q t.csv n.bin && \
                git add -A && git commit -qm \(round) && \
                mlstore push -q >push.log 2>&1 || echo "push $i" >>../failed) & done
                (cd c0 && mlstore gc -q --remote origin --keep-last 9 >gc.log 2>&1 || echo gc >>../failed) &
                (cd c9 && rm -rf .mlstore/store .mlstore/state && git fetch -q ../c1 HEAD && \
                git reset -q --hard FETCH_HEAD; mlstore pull >pull.log 2>&1; \
                [ $? -le 1 ] || echo pull >>../failed) &
                wait
                cat failed c*/*.log 2>/dev/null; [ ! -e failed ]
                """)
            try succeed(
                """
                for i in 1 2 3 4 5 6 7 8; do
                rm -rf v && git clone -q c$i v && (cd v && mlstore pull -q && \
                cmp n.bin ../c$i/n.bin && cmp t.csv ../c$i/t.csv) || exit 1
                done
                """)
        }
        print("rounds of eight pushes, a collection and a pull on a real server: \(rounds)")
    }

    /// `MLSTORE_REMOTE_KILLS` says how many rounds; each kills three pushes and three pulls.
    @Test func `pushes and pulls that are killed are taken up, and nothing is lost`() throws {
        let rounds = Environment.variable("MLSTORE_REMOTE_KILLS").flatMap { Int($0) } ?? 3
        try succeed(
            """
            git init -q a && cd a && mlstore init -q && echo 0 >d.bin && mlstore add -q d.bin
            mlstore remote add origin \(address("kills")) && git add -A && git commit -qm 0
            mlstore push -q && cd .. && git clone -q a b
            """)
        for round in 1...rounds {
            // At any moment: from before the first request to after the last.
            let moments = (0..<3).map { "0.0\((round * 37 + $0 * 23) % 90 + 10)" }
                .joined(separator: " ")
            try succeed(
                """
                cd a && head -c 3000000 /dev/urandom >d.bin && mlstore add -q d.bin
                git add -A && git commit -qm \(round)
                for t in \(moments); do mlstore push -q >/dev/null 2>&1 & p=$!; sleep $t; kill -9 $p; \
                wait $p; done 2>/dev/null
                mlstore push -q && cd ../b && git pull -q ../a HEAD
                for t in \(moments); do mlstore pull -q >/dev/null 2>&1 & p=$!; sleep $t; kill -9 $p; \
                wait $p; done 2>/dev/null
                mlstore pull -q || mlstore checkout -q --force
                cmp d.bin ../a/d.bin && mlstore fsck -q --level full
                """)
        }
        print("rounds of killed pushes and pulls on a real server: \(rounds)")
    }

    @Test func `what a bucket refuses is said in a sentence, and nothing is changed`() throws {
        try succeed("git init -q a && cd a && mlstore init -q")
        let cases = [
            (
                "s3://no-such-bucket/x --endpoint \(server.endpoint)",
                "there is no bucket 'no-such-bucket'"
            ),
            ("\(address("x")) --profile nobody", "AWS profile 'nobody' has no credentials"),
            ("s3:///x", "it names no place"), ("s3://b/x --set addressing=odd", "'odd'"),
            ("s3://b/x --set nothing", "sets nothing"), ("s3://b/x --set colour=red", "no setting"),
            ("s3://b/x --endpoint b", "'b'"),
        ]
        for (address, text) in cases {
            let result = try run("cd a && mlstore remote add origin \(address)")
            #expect(
                result.status != 0 && result.errors.contains(text), "\(address): \(result.errors)")
            #expect(result.errors.contains("hint:"), "\(address): \(result.errors)")
        }
        let none = try run("cd a && mlstore remote add origin \(address("x"))", keys: false)
        #expect(none.status == 1 && none.errors.contains("there are no credentials for AWS"))
        #expect(try succeed("cd a && mlstore remote list").isEmpty)
        let wrong = try run(
            "cd a && AWS_SECRET_ACCESS_KEY=other mlstore remote add origin \(address("x"))")
        #expect(wrong.status == 1 && wrong.errors.contains("the keys are wrong"))
    }

    @Test func `a server that ignores conditions is used by one writer at a time`() throws {
        let place = try TemporaryFolder()
        let other = try BucketServer.rclone(in: place.path)
        try other.makeBucket("bkt")
        let added = try run(
            """
            git init -q a && cd a && mlstore init -q && echo 1 >1.txt && mlstore add -q 1.txt
            mlstore remote add origin s3://bkt/x --endpoint \(other.endpoint)
            """)
        #expect(
            added.status == 0 && added.errors.contains("only one may push to this remote at a time")
        )
        try succeed(
            """
            cd a && grep -q 'writers = "one"' .mlstore/config.toml && mlstore push -q
            git add -A && git commit -qm 1 && cd .. && git clone -q a b && cd b && mlstore pull -q
            cmp 1.txt ../a/1.txt
            """)
        #expect(try run("cat '\(place.path)/data/bkt/x/lock'").status != 0)
    }
}
