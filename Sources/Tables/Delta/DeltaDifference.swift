/// What only one of two versions of a Delta Lake table has.
package struct DeltaDifference {
    /// A file of one version.
    package struct File: Sendable {
        /// Where it is below the folder.
        package let path: [String]
        /// Its length, as the log says.
        package let sizeBytes: Int
    }

    /// The old version without what the new one has.
    package let old: TableSource
    /// The new version without what the old one has.
    package let new: TableSource
    /// The files whose rows these are.
    package let onlyOld: [File]
    /// The files whose rows these are.
    package let onlyNew: [File]
    /// Whether both have the same columns.
    package let haveSameColumns: Bool

    /// Nil where one is no such table. `areOfOneLog` says that both are versions by the same log: then a file
    /// that both name is one file.
    package init?(from old: TableSource, to new: TableSource, areOfOneLog: Bool) {
        guard let before = old.format as? DeltaFormat, let after = new.format as? DeltaFormat else {
            return nil
        }
        let known = Set(areOfOneLog ? before.files.map { Key(file: $0.file) } : [])
        let common = known.intersection(after.files.map { Key(file: $0.file) })
        func rest(_ format: DeltaFormat, _ source: TableSource) -> (TableSource, [File]) {
            let files = format.files.filter { !common.contains(Key(file: $0.file)) }
            let shorter = DeltaFormat(columns: format.columns, files: files)
            // The files are read by the format.
            let table = unsafe TableSource(name: source.name, format: shorter) { _ in }
            return (
                table, files.map { File(path: $0.file.path, sizeBytes: $0.file.sizeBytes) }
            )
        }
        (self.old, onlyOld) = rest(before, old)
        (self.new, onlyNew) = rest(after, new)
        haveSameColumns = before.columns == after.columns
    }

    /// Equal rows in another partition have other values.
    private struct Key: Hashable {
        let path: [String]
        let values: [String?]

        init(file: DeltaTable.File) {
            path = file.path
            values = file.values
        }
    }
}
