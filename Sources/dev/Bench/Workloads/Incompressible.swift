import Platform
import Vocabulary

/// A file that nothing compresses: hashing it is the least there is to do.
@Sendable func benchIncompressible(_ bench: Bench) throws {
    for (place, name) in [(bench.memory, "tmpfs"), (bench.disk, "disk")] {
        try bench.withFolder(on: place) { here in
            let size = bench.scaled(1 << 30, minimum: 1 << 20)
            let source = here / "noise.bin"
            try writeRandomFile(to: source, sizeBytes: size, seed: 3)
            try bench.race(
                "add \(ByteCount(size)) incompressible, \(name)", runs: min(3, bench.repeats),
                ours: {
                    for made in [".mlstore", "noise.bin.mlstore"] {
                        try bench.files.removeTree(here / made)
                    }
                    try bench.run([bench.mlstore, "init", "--quiet"], in: here)
                    try bench.settle(here)
                    return try measure([bench.mlstore, "add", "--quiet", "noise.bin"], in: here)
                },
                against: [
                    Bench.Rival(
                        name: "`openssl dgst -sha256`", targets: Targets(engine: .atMost(2))
                    ) {
                        try measure(["openssl", "dgst", "-sha256", "noise.bin"], in: here)
                    },
                    Bench.Rival(name: "`sha256sum`") {
                        try measure(["sha256sum", "noise.bin"], in: here)
                    },
                ])
        }
    }
}
