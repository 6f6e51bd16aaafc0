/// The name in `names` that `wrong` was probably meant to be: the one with the fewest edits
/// (insert, delete, replace, swap neighbours), at most a third of the longer name's length and
/// never more than three. The first of equals wins, so the caller's order decides; nil when
/// nothing is near. Names are compared by their first 64 characters, without regard to case.
package func nearest(_ wrong: String, in names: some Sequence<String>) -> String? {
    let target = Array(wrong.lowercased().prefix(64))
    var best: (name: String, distance: Int)?
    for name in names {
        let candidate = Array(name.lowercased().prefix(64))
        let limit = min(3, max(1, max(target.count, candidate.count) / 3))
        let distance = editDistance(target, candidate)
        guard distance <= limit, distance < best?.distance ?? Int.max else { continue }
        best = (name, distance)
    }
    return best?.name
}

/// The optimal string alignment distance, row by row.
private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for (row, character) in left.enumerated() {
        var current = [row + 1]
        for (column, other) in right.enumerated() {
            let replaced = last[column] + (character == other ? 0 : 1)
            var least = min(replaced, last[column + 1] + 1, current[column] + 1)
            let swapped =
                row > 0 && column > 0 && character == right[column - 1] && left[row - 1] == other
            if swapped { least = min(least, beforeLast[column - 1] + 1) }
            current.append(least)
        }
        beforeLast = last
        last = current
    }
    return last[right.count]
}
