import Platform
import Vocabulary

/// The other programs that are here. One that is missing costs its rows, and is said aloud.
struct Peers {
    let dvc: String?
    let restic: String?
    /// A Python with the `oxen` module in it.
    let oxenPython: String?
    let aws: String?
    /// SeaweedFS.
    let weed: String?
    /// A Python with `lightgbm`, `xgboost` and `sklearn` in it.
    let learningPython: String?
    /// A Python with `duckdb` in it.
    let duckPython: String?

    /// Those that were named, that `PATH` has, or that the real servers of the tests were put beside.
    static func find(
        dvc: String?, restic: String?, oxenPython: String?, aws: String?, weed: String?,
        learningPython: String?, duckPython: String?
    ) -> Peers {
        Peers(
            dvc: dvc ?? found("dvc"), restic: restic ?? found("restic"), oxenPython: oxenPython,
            aws: aws ?? found("aws"), weed: weed ?? found("weed"),
            learningPython: learningPython, duckPython: duckPython)
    }

    private static func found(_ program: String) -> String? {
        guard let folder = try? Environment.currentDirectory() else { return nil }
        let own = folder / ".build/peers/bin" / program
        return try? line(
            of: ["sh", "-c", "command -v \(program) || command -v '\(own)'"], in: DiskPath("/"))
    }

    /// The same Python, where it has `torch` too.
    var torchPython: String? {
        learningPython.flatMap { python in
            let told = try? line(
                of: [python, "-c", "import torch; print(torch.__version__)"], in: DiskPath("/"))
            return told == nil ? nil : python
        }
    }

    /// What each of them says of its version.
    func versions() -> [String] {
        let asked: [(String, [String]?)] = [
            ("git", ["git", "--version"]),
            ("cp, find, cat, sync", ["cp", "--version"]),
            ("zstd", ["zstd", "--version"]),
            ("openssl", ["openssl", "version"]),
            ("DVC", dvc.map { [$0, "--version"] }),
            ("restic", restic.map { [$0, "version"] }),
            (
                "Oxen",
                oxenPython.map {
                    [$0, "-c", "from importlib.metadata import version; print(version('oxenai'))"]
                }
            ),
            ("strace", ["strace", "--version"]),
            ("aws", aws.map { [$0, "--version"] }),
            ("SeaweedFS", weed.map { [$0, "version"] }),
            ("curl", ["curl", "--version"]),
            (
                "DuckDB",
                duckPython.map { [$0, "-c", "import duckdb; print(duckdb.__version__)"] }
            ),
            (
                "lightgbm, xgboost, scikit-learn",
                learningPython.map {
                    let program = """
                        from importlib.metadata import packages_distributions, version
                        names = packages_distributions()
                        for name in 'lightgbm', 'xgboost', 'sklearn':
                            print(version(names[name][0]), end=' ')
                        """
                    return [$0, "-c", program]
                }
            ),
        ]
        return asked.map { name, command in
            guard let command, let told = try? line(of: command, in: DiskPath("/")) else {
                return "\(name): NOT HERE, its rows are skipped"
            }
            return "\(name): \(told)"
        }
    }

    /// `restic` with a fixed password.
    static func resticCommand(_ restic: String, _ repository: DiskPath, _ words: [String])
        -> [String]
    {
        ["env", "RESTIC_PASSWORD=bench", restic, "-q", "-r", "\(repository)"] + words
    }

    /// A Python program for Oxen that adds and commits `name` in `folder`.
    static func oxenAdd(_ python: String, _ folder: DiskPath, _ name: String) -> [String] {
        let program = """
            from oxen import Repo
            repository = Repo('\(folder)')
            repository.add('\(name)')
            repository.commit('bench')
            """
        return [python, "-c", program]
    }

    /// Makes an Oxen repository.
    static func oxenInit(_ python: String, _ folder: DiskPath) -> [String] {
        let program = """
            from oxen import Repo, user
            user.config_user('bench', 'bench@example.com')
            Repo('\(folder)').init()
            """
        return [python, "-c", program]
    }
}
