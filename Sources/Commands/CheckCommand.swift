import ArgumentParser
import Bytes
import Diffs
import Platform
import Tables
import Vocabulary
import Workspaces

struct CheckCommand: ReportingCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Judge tables by the rules of their schema files.",
        discussion: helpText(
            examples: [
                "mlstore check",
                "mlstore check data/train.csv",
                "mlstore check data/train.csv@v1 --schema rules.yaml",
                "mlstore check --junit check.xml --no-values",
                "mlstore check --against origin/main",
            ],
            notes: """
                The rules of data/train.csv stand in data/train.csv.schema.yaml, which \
                'mlstore schema infer' writes. Without a path all tracked tables that have such a \
                file are judged. The first rows that break a rule are kept as a table, in \
                .mlstore/state/failures unless --failures says where. Rules about former versions \
                compare with what git's HEAD and its first parents tracked there, without git with \
                the snapshots; --against begins at another revision. Ends with status 1 where a \
                rule of severity 'error' is broken. docs/reference/checks.md has all rules.
                """))

    @Argument(
        help: ArgumentHelp("The tables.", valueName: "path[@revision]"), completion: .file())
    var files: [String] = []

    @Option(
        help: ArgumentHelp("The schema file of the one table.", valueName: "file"),
        completion: .file())
    var schema: String?

    @Option(
        help: ArgumentHelp("Write the verdicts for a CI into this file too.", valueName: "file"),
        completion: .file())
    var junit: String?

    @Option(
        help: ArgumentHelp("Keep rows that break rules in this folder.", valueName: "folder"),
        completion: .directory)
    var failures: String?

    @Option(
        help: ArgumentHelp("The former version is that of this revision.", valueName: "revision"))
    var against: String?

    @Flag(help: "Show no value of any table, and keep no rows.")
    var noValues = false

    @OptionGroup var common: CommonOptions

    func validate() throws {
        if schema != nil, files.count != 1 {
            throw ValidationError("--schema is for one table: name it")
        }
    }

    func perform(in context: CommandContext) throws -> Report {
        var text = CheckText(isHidingValues: noValues)
        if let against { _ = try context.workspace().source(named: against) }
        for table in try tables(context) {
            let verdict = try judge(table, context)
            text.add(verdict, failures: try keep(verdict, table.name, context))
        }
        if let junit {
            try writeAtomically(
                Array(text.junit.utf8), to: context.path(junit), on: context.disk, durable: false)
        }
        return Report(
            lines: text.lines, json: text.json, status: text.isBroken ? .failed : .done)
    }

    /// A table and what it is judged by.
    private struct Subject {
        /// As it was named, without a revision.
        let name: String
        let source: TableSource
        let schema: TableSchema
        /// Nil where it is not in the workspace.
        let path: RepoPath?
        var revision: String?
    }

    private func judge(_ table: Subject, _ context: CommandContext) throws -> TableVerdict {
        let history = try context.history(
            of: table.path, table.source, at: table.revision, against: against,
            limit: table.schema.formerVersions)
        return try context.check(table.source, by: table.schema, history: history)
    }

    /// What is to be judged: tables that were named, or the tracked ones with a schema file.
    private func tables(_ context: CommandContext) throws -> [Subject] {
        if !files.isEmpty {
            return try files.map { file in
                let table = try context.table(file)
                return Subject(
                    name: table.address.path, source: table.source,
                    schema: try context.schema(of: table, file: schema),
                    path: try context.workspacePath(of: table.address),
                    revision: table.address.revision)
            }
        }
        let workspace = try context.workspace()
        let tracked = try workspace.tracked().paths.compactMap { tracked in
            try context.schema(of: tracked.path, in: workspace).map {
                Subject(
                    name: tracked.path.description,
                    source: try context.table(at: tracked.path, in: workspace), schema: $0,
                    path: tracked.path)
            }
        }
        guard !tracked.isEmpty else {
            throw StoreError(
                .notFound, "no tracked table has a schema file",
                advice: "'mlstore schema infer PATH' writes one for you to review",
                safety: "nothing was checked")
        }
        return tracked
    }

    /// Writes the rows that break rules into a file of their own, and an older one away. Returns the
    /// file.
    private func keep(
        _ verdict: TableVerdict, _ path: String, _ context: CommandContext
    ) throws -> String? {
        let folder: DiskPath
        if let failures {
            folder = context.path(failures)
        } else {
            guard let workspace = try? context.workspace() else { return nil }
            folder = workspace.failures
        }
        let name = path.split(separator: "/").joined(separator: "%")
        let file = folder / name
        if noValues || verdict.failingRows.isEmpty {
            if try context.disk.status(of: file, followingLinks: false) != nil {
                try context.disk.removeFile(file)
            }
            return nil
        }
        try context.disk.makeDirectories(folder)
        try writeAtomically(verdict.failingTable, to: file, on: context.disk, durable: false)
        return file.description
    }
}

extension CommandContext {
    /// The schema of a table: of that file, or of the one beside it.
    func schema(of table: TableArgument, file: String?) throws -> TableSchema {
        let name = file ?? table.address.path + TableSchema.suffix
        let path = path(name)
        guard let schema = try schema(at: path, named: name) else {
            // A table that is not there is the nearer fault.
            _ = try table.source.header()
            throw StoreError(
                .notFound, "there is no schema file '\(path)'", subject: name,
                advice:
                    "'mlstore schema infer \(printable(Array(table.address.path.utf8)))' writes one, "
                    + "'--schema' names another", safety: "nothing was checked")
        }
        return schema
    }

    /// The pairs of columns that the schema file beside a table names, if there is one, and what of that
    /// file is of no use: whoever only wants to see a table need not mend it first.
    func declaredPairs(of table: TableArgument) throws -> (pairs: [ColumnPair], problem: String?) {
        guard table.address.place == nil else { return ([], nil) }
        let name = table.address.path + TableSchema.suffix
        let declared: [ColumnPair]
        do {
            declared = try schema(at: path(name), named: name)?.pairs ?? []
        } catch let error as StoreError {
            let file = printable(Array(name.utf8))
            return ([], "the schema file '\(file)' was not used: \(error.message)")
        }
        guard !declared.isEmpty else { return ([], nil) }
        let known = Set(try table.source.header().columnNames)
        let useless = declared.first { !known.contains($0.first) || !known.contains($0.second) }
        guard let useless else { return (declared, nil) }
        let column = known.contains(useless.first) ? useless.second : useless.first
        return (
            declared.filter { known.contains($0.first) && known.contains($0.second) },
            "pairs of '\(printable(Array(name.utf8)))' were not used: the table has no column "
                + "'\(printable(Array(column.utf8)))'"
        )
    }

    /// The schema that stands beside a path of the work tree, if there is one.
    func schema(of path: RepoPath, in workspace: Workspace) throws -> TableSchema? {
        let file = path.addingSuffix(TableSchema.suffix)
        return try schema(at: workspace.root / file, named: file.description)
    }

    private func schema(at path: DiskPath, named name: String) throws -> TableSchema? {
        guard try disk.status(of: path, followingLinks: true) != nil else { return nil }
        let bytes = try disk.readFile(path, maximumBytes: TableSchema.maximumBytes)
        return try TableSchema(parsing: bytes, file: name)
    }

    /// Judges a table; those that its rules refer to are read where they are.
    func check(
        _ source: TableSource, by schema: TableSchema, history: TableHistory?
    ) throws -> TableVerdict {
        try checkTable(
            source, by: schema, now: clock.now(), history: history, threads: try threads()
        ) { path in
            try self.table(at: path, in: try workspace())
        }
    }
}
