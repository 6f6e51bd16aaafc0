internal import Bytes
internal import Kernels
internal import Vocabulary

/// The plots that `evaluate` draws, one line each.
enum EvaluationPlot: String, CaseIterable {
    case roc
    case precisionRecall = "precision-recall"
    case calibration
    case confusion
    case residuals

    private static let colour = "#1f5fa8"
    private static let grey = "#aaa"

    /// The plot of some predictions. Throws `malformed` where it makes no sense for the model, or
    /// where only rows of one class are there.
    func draw(_ metrics: any Measurable, model: String, bins: Int) throws -> [UInt8] {
        switch (self, metrics) {
        case (.residuals, let metrics as RegressionMetrics):
            return residuals(metrics)
        case (.confusion, let metrics as ClassificationMetrics):
            return confusion(metrics)
        case (.calibration, let metrics as ClassificationMetrics):
            return calibration(Calibration(metrics, bins: bins))
        case (.roc, let metrics as ClassificationMetrics) where metrics.threshold != nil:
            return try roc(metrics)
        case (.precisionRecall, let metrics as ClassificationMetrics)
        where metrics.threshold != nil:
            return try precisionRecall(metrics)
        default:
            throw StoreError.plotWithoutMeaning(rawValue, model)
        }
    }

    private func roc(_ metrics: ClassificationMetrics) throws -> [UInt8] {
        let groups = try groups(metrics) { $0.positives > 0 && $0.negatives > 0 }
        let all = total(groups)
        var drawing = Drawing(
            title: "ROC: area \(rounded(metrics.rankings[0].areaUnderCurve(nil)))",
            xLabel: "false positive rate", yLabel: "true positive rate", x: 0...1, y: 0...1)
        drawing.ticks()
        drawing.line([(0, 0), (1, 1)], colour: EvaluationPlot.grey, isDashed: true)
        let points = EvaluationPlot.curve(of: groups, from: (0, 0)) { positives, negatives in
            (negatives / Double(all.negatives), positives / Double(all.positives))
        }
        drawing.line(points, colour: EvaluationPlot.colour)
        return drawing.svg
    }

    private func precisionRecall(_ metrics: ClassificationMetrics) throws -> [UInt8] {
        let groups = try groups(metrics) { $0.positives > 0 }
        let all = total(groups)
        var drawing = Drawing(
            title:
                "Precision and recall: mean precision \(rounded(metrics.rankings[0].averagePrecision(nil)))",
            xLabel: "recall", yLabel: "precision", x: 0...1, y: 0...1)
        drawing.ticks()
        let share = Double(all.positives) / Double(all.positives + all.negatives)
        drawing.line([(0, share), (1, share)], colour: EvaluationPlot.grey, isDashed: true)
        let points = EvaluationPlot.curve(of: groups, from: (0, 1)) { positives, negatives in
            (positives / Double(all.positives), positives / (positives + negatives))
        }
        drawing.line(points, colour: EvaluationPlot.colour)
        return drawing.svg
    }

    private func calibration(_ calibration: Calibration) -> [UInt8] {
        var drawing = Drawing(
            title: "Calibration: error \(rounded(calibration.error))",
            xLabel: "mean probability", yLabel: "share of rows", x: 0...1, y: 0...1)
        drawing.ticks()
        drawing.line([(0, 0), (1, 1)], colour: EvaluationPlot.grey, isDashed: true)
        let points = calibration.bins.map { (x: $0.meanProbability, y: $0.share) }
        drawing.line(points, colour: EvaluationPlot.colour)
        for point in points { drawing.dot(point, colour: EvaluationPlot.colour) }
        return drawing.svg
    }

    /// Each cell as dark as its share of the true class.
    private func confusion(_ metrics: ClassificationMetrics) -> [UInt8] {
        let matrix = metrics.confusion(nil)
        let count = Double(matrix.classCount)
        var drawing = Drawing(
            title: "Confusion: accuracy \(rounded(matrix.accuracy))", xLabel: "predicted class",
            yLabel: "true class", x: 0...count, y: 0...count)
        // With more classes the words would lie on each other.
        let hasWords = matrix.classCount <= 12
        for row in 0..<matrix.classCount {
            let top = count - Double(row)
            for column in 0..<matrix.classCount {
                let rows = matrix.counts[row * matrix.classCount + column]
                let place = Double(column)
                drawing.box(
                    (place, place + 1), (top - 1, top),
                    share: Double(rows) / Double(max(1, matrix.support(row))) * 0.7)
                if hasWords { drawing.label("\(rows)", x: place + 0.5, y: top - 0.5) }
            }
            guard hasWords else { continue }
            let name = String(metrics.classes[row].prefix(10))
            drawing.label(name, x: Double(row) + 0.5, y: -0.06 * count, size: 11)
            drawing.label(name, x: -0.09 * count, y: top - 0.5, size: 11)
        }
        return drawing.svg
    }

