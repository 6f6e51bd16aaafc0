/// A pattern as a tree.
indirect enum PatternTree {
    case letter(LetterSet)
    case sequence([PatternTree])
    case choice([PatternTree])
    case repetition(PatternTree, least: Int, most: Int?)

    /// Appends the steps that match it. Throws where they are too many.
    func append(to steps: inout [PatternStep]) throws(TextPattern.Fault) {
        guard steps.count < TextPattern.maximumSteps else {
            throw TextPattern.Fault(reason: "repeats too much")
        }
        switch self {
        case .letter(let set): steps.append(.letter(set))
        case .sequence(let parts): for part in parts { try part.append(to: &steps) }
        case .choice(let parts): try PatternTree.append(parts[...], to: &steps)
        case .repetition(let part, let least, let most):
            for _ in 0..<least { try part.append(to: &steps) }
            if let most {
                try part.appendOptionally(most - least, to: &steps)
            } else {
                let start = steps.count
                steps.append(.jump(0))
                try part.append(to: &steps)
                steps.append(.jump(start))
                steps[start] = .split(start + 1, steps.count)
            }
        }
    }

    private static func append(
        _ parts: ArraySlice<PatternTree>, to steps: inout [PatternStep]
    ) throws(TextPattern.Fault) {
        var ends: [Int] = []
        for (index, part) in zip(parts.indices, parts) {
            let split = steps.count
            if index < parts.endIndex - 1 { steps.append(.jump(0)) }
            try part.append(to: &steps)
            guard index < parts.endIndex - 1 else { break }
            ends.append(steps.count)
            steps.append(.jump(0))
            steps[split] = .split(split + 1, steps.count)
        }
        for end in ends { steps[end] = .jump(steps.count) }
    }

    /// So many times at most.
    private func appendOptionally(
        _ times: Int, to steps: inout [PatternStep]
    ) throws(TextPattern.Fault) {
        var splits: [Int] = []
        for _ in 0..<times {
            splits.append(steps.count)
            steps.append(.jump(0))
            try append(to: &steps)
        }
        for split in splits { steps[split] = .split(split + 1, steps.count) }
    }
}

/// Reads patterns.
struct PatternParser {
    private var rest: Substring.UnicodeScalarView
    private var depth = 0

    init(_ text: String) {
        rest = text[...].unicodeScalars
        // The whole text is meant anyway.
        if rest.first == "^" { rest.removeFirst() }
        if rest.last == "$", rest.dropLast().last != "\\" { rest.removeLast() }
    }

    mutating func parse() throws(TextPattern.Fault) -> PatternTree {
        let tree = try choice()
        guard rest.isEmpty else {
            throw TextPattern.Fault(reason: "closes a group it did not open")
        }
        return tree
    }

    private mutating func choice() throws(TextPattern.Fault) -> PatternTree {
        var parts = [try sequence()]
        while rest.first == "|" {
            rest.removeFirst()
            parts.append(try sequence())
        }
        return parts.count == 1 ? parts[0] : .choice(parts)
    }

    private mutating func sequence() throws(TextPattern.Fault) -> PatternTree {
        var parts: [PatternTree] = []
        while let next = rest.first, next != "|", next != ")" {
            parts.append(try repetition(of: try atom()))
        }
        return .sequence(parts)
    }

    private mutating func repetition(
        of part: PatternTree
    ) throws(TextPattern.Fault) -> PatternTree {
        let bounds: (Int, Int?)
        switch rest.first {
        case "*": bounds = (0, nil)
        case "+": bounds = (1, nil)
        case "?": bounds = (0, 1)
        case "{":
            bounds = try counts()
            return try refusingAnother(.repetition(part, least: bounds.0, most: bounds.1))
        default: return part
        }
        rest.removeFirst()
        return try refusingAnother(.repetition(part, least: bounds.0, most: bounds.1))
    }

    private func refusingAnother(_ tree: PatternTree) throws(TextPattern.Fault) -> PatternTree {
        if let next = rest.first, "*+?{".unicodeScalars.contains(next) {
            throw TextPattern.Fault(reason: "repeats a repetition")
        }
        return tree
    }

