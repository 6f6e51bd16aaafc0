/// A regular expression that texts match as a whole or not at all, in time proportional to the text:
/// no way of writing it makes it slow.
///
/// Letters, `.`, `[a-z]`, `[^,]`, `\d \w \s` and their opposites `\D \W \S` (of ASCII), `\.` and the like,
/// groups `( )` and `(?: )`, `|`, and `*`, `+`, `?`, `{2}`, `{2,}`, `{2,4}`. Letters are Unicode scalars.
/// `^` in front and `$` at the end say what is so anyway.
package struct TextPattern: Sendable {
    /// As it was written.
    package let text: String
    private let program: [PatternStep]

    /// What is wrong with a pattern, as the rest of a sentence.
    package struct Fault: Error, Hashable, Sendable {
        /// The rest of the sentence.
        package let reason: String
    }

    /// The longest pattern, in bytes.
    package static let maximumBytes = 1000
    /// The most steps that it may come to, repetitions written out.
    static let maximumSteps = 4000

    /// Reads a pattern.
    package init(_ text: String) throws(Fault) {
        guard text.utf8.count <= TextPattern.maximumBytes else {
            throw Fault(reason: "is longer than \(TextPattern.maximumBytes) bytes")
        }
        self.text = text
        var parser = PatternParser(text)
        let tree = try parser.parse()
        var steps: [PatternStep] = []
        try tree.append(to: &steps)
        steps.append(.end)
        program = steps
    }

    /// Whether the whole text matches. Costs some nanoseconds for each letter and step.
    // Unsafe: reads the view it is given, which is UTF-8.
    package func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        unsafe matches(String(decoding: text, as: UTF8.self))
    }

    /// Whether the whole text matches.
    package func matches(_ text: String) -> Bool {
        var current = StepSet(count: program.count)
        var next = StepSet(count: program.count)
        add(0, to: &current)
        for scalar in text.unicodeScalars {
            if current.steps.isEmpty { return false }
            for step in current.steps {
                if case .letter(let set) = program[step], set.contains(scalar) {
                    add(step + 1, to: &next)
                }
            }
            swap(&current, &next)
            next.removeAll()
        }
        return current.contains(program.count - 1)
    }

    /// Adds a step and those that it leads to without a letter.
    private func add(_ start: Int, to set: inout StepSet) {
        var pending = [start]
        while let step = pending.popLast() {
            guard set.insert(step) else { continue }
            switch program[step] {
            case .split(let one, let other): pending += [other, one]
            case .jump(let target): pending.append(target)
            case .letter, .end: break
            }
        }
    }
}

/// What a machine does at one place of a pattern.
enum PatternStep: Sendable {
    case letter(LetterSet)
    case split(Int, Int)
    case jump(Int)
    case end
}

/// A set of steps that is emptied in no time.
private struct StepSet {
    private(set) var steps: [Int] = []
    private var isIn: [Bool]

    init(count: Int) { isIn = Array(repeating: false, count: count) }

    mutating func insert(_ step: Int) -> Bool {
        guard !isIn[step] else { return false }
        isIn[step] = true
        steps.append(step)
        return true
    }

    func contains(_ step: Int) -> Bool { isIn[step] }

    mutating func removeAll() {
        for step in steps { isIn[step] = false }
        steps.removeAll(keepingCapacity: true)
    }
}

/// Some letters, or all others.
struct LetterSet: Sendable {
    var ranges: [ClosedRange<UInt32>]
    var isNegated = false

    func contains(_ scalar: Unicode.Scalar) -> Bool {
        ranges.contains { $0.contains(scalar.value) } != isNegated
    }

    static let any = LetterSet(ranges: [], isNegated: true)
    static let digits: [ClosedRange<UInt32>] = [0x30...0x39]
    static let words: [ClosedRange<UInt32>] = [0x30...0x39, 0x41...0x5a, 0x5f...0x5f, 0x61...0x7a]
    static let spaces: [ClosedRange<UInt32>] = [0x09...0x0d, 0x20...0x20]

    /// All letters but those of `ranges`, which are in order.
    static func others(than ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        var start: UInt32 = 0
        for range in ranges {
            if range.lowerBound > start { result.append(start...(range.lowerBound - 1)) }
            start = range.upperBound + 1
        }
        return result + [start...0x10_ffff]
    }
}
