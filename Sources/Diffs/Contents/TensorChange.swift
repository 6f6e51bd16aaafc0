import Bytes
import Tables
import Vocabulary

/// How much a tensor changed. Numbers that are not finite, before or after, are counted apart.
struct TensorChange {
    private let old: TensorFile.Tensor
    private let new: TensorFile.Tensor
    private let type: NumberType?
    private var changedCount = 0
    private var oddCount = 0
    private var oldSquares = 0.0
    private var changeSquares = 0.0
    private var largest = (change: 0.0, index: 0)
    /// Whether all of the tensor was read, so that the norm of the old values is known.
    private var isComplete = true

    private static let pieceBytes = 1 << 20

    init(_ old: TensorFile.Tensor, _ new: TensorFile.Tensor) {
        self.old = old
        self.new = new
        type = NumberType(old.type)
    }

    /// Reads what differs; false where nothing does.
    mutating func measure(_ before: ByteAccess, _ after: ByteAccess) throws -> Bool {
        var differs = false
        for start in stride(from: 0, to: old.range.count, by: TensorChange.pieceBytes) {
            let count = min(TensorChange.pieceBytes, old.range.count - start)
            let left = old.range.lowerBound + start..<old.range.lowerBound + start + count
            let right = new.range.lowerBound + start..<new.range.lowerBound + start + count
            if let parts = before.makeup(of: left), parts == after.makeup(of: right) {
                isComplete = false
                continue
            }
            let (one, other) = (try before.read(left), try after.read(right))
            if one != other { differs = true }
            compare(one, other, from: start)
        }
        return differs
    }

    private mutating func compare(_ one: [UInt8], _ other: [UInt8], from start: Int) {
        guard let type else { return }
        let width = type.width
        for index in 0..<(one.count / width) {
            let (left, right) = (type.bits(one, index), type.bits(other, index))
            let value = type.value(left)
            if value.isFinite { oldSquares += value * value }
            guard left != right else { continue }
            changedCount += 1
            let change = type.value(right) - value
            guard change.isFinite else {
                oddCount += 1
                continue
            }
            changeSquares += change * change
            if change.magnitude > largest.change.magnitude {
                largest = (change, start / width + index)
            }
        }
    }

    /// `1,024 numbers changed, norm of the change 0.5 (of 12.1), largest +0.25 at [3, 7]`.
    var sentence: String {
        guard type != nil else { return "its bytes differ" }
        let norm = shortestText(rounded(changeSquares.squareRoot()))
        let whole = isComplete ? " (of \(shortestText(rounded(oldSquares.squareRoot()))))" : ""
        let noun = changedCount == 1 ? "number" : "numbers"
        var text =
            "\(groupedDigits(changedCount)) \(noun) changed, norm of the change \(norm)\(whole)"
        if largest.change != 0 {
            let sign = largest.change < 0 ? "" : "+"
            text += ", largest \(sign)\(shortestText(rounded(largest.change))) at "
            text += old.place(of: largest.index) ?? "the end"
        }
        if oddCount > 0 {
            text += ", \(groupedDigits(oddCount)) to or from what is no finite number"
        }
        return text
    }
}
