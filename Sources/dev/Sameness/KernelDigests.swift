import Kernels

/// Digests of what the kernels make of numbers that follow from a seed, and of each step on the way.
///
/// Needs nothing but `Kernels`, so that `dev arm64` can compile it, with them, for a processor of which
/// only a small standard library is at hand.
struct KernelDigests {
    private let executor: ParallelExecutor
    private let note: (_ name: StaticString, _ digest: UInt64) -> Void
    private let design: DesignMatrix
    /// Sums of the columns with an error, one a row.
    private let targets: [Double]
    /// Which third of the rows a target is in.
    private let classes: [UInt32]
    private let random = RandomSource(seed: 20, purpose: "kernel digests")

    private static let rows = 9_000
    private static let columns = 7

    /// Digests of what runs on `executor` go to `note`.
    init(
        _ executor: ParallelExecutor,
        note: @escaping (_ name: StaticString, _ digest: UInt64) -> Void
    ) {
        let (random, rows, columns) = (random, KernelDigests.rows, KernelDigests.columns)
        self.executor = executor
        self.note = note
        let dense = (0..<(rows * columns)).map { 3 * random.normal(at: UInt64($0)) }
        design = DesignMatrix(
            rows: rows, dense: dense, denseCount: columns, codes: [], codeCount: 0,
            coefficientCount: 1 + columns)
        targets = (0..<rows).map { row in
            var sum = random.normal(at: UInt64(rows * columns + row))
            for column in 0..<columns {
                sum += dense[row * columns + column] * Double(column - 2)
            }
            return sum
        }
        classes = targets.map { $0 < -5 ? 0 : $0 < 5 ? 1 : 2 }
    }

    /// Makes all of them.
    func run() {
        functions()
        sums()
        linearModels()
        groups()
        networks()
        trees()
    }

    private func functions() {
        // Numbers of every size, and those where something ends.
        let wide = (0..<20_000).map { Double(bitPattern: random.bits(at: UInt64($0))) }
        let special: [Double] = [
            0, -0.0, .infinity, -.infinity, .nan, .leastNonzeroMagnitude, .leastNormalMagnitude,
            .greatestFiniteMagnitude, 1, -1, 709.78, 709.79, -745.13, -745.14,
        ]
        let near = (0..<20_000).map { 20 * random.normal(at: UInt64($0)) }
        let numbers = wide + special + near
        digest("exponential") { $0.add(numbers.map { exponential($0) }) }
        digest("exponentials") { $0.add(exponentials(numbers, executor.level)) }
        digest("exponentialMinusOne") { $0.add(numbers.map { exponentialMinusOne($0) }) }
        digest("sigmoid") { $0.add(numbers.map { sigmoid($0) }) }
        digest("softplus") { $0.add(numbers.map { softplus($0) }) }
        digest("logarithm") { $0.add(numbers.map { logarithm($0) }) }
        digest("logarithmOnePlus") { $0.add(numbers.map { logarithmOnePlus($0) }) }
        let shares = (1..<20_000).map { Double($0) / 20_000 }
        digest("inverseNormal") { $0.add(shares.map { inverseNormal($0) }) }
        digest("chiSquareTail") { digest in
            digest.add((0..<2_000).map { chiSquareTail(Double($0) / 10, degrees: 1 + $0 % 40) })
        }
        digest("kolmogorovTail") { $0.add(shares.map { kolmogorovTail(3 * $0) }) }
        digest("Philox") { digest in
            for position in 0..<10_000 { digest.add(random.bits(at: UInt64(position))) }
        }
        digest("uniform") { digest in
            digest.add((0..<10_000).map { random.uniform(at: UInt64($0)) })
        }
        digest("normal") { $0.add((0..<10_000).map { random.normal(at: UInt64($0)) }) }
        digest("order") { $0.add(sortedTotally(numbers)) }
    }

    private func sums() {
        digest("blockSum") { $0.add([blockSum(targets)]) }
        digest("blockDot") { $0.add([blockDot(targets, targets)]) }
        digest("logSumExp") { $0.add([logSumExp(targets.prefix(500))]) }
        digest("softmax") { digest in
            var values = Array(targets.prefix(500))
            digest.add([softmax(&values)])
            digest.add(values)
        }
        digest("moments") { digest in
            let moments = Moments.of(targets, executor)
            digest.add([moments.mean, moments.variance])
        }
        digest("gram") { $0.add(design.gram(rowWeights: nil, executor).elements) }
        digest("scores") { $0.add(design.scores([1, 2, 3, 4, 5, 6, 7, 0.1], executor)) }
        digest("transposedProduct") { $0.add(design.transposedProduct(targets, executor)) }
    }

