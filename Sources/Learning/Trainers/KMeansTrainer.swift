internal import Bytes
internal import Kernels
internal import Vocabulary

/// k-means: rows in groups around centres.
struct KMeansTrainer: Trainer {
    let name = "k-means"
    let targetKind = TargetKind.nothing
    let takesValidation = false
    let parameterKeys = KMeansParameters.keys
    let bodyType: any ModelBody.Type = KMeansBody.self

    func configured(_ options: StepOptions) throws -> any Learner {
        KMeansLearner(parameters: try KMeansParameters(options))
    }
}

/// What steers k-means, with the defaults of docs/reference/steps.md.
struct KMeansParameters: Sendable, Equatable {
    static let keys = ["clusters", "restarts", "maximumIterations", "tolerance"]

    let clusters: Int
    /// How many times to start; the closest result counts.
    let restarts: Int
    let maximumIterations: Int
    /// The sum of the squared ways of all centres that counts as rest.
    let tolerance: Double

    init(_ options: StepOptions) throws {
        clusters = try options.integer("clusters", default: 8, in: 1...10_000)
        restarts = try options.integer("restarts", default: 1, in: 1...1000)
        maximumIterations = try options.integer(
            "maximumIterations", default: 300, in: 1...1_000_000)
        tolerance = try options.number("tolerance", default: 1e-4, "a number of at least 0") {
            $0 >= 0
        }
    }

    var json: JSONValue {
        [
            "clusters": JSONValue(clusters), "restarts": JSONValue(restarts),
            "maximumIterations": JSONValue(maximumIterations), "tolerance": .number(tolerance),
        ]
    }
}

private struct KMeansLearner: Learner {
    let parameters: KMeansParameters

    var json: JSONValue { parameters.json }

    func learn(_ table: TrainingTable, _ context: StepContext) throws -> Learnt {
        let features = try DenseFeatures(learning: table.columns, context.executor)
        guard table.rows >= parameters.clusters else {
            throw StoreError.fewerRowsThanClusters(table.rows, parameters.clusters)
        }
        let design = features.encode(table.columns.map(\.values), rows: table.rows)
        let ledger = context.ledger(
            of: "iteration", from: bits(features.encoder.tensors.flatMap(\.values)))
        var found = try clustering(design, table.seed, attempt: 0, context.executor, ledger)
        for attempt in 1..<parameters.restarts {
            let other = try clustering(
                design, table.seed, attempt: attempt, context.executor, ledger)
            if other.inertia < found.inertia { found = other }
        }
        ledger.finish()
        if !found.converged {
            context.log(
                "warning: the centres still moved at the end: raise 'maximumIterations' or "
                    + "'tolerance'")
        }
        return Learnt(
            body: KMeansBody(
                features: features, centres: found.centres, sizes: found.sizes,
                parameters: parameters.json),
            loss: found.inertia / Double(table.rows), iterations: found.iterations,
            converged: found.converged)
    }

    private func clustering(
        _ design: DesignMatrix, _ seed: UInt64, attempt: Int, _ executor: ParallelExecutor,
        _ ledger: LedgerWriter
    ) throws -> Clustering {
        guard
            let seeds = kMeansSeeds(
                design, count: parameters.clusters, seed: seed, attempt: attempt, executor)
        else { throw StoreError.fewerDifferentRows(parameters.clusters) }
        return kMeans(
            design, from: seeds, maximumIterations: parameters.maximumIterations,
            tolerance: parameters.tolerance, executor, observer: ledger.observer())
    }
}

/// Centres, in the units of the standardised features.
struct KMeansBody: StructureBody {
    let features: DenseFeatures
    /// One behind the other.
    let centres: [Double]
    /// The training rows of each.
    let sizes: [Int]
    let parameters: JSONValue

    static let arrayNames = ["centres"] + FeatureEncoder.arrayNames

    var inputs: [(name: String, kind: ColumnValues.Kind)] { features.inputs }
    var size: String { "\(sizes.count) clusters" }
    /// The number of the cluster, from 0, and the distance from its centre.
    var scoreNames: [String] { ["cluster", "distance"] }

    var members: [String: JSONValue] {
        [
            "features": features.encoder.json, "params": parameters,
            "sizes": .array(sizes.map { JSONValue($0) }),
        ]
    }

    var tensors: [ModelFile.Tensor] {
        [
            ModelFile.Tensor(
                name: "centres", shape: [sizes.count, features.columnCount], values: centres)
        ] + features.encoder.tensors
    }

    func scores(
        _ columns: [ColumnValues], rows: Int, _ executor: ParallelExecutor
    ) -> [[Double]] {
        let found = nearest(columns, rows, executor)
        return [found.labels.map(Double.init), found.distances.map { $0.squareRoot() }]
    }

    func metrics(
        _ columns: [ColumnValues], rows: Int, _ executor: ParallelExecutor
    ) -> [String: JSONValue] {
        let found = nearest(columns, rows, executor)
        var sizes = [Int](repeating: 0, count: sizes.count)
        for label in found.labels { sizes[Int(label)] += 1 }
        let inertia = blockSum(found.distances)
        return [
            "rows": JSONValue(rows), "inertia": .number(inertia),
            "meanSquaredDistance": .number(inertia / Double(rows)),
            "sizes": .array(sizes.map { JSONValue($0) }),
        ]
    }

    private func nearest(
        _ columns: [ColumnValues], _ rows: Int, _ executor: ParallelExecutor
    ) -> (labels: [Int32], distances: [Double]) {
        nearestCentres(features.encode(columns, rows: rows), centres, executor)
    }
}

extension KMeansBody {
    init?(_ document: JSONValue, _ tensors: [String: ModelFile.Tensor], outputs: Int) {
        guard let features = DenseFeatures(FeatureEncoder(document["features"], tensors)),
            let centres = tensors["centres"], let parameters = document["params"],
            parameters.objectValue != nil, let entries = document["sizes"]?.arrayValue,
            !entries.isEmpty, centres.shape == [entries.count, features.columnCount]
        else { return nil }
        let sizes = entries.compactMap { $0.integerValue.flatMap { Int(exactly: $0) } }
        guard sizes.count == entries.count else { return nil }
        self.init(
            features: features, centres: centres.values, sizes: sizes, parameters: parameters)
    }
}

extension StoreError {
    static func fewerRowsThanClusters(_ rows: Int, _ clusters: Int) -> StoreError {
        StoreError(
            .numeric, "cannot make \(clusters) clusters of \(rows) rows", subject: "clusters",
            advice: "lower 'clusters'")
    }

    static func fewerDifferentRows(_ clusters: Int) -> StoreError {
        StoreError(
            .numeric, "cannot make \(clusters) clusters: the table has fewer different rows",
            subject: "clusters", advice: "lower 'clusters', or learn from more columns")
    }
}
