import Platform
import Vocabulary

@Sendable func benchStartUp(_ bench: Bench) throws {
    try bench.withFolder(on: bench.memory) { here in
        // One start is too short to time by itself.
        func hundred(_ program: String) -> [String] {
            ["sh", "-c", "i=0; while [ $i -lt 100 ]; do \(program) --version; i=$((i+1)); done"]
        }
        try bench.race(
            "100 starts with `--version`",
            ours: {
                try measure(hundred(bench.mlstore), in: here)
            },
            against: [
                Bench.Rival(name: "`git --version`", targets: Targets(firstLight: .atMost(3))) {
                    try measure(hundred("git"), in: here)
                }
            ])
    }
}