    /// `{2}`, `{2,}` or `{2,4}`.
    private mutating func counts() throws(TextPattern.Fault) -> (Int, Int?) {
        rest.removeFirst()
        let fault = TextPattern.Fault(reason: "has a '{' that is no number of repetitions")
        guard let end = rest.firstIndex(of: "}") else { throw fault }
        let parts = Substring(rest[..<end]).split(separator: ",", omittingEmptySubsequences: false)
        rest = rest[rest.index(after: end)...]
        guard let least = parts.first.flatMap({ Int($0) }), (0...1000).contains(least) else {
            throw fault
        }
        if parts.count == 1 { return (least, least) }
        guard parts.count == 2 else { throw fault }
        if parts[1].isEmpty { return (least, nil) }
        guard let most = Int(parts[1]), (least...1000).contains(most) else { throw fault }
        return (least, most)
    }

    private mutating func atom() throws(TextPattern.Fault) -> PatternTree {
        switch rest.removeFirst() {
        case ".": return .letter(.any)
        case "[": return .letter(try letters())
        case "(": return try group()
        case "\\": return .letter(LetterSet(ranges: try escaped()))
        case "*", "+", "?", "{": throw TextPattern.Fault(reason: "repeats nothing")
        case "^", "$":
            throw TextPattern.Fault(reason: "has a '^' or '$' inside: '\\^' and '\\$' are letters")
        case let letter: return .letter(LetterSet(ranges: [letter.value...letter.value]))
        }
    }

    private mutating func group() throws(TextPattern.Fault) -> PatternTree {
        depth += 1
        guard depth <= 50 else { throw TextPattern.Fault(reason: "nests too deeply") }
        if rest.first == "?" {
            rest.removeFirst()
            guard rest.first == ":" else {
                throw TextPattern.Fault(reason: "has a group of a kind that is not known")
            }
            rest.removeFirst()
        }
        let tree = try choice()
        guard rest.first == ")" else {
            throw TextPattern.Fault(reason: "opens a group that it does not close")
        }
        rest.removeFirst()
        depth -= 1
        return tree
    }

    /// What stands behind a backslash.
    private mutating func escaped() throws(TextPattern.Fault) -> [ClosedRange<UInt32>] {
        guard let letter = rest.popFirst() else {
            throw TextPattern.Fault(reason: "ends with a backslash")
        }
        switch letter {
        case "d": return LetterSet.digits
        case "D": return LetterSet.others(than: LetterSet.digits)
        case "w": return LetterSet.words
        case "W": return LetterSet.others(than: LetterSet.words)
        case "s": return LetterSet.spaces
        case "S": return LetterSet.others(than: LetterSet.spaces)
        case "t": return [9...9]
        case "n": return [10...10]
        default:
            guard !letter.properties.isAlphabetic, !LetterSet.digits[0].contains(letter.value)
            else {
                throw TextPattern.Fault(reason: "has '\\\(letter)', which means nothing here")
            }
            return [letter.value...letter.value]
        }
    }

    /// The inside of `[ ]`.
    private mutating func letters() throws(TextPattern.Fault) -> LetterSet {
        var set = LetterSet(ranges: [])
        if rest.first == "^" {
            rest.removeFirst()
            set.isNegated = true
        }
        var isFirst = true
        while let letter = rest.popFirst() {
            if letter == "]", !isFirst { return set }
            isFirst = false
            let start = letter == "\\" ? try escaped() : [letter.value...letter.value]
            guard start.count == 1, start[0].count == 1, rest.first == "-",
                let end = rest.dropFirst().first, end != "]"
            else {
                set.ranges += start
                continue
            }
            rest.removeFirst(2)
            let last = end == "\\" ? try escaped() : [end.value...end.value]
            guard last.count == 1, last[0].count == 1, start[0].lowerBound <= last[0].lowerBound
            else { throw TextPattern.Fault(reason: "has a range of letters that is upside down") }
            set.ranges.append(start[0].lowerBound...last[0].lowerBound)
        }
        throw TextPattern.Fault(reason: "opens a '[' that it does not close")
    }
}
