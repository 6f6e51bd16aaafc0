internal import Bytes

/// A plot as SVG text: 480 by 400, the plot's area with its axes, a title and labels. Coordinates
/// are written in tenths of a pixel, so equal figures are equal bytes.
struct Drawing {
    /// The area between the axes.
    static let left = 70
    static let top = 40
    static let width = 380
    static let height = 300

    private let x: ClosedRange<Double>
    private let y: ClosedRange<Double>
    private var body = ""

    /// A plot of those ranges; a range without length is widened.
    init(
        title: String, xLabel: String, yLabel: String, x: ClosedRange<Double>,
        y: ClosedRange<Double>
    ) {
        self.x = Drawing.widened(x)
        self.y = Drawing.widened(y)
        text(title, at: (Drawing.left + Drawing.width / 2, 24), size: 15)
        text(xLabel, at: (Drawing.left + Drawing.width / 2, 388), size: 12)
        text(yLabel, at: (16, Drawing.top + Drawing.height / 2), size: 12, isUpright: true)
        body +=
            "<rect x=\"\(Drawing.left)\" y=\"\(Drawing.top)\" width=\"\(Drawing.width)\" "
            + "height=\"\(Drawing.height)\" fill=\"none\" stroke=\"#888\"/>\n"
    }

    private static func widened(_ range: ClosedRange<Double>) -> ClosedRange<Double> {
        guard range.lowerBound == range.upperBound else { return range }
        let by = max(1, range.lowerBound.magnitude / 2)
        return (range.lowerBound - by)...(range.upperBound + by)
    }

    /// The document.
    var svg: [UInt8] {
        let text =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"480\" height=\"400\" "
            + "viewBox=\"0 0 480 400\" font-family=\"sans-serif\">\n"
            + "<rect width=\"480\" height=\"400\" fill=\"#fff\"/>\n\(body)</svg>\n"
        return Array(text.utf8)
    }

    /// Marks five places on each axis.
    mutating func ticks() {
        for step in 0...4 {
            let share = Double(step) / 4
            let xValue = x.lowerBound + share * (x.upperBound - x.lowerBound)
            let yValue = y.lowerBound + share * (y.upperBound - y.lowerBound)
            text(
                Drawing.short(xValue),
                at: (Drawing.left + step * Drawing.width / 4, Drawing.top + Drawing.height + 18),
                size: 11)
            text(
                Drawing.short(yValue),
                at: (
                    Drawing.left - 24,
                    Drawing.top + Drawing.height - step * Drawing.height / 4 + 4
                ), size: 11)
        }
    }

    /// A line through points; those that fall on the point before are left out.
    mutating func line(_ points: [(x: Double, y: Double)], colour: String, isDashed: Bool = false) {
        var places: [String] = []
        for point in points {
            let place =
                Drawing.tenths(horizontal(point.x)) + "," + Drawing.tenths(vertical(point.y))
            if places.last != place { places.append(place) }
        }
        body +=
            "<polyline fill=\"none\" stroke=\"\(colour)\" stroke-width=\"1.5\" "
            + (isDashed ? "stroke-dasharray=\"4 3\" " : "")
            + "points=\"\(places.joined(separator: " "))\"/>\n"
    }

    /// A dot.
    mutating func dot(_ point: (x: Double, y: Double), colour: String) {
        body +=
            "<circle cx=\"\(Drawing.tenths(horizontal(point.x)))\" "
            + "cy=\"\(Drawing.tenths(vertical(point.y)))\" r=\"3\" fill=\"\(colour)\"/>\n"
    }

    /// A box between two corners, as dark as `share` says, from 0 to 1.
    mutating func box(_ xs: (Double, Double), _ ys: (Double, Double), share: Double) {
        let left = horizontal(xs.0)
        let top = vertical(ys.1)
        body +=
            "<rect x=\"\(Drawing.tenths(left))\" y=\"\(Drawing.tenths(top))\" "
            + "width=\"\(Drawing.tenths(horizontal(xs.1) - left))\" "
            + "height=\"\(Drawing.tenths(vertical(ys.0) - top))\" fill=\"#1f5fa8\" "
            + "fill-opacity=\"0.\(Drawing.padded(Int((min(max(share, 0), 0.99) * 100).rounded())))"
            + "\"/>\n"
    }

    /// A label inside the plot.
    mutating func label(_ words: String, x: Double, y: Double, size: Int = 12) {
        text(words, at: (Int(horizontal(x).rounded()), Int(vertical(y).rounded())), size: size)
    }

    private mutating func text(
        _ words: String, at place: (x: Int, y: Int), size: Int, isUpright: Bool = false
    ) {
        let turn = isUpright ? " transform=\"rotate(-90 \(place.x) \(place.y))\"" : ""
        body +=
            "<text x=\"\(place.x)\" y=\"\(place.y)\" font-size=\"\(size)\" "
            + "text-anchor=\"middle\"\(turn)>\(Drawing.escaped(words))</text>\n"
    }

    private func horizontal(_ value: Double) -> Double {
        let share = (value - x.lowerBound) / (x.upperBound - x.lowerBound)
        return Double(Drawing.left) + share * Double(Drawing.width)
    }

    private func vertical(_ value: Double) -> Double {
        let share = (value - y.lowerBound) / (y.upperBound - y.lowerBound)
        return Double(Drawing.top + Drawing.height) - share * Double(Drawing.height)
    }

    /// The value in tenths: `12.3`.
    private static func tenths(_ value: Double) -> String {
        let scaled = Int((min(max(value, -1e6), 1e6) * 10).rounded())
        return "\(scaled < 0 ? "-" : "")\(scaled.magnitude / 10).\(scaled.magnitude % 10)"
    }

    private static func padded(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }

    /// Three significant digits, for a tick.
    static func short(_ value: Double) -> String {
        guard value != 0, value.isFinite else { return "0" }
        var scale = 1.0
        var size = value.magnitude
        while size >= 1000, scale < 1e300 {
            size /= 10
            scale *= 10
        }
        while size < 100, scale > 1e-300 {
            size *= 10
            scale /= 10
        }
        let rounded = size.rounded()
        let whole = scale >= 1 ? rounded * scale : rounded / (1 / scale).rounded()
        return shortestText(value < 0 ? -whole : whole)
    }

    private static func escaped(_ words: String) -> String {
        var result = ""
        for character in words.unicodeScalars {
            switch character {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            case _ where character.value < 0x20: result += " "
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