    private func linearModels() {
        let right =
            [blockSum(targets)] + design.transposedProduct(targets, executor).dropFirst()
        digest("Cholesky") { digest in
            if let factor = CholeskyFactor(design.gram(rowWeights: nil, executor)) {
                digest.add(factor.solve(right))
            }
        }
        digest("eigenSystem") { digest in
            let (values, vectors) = eigenSystem(design.gram(rowWeights: nil, executor))
            digest.add(values)
            for vector in vectors { digest.add(vector) }
        }
        let labels = classes.map { $0 == 2 ? 1.0 : 0 }
        let weights = SharedBuffer(repeating: 0.0, count: design.rows)
        let start = [Double](repeating: 0, count: design.coefficientCount)
        let rule = StoppingRule(maximumIterations: 25, tolerance: 1e-7)
        let loss: Objective = { point in
            let (sum, gradient) = design.logisticPass(
                point, labels: labels, weights: weights, executor)
            let penalty = blockDot(point, point)
            return (
                sum + penalty, point.indices.map { gradient[$0] + 2 * point[$0] }
            )
        }
        digest("logistic, L-BFGS") { digest in
            let observer = digest.observer
            digest.add(minimiseByLBFGS(from: start, rule, observer: observer, loss).point)
        }
        digest("logistic, Newton") { digest in
            let observer = digest.observer
            let found = minimiseByNewton(from: start, rule, observer: observer, loss) { _ in
                var second = design.gram(rowWeights: weights, executor)
                for index in second.elements.indices {
                    second.elements[index] *= Double(design.rows)
                }
                for index in 0..<second.order { second[index, index] += 2 }
                return second
            }
            digest.add(found.point)
        }
    }

    private func groups() {
        digest("k-means") { digest in
            let seeds = kMeansSeeds(design, count: 6, seed: 5, attempt: 0, executor) ?? []
            let found = kMeans(
                design, from: seeds, maximumIterations: 15, tolerance: 0, executor,
                observer: digest.observer)
            digest.add(found.centres + [found.inertia])
        }
        digest("principal components") { digest in
            guard let found = PrincipalComponents(design, count: 4, executor) else { return }
            digest.add(found.means + found.variances)
            for part in found.components + found.coordinates(design, executor) { digest.add(part) }
        }
    }

    private func networks() {
        var plan = NetworkPlan()
        (plan.units, plan.epochs, plan.seed) = (24, 3, 9)
        plan.l2 = 0.01
        let rows = NetworkRows(design)
        let (training, validation) = halves
        func trained(_ name: StaticString, _ target: NetworkTarget) {
            digest(name) { digest in
                let found = trainNetwork(
                    rows, target, training: training, validation: validation, plan, executor,
                    observer: digest.observer)
                for scores in found?.network.scores(rows, executor) ?? [] { digest.add(scores) }
            }
        }
        trained("network, regression", .numbers(targets.map { $0 / 16 }))
        trained("network, binary", .twoClasses(classes.map { $0 == 2 ? 1 : 0 }))
        trained("network, classes", .classes(classes, count: 3))
    }

    private func trees() {
        let columns = (0..<KernelDigests.columns).map { column($0) }
        let bins = columns.map { NumberBins($0, maximum: 63) }
        // Unsafe: a table has room for the bin of each row.
        let table = unsafe BinnedTable(
            rows: design.rows, features: bins.map { .number(bins: $0.count) }, executor
        ) { feature, target in
            unsafe bins[feature].assign(columns[feature], to: target)
        }
        digest("bins") { digest in for part in bins { digest.add(part.bounds) } }
        boosted("trees, regression", table, SquaredLoss(targets: targets))
        boosted("trees, binary", table, LogisticTreeLoss(labels: classes.map { $0 == 2 ? 1 : 0 }))
        boosted("trees, classes", table, SoftmaxTreeLoss(classes: classes, count: 3))
    }

    private func boosted(_ name: StaticString, _ table: BinnedTable, _ loss: some BoostingLoss) {
        var plan = BoostingPlan()
        (plan.iterations, plan.rowShare, plan.columnShare, plan.seed) = (12, 0.7, 0.8, 4)
        let (training, validation) = halves
        digest(name) { digest in
            let found = boost(
                table, loss, training: training, validation: validation, plan, executor,
                observer: digest.observer)
            for scores in found?.scores(table, executor) ?? [] {
                digest.add((0..<design.rows).map { scores[$0] })
            }
        }
    }

    /// The rows to learn from, and those kept back: each third one.
    private var halves: (training: [UInt32], validation: [UInt32]) {
        let all = 0..<UInt32(design.rows)
        return (all.filter { $0 % 3 != 0 }, all.filter { $0 % 3 == 0 })
    }

    private func column(_ column: Int) -> [Double] {
        let (rows, columns) = (KernelDigests.rows, UInt64(KernelDigests.columns))
        // The design's own, with gaps.
        return (0..<UInt64(rows)).map {
            $0 % 37 == 0 ? .nan : 3 * random.normal(at: $0 * columns + UInt64(column))
        }
    }

    private func digest(_ name: StaticString, _ body: (DigestOfBits) -> Void) {
        let digest = DigestOfBits()
        body(digest)
        note(name, digest.value)
    }
}

/// A digest of the bits of numbers, in their order. It need not withstand anybody: a step that differs is to
/// be seen.
private final class DigestOfBits {
    private(set) var value: UInt64 = 0

    /// Takes in the state of each step.
    var observer: StepObserver {
        StepObserver { [self] step, loss, state in
            add(UInt64(step))
            if let loss { add([loss]) }
            for word in state { add(word) }
        }
    }

    func add(_ word: UInt64) {
        value = (value ^ word) &* 0x9e37_79b9_7f4a_7c15
        value ^= value >> 29
    }

    /// All numbers that are none count as one: their sign is the processor's choice.
    func add(_ numbers: [Double]) {
        for number in numbers { add(number.isNaN ? 0x7ff8 << 48 : number.bitPattern) }
    }
}
