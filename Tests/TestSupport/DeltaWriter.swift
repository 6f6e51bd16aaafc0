import Platform
import Vocabulary

/// The library that writes Delta Lake tables, as 'install.sh test' installs it.
package enum DeltaWriter {
    /// Whether it is there, with Arrow's own and the plug-in.
    package static let isInstalled =
        ArrowPlugin.isBuilt && BuiltProgram.can("\(python) -c 'import deltalake, pyarrow'")

    /// A line of the shell that begins with the Python that has both.
    package static var python: String {
        let packages = "\(PeerProcess.programs.parent)/lib/python3*/site-packages"
        return "PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$(echo \(packages)) \(ArrowPlugin.python)"
    }

    /// Tables that it wrote, and what it reads of them in 'expected.json': see fixtures/delta/make.py.
    package static func writeTables() throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        let script = BuiltProgram.root / "fixtures/delta/make.py"
        let result = try BuiltProgram.shell("\(python) \(script) \(folder.path)", in: folder.path)
        guard result.status == 0 else { throw BrokenRule(description: result.errors) }
        return folder
    }
}
