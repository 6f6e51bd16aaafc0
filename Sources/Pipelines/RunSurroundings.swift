import Bytes
import GitHistory
import Kernels
import Platform
import Vocabulary
import Workspaces

/// What of the machine and the repository belongs into a run record, gathered once a run.
struct RunSurroundings {
    /// The version of mlstore that run records carry.
    static let mlstoreVersion = "0.1.0"
    /// The version of the numeric core's arithmetic: raised when equal inputs may give other bits.
    static let coreVersion = "1"

    private static let interpreterNames: [String] = [
        "python", "pypy", "R", "Rscript", "julia", "node", "deno", "bun", "ruby", "perl", "java",
        "octave", "uv", "poetry", "pipenv", "pdm", "pixi", "conda", "mamba",
    ]
    private static let lockFileNames = [
        "Manifest.toml", "Pipfile.lock", "conda-lock.yml", "environment.yml", "package-lock.json",
        "pdm.lock", "pixi.lock", "poetry.lock", "pylock.toml", "renv.lock", "requirements.txt",
        "uv.lock",
    ]

    let root: DiskPath
    let disk: any Disk
    /// Digests of the files at the top of the workspace that pin an environment.
    let lockFiles: [String: String]
    private let image: String?
    private let machine: MachineFacts
    private let interpreters: InterpreterFacts

    /// A container cannot be asked which image it was made of; `image` is what its user says.
    init(
        root: DiskPath, disk: any Disk, image: String? = Environment.variable("MLSTORE_IMAGE")
    ) throws {
        self.image = image
        self.root = root
        self.disk = disk
        var found: [String: String] = [:]
        for name in RunSurroundings.lockFileNames {
            let path = root / name
            guard try disk.status(of: path, followingLinks: true)?.kind == .file else { continue }
            let bytes = try disk.readFile(path, maximumBytes: 256 << 20)
            found[name] = BlobID(sha256(bytes)).description
        }
        lockFiles = found
        machine = MachineFacts(disk: disk)
        interpreters = InterpreterFacts(startingIn: root)
    }

    /// The program that a command begins with, where it is a known interpreter; assignments of
    /// variables before it are passed over.
    static func interpreter(of command: String) -> String? {
        let words = command.split(whereSeparator: \.isWhitespace)
        guard let first = words.first(where: { !$0.contains("=") }) else { return nil }
        let name = first.split(separator: "/").last ?? first
        let stem = name.prefix { !$0.isNumber && $0 != "." }
        return interpreterNames.contains(String(stem)) ? String(first) : nil
    }

    /// The lock files that can influence `stage`: all for a command that an interpreter runs.
    func lockFiles(for stage: Stage) -> [String: String] {
        guard let line = stage.action.commandLine,
            RunSurroundings.interpreter(of: line) != nil
        else { return [:] }
        return lockFiles
    }

    /// Digests of the declared environment variables' values; null for those that are unset.
    static func variables(_ names: [String]) -> [String: JSONValue] {
        var digests: [String: JSONValue] = [:]
        for name in names {
            let value = Environment.variable(name)
            digests[name] =
                value.map { .string(BlobID(sha256(Array($0.utf8))).description) } ?? .null
        }
        return digests
    }

    /// The environment of a run that does `action` and depends on the environment variables
    /// `variables`. `git` is what is known of the repository, if any.
    func environment(
        of action: LockFile.Action, variables: [String], git: GitState
    ) -> RunEnvironment {
        var environment = RunEnvironment()
        environment.gitCommit = git.commit
        environment.dirtyPatch = git.dirtyPatch
        let system = Environment.systemName
        environment.system =
            system.system.lowercased() == "darwin" ? "macos" : system.system.lowercased()
        environment.architecture = system.machine == "aarch64" ? "arm64" : system.machine
        environment.systemRelease = machine.systemRelease
        environment.processor = machine.processor
        environment.accelerators = machine.accelerators
        environment.acceleratorDriver = machine.acceleratorDriver
        environment.mlstoreVersion = RunSurroundings.mlstoreVersion
        environment.image = image.flatMap {
            $0.isEmpty ? nil : printable(Array($0.utf8.prefix(500)))
        }
        if let line = action.commandLine {
            environment.lockFiles = lockFiles
            environment.variables = RunSurroundings.variables(variables)
            environment.interpreter = RunSurroundings.interpreter(of: line)
            guard let interpreter = environment.interpreter else { return environment }
            environment.interpreterVersion = interpreters.version(of: interpreter)
            // Files that pin the packages say the same in less.
            if lockFiles.isEmpty { environment.packages = interpreters.packages(of: interpreter) }
        } else {
            environment.coreVersion = RunSurroundings.coreVersion
        }
        return environment
    }
}

/// The commit that a run started from, and whether files that git tracks differed from it.
struct GitState: Sendable, Equatable {
    var commit: String?
    var dirtyPatch: String?

    /// No repository.
    static let none = GitState()
}
