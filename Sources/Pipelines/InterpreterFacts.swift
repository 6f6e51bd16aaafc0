import Platform
import Synchronization
import Vocabulary

/// What interpreters say of themselves and of the packages they have, each asked once.
final class InterpreterFacts: Sendable {
    private let directory: DiskPath
    private let versions = Mutex<[String: String?]>([:])
    private let packages = Mutex<[String: [String: String]]>([:])

    /// Interpreters are started in `directory`.
    init(startingIn directory: DiskPath) { self.directory = directory }

    /// The first line that it prints for `--version`; nil when it prints none.
    func version(of interpreter: String) -> String? {
        if let known = versions.withLock({ $0[interpreter] }) { return known }
        let output = self.output(of: [interpreter, "--version"], limit: 4096)
        let line = output?.prefix { $0 != 0x0a }
        let version = line.flatMap { $0.isEmpty ? nil : printable(Array($0.prefix(200))) }
        versions.withLock { $0[interpreter] = .some(version) }
        return version
    }

    /// Of what conda installed, which need not be Python's, the build says more than the version.
    private static let listing = """
        import glob, importlib.metadata as m, json, os, sys
        for d in m.distributions(): print(d.metadata['Name'], d.version)
        for f in glob.glob(os.path.join(glob.escape(sys.prefix), 'conda-meta', '*.json')):
            d = json.load(open(f))
            print('conda:' + d['name'], d['version'] + '=' + d['build'])
        """
    private static let maximumPackages = 2000

    /// The packages of a Python by name, with their versions, and those of the conda environment that
    /// it is in as `conda:name`; none of anything else.
    func packages(of interpreter: String) -> [String: String] {
        let name = interpreter.split(separator: "/").last ?? ""
        guard name.hasPrefix("python") || name.hasPrefix("pypy") else { return [:] }
        if let known = packages.withLock({ $0[interpreter] }) { return known }
        let output = self.output(of: [interpreter, "-c", InterpreterFacts.listing], limit: 1 << 20)
        var found: [String: String] = [:]
        for line in (output ?? []).split(separator: 0x0a).prefix(InterpreterFacts.maximumPackages) {
            let words = line.split(separator: 0x20)
            guard words.count == 2 else { continue }
            found[printable(Array(words[0].prefix(200)))] = printable(Array(words[1].prefix(200)))
        }
        let result = found
        packages.withLock { $0[interpreter] = result }
        return result
    }

    /// What it prints; nil when it cannot be run. What cannot be told leaves a record without it;
    /// the run does not suffer.
    private func output(of arguments: [String], limit: Int) -> [UInt8]? {
        let child = ChildProcess(
            arguments: arguments, directory: directory,
            standardOutput: .capture(limit: limit), standardError: .capture(limit: 4096))
        guard let outcome = try? child.run(), outcome.succeeded else { return nil }
        return outcome.standardOutput.isEmpty ? outcome.standardError : outcome.standardOutput
    }
}
