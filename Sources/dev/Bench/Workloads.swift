/// One thing to measure.
struct Workload {
    let name: String
    let groups: [BenchGroup]
    let run: @Sendable (Bench) throws -> Void

    init(_ name: String, _ groups: [BenchGroup], _ run: @escaping @Sendable (Bench) throws -> Void)
    {
        self.name = name
        self.groups = groups
        self.run = run
    }
}

/// The workloads, in the order of the table: adding one is a file in `Workloads/` and a line here.
let workloads: [Workload] = [
    Workload("start-up", [.firstLight], benchStartUp),
    Workload("status", [.firstLight], benchStatus),
    Workload("status-million", [.engine], benchStatusOfAMillion),
    Workload("add-million", [.engine], benchAddOfAMillion),
    Workload("add-files", [.firstLight, .engine], benchAddFiles),
    Workload("table", [.firstLight, .engine], benchTable),
    Workload("incompressible", [.engine], benchIncompressible),
    Workload("twenty-versions", [.engine], benchTwentyVersions),
    Workload("model", [.engine], benchModel),
    Workload("records", [.engine], benchRecords),
    Workload("checkout-files", [.firstLight, .engine], benchCheckoutFiles),
    Workload("checkout-patch", [.engine], benchCheckoutOfAChange),
    Workload("one-in-a-million", [.engine], benchOneInAMillion),
    Workload("syncs", [.engine], benchSyncs),
    Workload("collect", [.engine], benchCollect),
    Workload("scrub", [.engine], benchScrub),
    Workload("remote-files", [.remotes], benchRemoteFiles),
    Workload("remote-million", [.remotes], benchRemoteMillion),
    Workload("remote-far", [.remotes], benchRemoteFarAway),
    Workload("remote-file", [.remotes], benchRemoteFile),
    Workload("remote-change", [.remotes], benchRemoteChange),
    Workload("boosted-trees", [.numeric], benchBoostedTrees),
    Workload("linear-models", [.numeric], benchLinearModels),
    Workload("structure", [.numeric], benchStructure),
    Workload("incremental-training", [.numeric], benchIncrementalTraining),
    Workload("table-diffs", [.tables], benchTableDiffs),
    Workload("table-profiles", [.tables], benchTableProfiles),
    Workload("table-reads", [.tables], benchTableReads),
    Workload("many-rows", [.tables], benchManyRows),
    Workload("report", [.tables], benchReport),
    Workload("networks", [.numeric], benchNetworks),
    Workload("pipelines", [.numeric], benchPipelines),
]