    /// Predictions and errors, counted in a grid, so that the plot of many rows is no larger.
    private func residuals(_ metrics: RegressionMetrics) -> [UInt8] {
        let columns = 76
        let lines = 60
        let errors = metrics.truth.indices.map { metrics.predictions[$0] - metrics.truth[$0] }
        let x = (metrics.predictions.min() ?? 0)...(metrics.predictions.max() ?? 0)
        let reach = max(errors.map(\.magnitude).max() ?? 0, .leastNormalMagnitude)
        var drawing = Drawing(
            title: "Errors: prediction - truth", xLabel: "prediction", yLabel: "error", x: x,
            y: (-reach)...reach)
        drawing.ticks()
        let width = (x.upperBound - x.lowerBound) / Double(columns)
        let height = 2 * reach / Double(lines)
        var counts = [Int](repeating: 0, count: columns * lines)
        for (row, error) in errors.enumerated() {
            let place =
                width > 0
                ? min(columns - 1, Int((metrics.predictions[row] - x.lowerBound) / width)) : 0
            let line = min(lines - 1, Int((error + reach) / height))
            counts[line * columns + place] += 1
        }
        let most = Double(max(1, counts.max() ?? 1))
        for line in 0..<lines {
            for place in 0..<columns where counts[line * columns + place] > 0 {
                let share = (Double(counts[line * columns + place]) / most).squareRoot()
                let left = x.lowerBound + Double(place) * width
                let bottom = -reach + Double(line) * height
                // A range without width is drawn as one column of the widened plot.
                let right = width > 0 ? left + width : left + max(1, left.magnitude / 2) / 20
                drawing.box((left, right), (bottom, bottom + height), share: 0.15 + 0.8 * share)
            }
        }
        drawing.line(
            [(x.lowerBound, 0), (x.upperBound, 0)], colour: EvaluationPlot.grey, isDashed: true)
        return drawing.svg
    }

    private func groups(
        _ metrics: ClassificationMetrics, _ suffices: (Ranking.Counts) -> Bool
    ) throws -> [Ranking.Counts] {
        let groups = metrics.rankings[0].groups(nil)
        guard suffices(total(groups)) else { throw StoreError.plotOfOneClass(rawValue) }
        return groups
    }

    private func total(_ groups: [Ranking.Counts]) -> Ranking.Counts {
        groups.reduce((0, 0)) { ($0.0 + $1.positives, $0.1 + $1.negatives) }
    }

    /// A point for each threshold, the highest first, from the numbers of rows at or above it.
    private static func curve(
        of groups: [Ranking.Counts], from start: (x: Double, y: Double),
        _ point: (_ positives: Double, _ negatives: Double) -> (x: Double, y: Double)
    ) -> [(x: Double, y: Double)] {
        var points = [start]
        var passed: Ranking.Counts = (0, 0)
        for group in groups.reversed() {
            passed.positives += group.positives
            passed.negatives += group.negatives
            points.append(point(Double(passed.positives), Double(passed.negatives)))
        }
        return points
    }

    private func rounded(_ value: Double?) -> String { value.map(Drawing.short) ?? "undefined" }
}

extension StoreError {
    static func plotWithoutMeaning(_ plot: String, _ model: String) -> StoreError {
        StoreError(
            .malformed, "the plot '\(plot)' makes no sense for a \(model) model", subject: plot,
            advice: "'roc' and 'precision-recall' are for models of two classes, 'calibration' and "
                + "'confusion' for classes, 'residuals' for numbers")
    }

    static func plotOfOneClass(_ plot: String) -> StoreError {
        StoreError(
            .malformed, "the plot '\(plot)' needs rows of both classes", subject: plot,
            advice: "check the rows that reach the step, or leave '\(plot)' out of 'plots'")
    }
}
