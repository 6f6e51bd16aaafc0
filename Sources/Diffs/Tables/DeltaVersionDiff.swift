package import Tables
package import Vocabulary

/// Compares two versions of a Delta Lake table by the files that only one of them has, and the rows in these;
/// nil where nothing differs. Throws `.badUsage` where one is no such table.
package func diffDeltaVersions(
    at path: RepoPath, from old: TableSource, to new: TableSource, areOfOneLog: Bool,
    options: TableDiffOptions = TableDiffOptions()
) throws -> DatasetChange? {
    guard let difference = DeltaDifference(from: old, to: new, areOfOneLog: areOfOneLog) else {
        throw StoreError(
            .badUsage,
            "cannot compare '\(old.name)' with '\(new.name)': not both are Delta Lake tables",
            subject: path.description, safety: "nothing was changed")
    }
    if difference.onlyOld.isEmpty, difference.onlyNew.isEmpty, difference.haveSameColumns {
        return nil
    }
    var changes: [DirectoryDiff.Change] = []
    for file in difference.onlyOld {
        changes.append(
            DirectoryDiff.Change(
                .removed, try RepoPath(file.path.joined(separator: "/")), file.sizeBytes, nil))
    }
    for file in difference.onlyNew {
        changes.append(
            DirectoryDiff.Change(
                .added, try RepoPath(file.path.joined(separator: "/")), nil, file.sizeBytes))
    }
    var directory = DirectoryDiff(changes.sorted { $0.path < $1.path })
    directory.table = try diffTables(old: difference.old, new: difference.new, options: options)
    let change = DatasetChange(path: path, old: nil, new: nil, detail: .directory(directory))
    try checkUse(of: options, in: [change])
    return change
}
