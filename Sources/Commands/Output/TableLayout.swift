import Vocabulary

/// Rows of cells as aligned lines, two spaces between the columns, nothing trailing.
struct TableLayout {
    /// On which side a column's cells meet.
    enum Alignment {
        case left
        case right
    }

    private let alignments: [Alignment]
    private var rows: [[String]] = []

    /// A table with a column for each alignment.
    init(_ alignments: [Alignment]) { self.alignments = alignments }

    /// A table of `count` columns that all start on the left.
    init(columns count: Int) { self.init(Array(repeating: .left, count: count)) }

    /// Adds a row; missing cells are empty, cells beyond the last column are dropped.
    mutating func add(_ cells: [String]) {
        let kept = cells.prefix(alignments.count)
        rows.append(kept + Array(repeating: "", count: alignments.count - kept.count))
    }

    var isEmpty: Bool { rows.isEmpty }

    /// The lines, each behind `indent` spaces.
    func lines(indent: Int = 0) -> [String] {
        let widths = alignments.indices.map { column in
            rows.map { displayWidth($0[column]) }.max() ?? 0
        }
        // A column without a word in it takes no room.
        let used = alignments.indices.filter { widths[$0] > 0 }
        return rows.map { row in
            let cells = used.map { padded(row[$0], to: widths[$0], alignments[$0]) }
            let line = String(repeating: " ", count: indent) + cells.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }

    private func padded(_ cell: String, to width: Int, _ alignment: Alignment) -> String {
        let space = String(repeating: " ", count: width - displayWidth(cell))
        return alignment == .left ? cell + space : space + cell
    }
}

/// `1 file`, `12,000 files`: the number with its noun.
func counted(_ number: Int, _ noun: String, plural: String? = nil) -> String {
    "\(groupedDigits(number)) \(number == 1 ? noun : plural ?? noun + "s")"
}
