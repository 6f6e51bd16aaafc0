import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct RoundTripTests {
    @Test func `a folder with everything in it comes back bit for bit, and a hole stays a hole`()
        throws
    {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path)
        try bench.succeed(
            #"""
            mkdir -p hard/empty hard/deep/er/still 'hard/with space' && cd hard
            printf a > "$(printf 'new\nline')"; printf b > "$(printf 'tab\there')"
            printf c > "$(printf 'latin-\351')"; printf d > '-dash'; printf e > '*?[x]\'
            printf f > 'quote"'"'"; printf h > ~tilde
            printf i > "$(printf 'snow\342\230\203')"; printf j > "$(printf 'n\303\251')"
            printf k > "$(printf 'ne\314\201')"; printf l > '...'; printf m > '#hash'
            printf n > "$(printf 'x%.0s' $(seq 255))"; printf o > ' lead'; printf p > 'trail '
            : > nothing; printf '#!/bin/sh\n' > run; chmod 755 run; umask 022
            printf q > deep/er/still/q; ln -s ../run deep/link; ln -s nowhere dangling
            ln -s . self; ln -s "$(printf 'odd\ntarget')" odd; ln -s /etc/passwd absolute
            truncate -s 3G sparse; printf middle | dd of=sparse bs=1 seek=1600000000 conv=notrunc
            printf end | dd of=sparse bs=1 seek=3221225469 conv=notrunc
            """#)
        try bench.succeed("cp -a --sparse=always hard ../hard 2>/dev/null || cp -a hard ../hard")
        try checkMemory(bench, "add -q hard")
        #expect(try kibibytes(".mlstore", in: bench) < 4096)
        try bench.succeed("rm -r hard")
        try checkMemory(bench, "checkout -q hard")
        try bench.succeed("mlstore status -q hard && diff -r --no-dereference hard ../hard")
        let listing =
            "find . -type d -printf '%P/\\0' -o -type f -printf '%P %m %s\\0' -o -printf '%P %l\\0' | sort -z"
        #expect(
            try bench.succeed("cd hard && \(listing)")
                == bench.succeed("cd ../hard && \(listing)"))
        // The hole takes no space: all of the folder is far below what it says it holds.
        #expect(try kibibytes("hard", in: bench) < 4096)
    }

    private func kibibytes(_ path: String, in bench: Bench) throws -> Int {
        let text = try bench.succeed("du -sk \(path) | cut -f 1")
        return try #require(Int(text.dropLast()))
    }

    /// Runs a command that may take 512 MiB of memory.
    private func checkMemory(_ bench: Bench, _ command: String) throws {
        let text = try bench.succeed(
            """
            python3 -c 'import resource, subprocess, sys
            if subprocess.call(sys.argv[1:]): sys.exit(1)
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            print(peak // 1024 if sys.platform == "darwin" else peak)' mlstore \(command)
            """)
        let peak = try #require(Int(text.dropLast()))
        #expect(peak < 512 << 10, "\(command): \(peak) KiB")
    }
}
