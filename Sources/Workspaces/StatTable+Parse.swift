import Platform
package import Vocabulary

extension StatTable {
    /// The paths of the table at `path` with the sizes that they had; nil where it fails a check.
    /// For the fuzz targets: nobody else outside looks into a table.
    package static func paths(
        at path: DiskPath, on machine: Machine
    ) -> [(path: RepoPath, sizeBytes: Int)]? {
        load(from: path, on: machine)?.allEntries().map { ($0.key, $0.value.size) }
    }
}
