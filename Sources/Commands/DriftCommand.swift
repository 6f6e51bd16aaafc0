import ArgumentParser
import Bytes
import Diffs
import Learning
import Platform
import Tables
import Transfer
import Vocabulary
import Workspaces

struct DriftCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "drift",
        abstract: "Tell which columns of a table are distributed otherwise than in a reference.",
        discussion: helpText(
            examples: [
                "mlstore drift data/train.csv",
                "mlstore drift data/train.csv v1.0",
                "mlstore drift data/today.csv data/train.csv --by country",
                "mlstore drift data/days data/days@v1.0",
                "mlstore drift data/events data/events#3",
                "mlstore drift data/train.csv main --limit psi=0.2 --exit-code",
                "mlstore drift data/today.csv data/train.csv --model models/delay.mlmodel",
            ],
            notes: """
                The reference is the same table at a revision (HEAD where none is named), or \
                another table. A folder is one table of all its files. A column drifted where a measure of the difference exceeds its \
                limit, the difference is significant among all columns, and blocks of the \
                reference itself do not differ as much. Without --limit that is the Wasserstein \
                distance of numbers, in standard deviations, and the Jensen-Shannon distance of \
                other values, both above 0.1, and a change of missing values of more than 5 % of \
                the rows (missing=0.05). --limit names others: wasserstein, jensen-shannon, psi, \
                ks, chi-square, hellinger. --model orders the columns by how much of a model they \
                carry, and says how much of it drifted: of a model file that 'train' wrote \
                (.mlmodel), or of a JSON file of columns and numbers; more than importance=0.1 is \
                a drift of the model then. docs/reference/drift.md has the formulas.
                """))

    /// Larger models are not read: they would not fit into the memory that a command takes.
    static let largestModelBytes = 128 << 20

    @Argument(
        help: ArgumentHelp("The table.", valueName: "path[@revision]"), completion: .file())
    var file: String

    @Argument(
        help: ArgumentHelp("The reference: a revision, or a table.", valueName: "base"),
        completion: .file())
    var base: String?

    @Option(help: ArgumentHelp("Also for each of a column's values.", valueName: "column"))
    var by: String?

    @Option(
        help: ArgumentHelp("What a measure must exceed; repeatable.", valueName: "measure=number"))
    var limit: [String] = []

    @Option(
        help: ArgumentHelp(
            "What the model depends on: a model, or importances as JSON.",
            valueName: "path[@revision]"), completion: .file())
    var model: String?

    @Flag(help: "End with status 3 when a column, or with --model too much of the model, drifted.")
    var exitCode = false

    @OptionGroup var common: CommonOptions

    func perform(in context: CommandContext) throws -> Report {
        let (options, importanceLimit) = try options()
        let importance = try model.map { try context.importance(of: $0) }
        let table = try context.table(file)
        let reference = try context.table(referenceName(table.address, context))
        let old = try context.packedProfile(of: reference)
        let new = try context.packedProfile(of: table)
        let sliced = try by.map { try slices($0, of: old, reference.source, table.source) }
        let tables = try drift(DriftPair(old: old, new: new), slices: sliced, options) {
            try profileBlocks(of: reference.source, rowCount: old.rowCount, columns: $0)
        }
        var text = DriftText(name: table.source.name, reference: name(reference), tables: tables)
        if let importance, let model {
            try check(importance, old.columnNames + new.columnNames, model)
            text.weigh(by: importance.shares, of: model, limit: importanceLimit)
        }
        return Report(
            lines: common.json ? [] : text.lines, stream: text.json,
            status: exitCode && text.isDrift ? .differences : .done)
    }

    /// What is compared with: the same table at a revision, or a table. A word that is both means the
    /// revision; `./train` the folder.
    private func referenceName(
        _ address: ContentAddress, _ context: CommandContext
    ) throws -> String {
        guard let base else { return address.path + "@HEAD" }
        let other = ContentAddress(base)
        if TableFormats.format(forName: Array(other.path.utf8)) != nil { return base }
        let isRevision =
            (try? context.workspace()).map {
                (try? $0.source(named: base)) != nil
            } ?? false
        if !isRevision, try context.tableFolder(base) != nil { return base }
        return address.path + "@" + base
    }

    private func name(_ table: TableArgument) -> String {
        table.address.revision.map { $0 } ?? table.source.name
    }

    private func options() throws -> (DriftOptions, importanceLimit: Double) {
        var limits = DriftLimits()
        var importance = WeightedDrift.defaultLimit
        for text in limit {
            let parts = text.split(separator: "=", maxSplits: 1)
            let name = parts.first.map(String.init) ?? ""
            guard parts.count == 2, let value = Double(parts[1]), value >= 0, value.isFinite else {
                throw badLimit(text, advice: "write it as psi=0.2")
            }
            if name == "importance" {
                guard model != nil else {
                    throw badLimit(text, advice: "it is a limit of a model: name one by --model")
                }
                importance = value
                continue
            }
            guard limits.set(name, value) else {
                let names = (DriftLimits.names + ["importance"]).joined(separator: ", ")
                throw badLimit(text, advice: "measures are: \(names)")
            }
        }
        return (limits.options, importance)
    }

    /// Refuses a model of other tables.
    private func check(
        _ importance: ModelImportance, _ columns: [String], _ model: String
    ) throws {
        guard !columns.contains(where: { (importance.shares[$0] ?? 0) > 0 }) else { return }
        throw StoreError(
            .badUsage, "'\(printable(Array(model.utf8)))' depends on no column of the table",
            subject: model, advice: "compare the table that the model reads: what 'features' wrote",
            safety: "nothing was changed")
    }

    private func badLimit(_ text: String, advice: String) -> StoreError {
        StoreError(
            .badUsage, "'\(printable(Array(text.utf8)))' is no limit of a measure", subject: text,
            advice: advice, safety: "nothing was done")
    }

    /// A pair for each of the most frequent values of a column of the reference.
    private func slices(
        _ column: String, of old: TableProfile, _ reference: TableSource, _ table: TableSource
    ) throws -> DriftSlices {
        _ = try TableColumns.names(column, in: old.columnNames)
        let place = old.columnNames.firstIndex(of: column)
        guard let values = place.flatMap({ old.column($0).frequencies }) else {
            throw StoreError(
                .badUsage, "'\(printable(Array(column.utf8)))' has too many values to slice by",
                subject: column, advice: "choose a column of some values",
                safety: "nothing was changed")
        }
        let most = DriftText.sliceLimit(columns: old.columnNames.count)
        let names = values.prefix(most).map(\.value)
        return DriftSlices(count: names.count) { columns in
            let before = try profileSlices(of: reference, by: column, names, columns: columns)
            let after = try profileSlices(of: table, by: column, names, columns: columns)
            return names.compactMap { name in
                guard let old = before[name], let new = after[name], new.rowCount > 0 else {
                    return nil
                }
                return DriftPair(slice: name, old: old, new: new)
            }
        }
    }
}

extension CommandContext {
    /// What the columns carry of a model in a file on disk, or in any stored version.
    fileprivate func importance(of text: String) throws -> ModelImportance {
        var address = ContentAddress(text)
        let isModel = address.path.hasSuffix(".mlmodel")
        let limit = DriftCommand.largestModelBytes
        var bytes: [UInt8] = []
        if address.revision == nil,
            try disk.status(of: path(text), followingLinks: true)?.kind == .file
        {
            bytes = try disk.readFile(path(text), maximumBytes: limit)
        } else {
            let found = try cat(&address, CatOptions(onlyDescribes: true)) { _ in }
            guard found.sizeBytes <= limit else {
                throw StoreError(
                    .badUsage,
                    "'\(printable(Array(text.utf8)))' is larger than \(ByteCount(limit))",
                    subject: text, advice: "name a JSON file of its importances",
                    safety: "nothing was done")
            }
            _ = try cat(&address, CatOptions()) { bytes += $0 }
        }
        return try ModelImportance(ByteSource(name: text, bytes: bytes), isModel: isModel)
    }
}
