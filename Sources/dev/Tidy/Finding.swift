/// One thing that is not as it should be.
struct Finding: Comparable, CustomStringConvertible {
    let file: String
    /// Counted from 1; 0 where the finding is about the whole file.
    let line: Int
    let rule: String
    let message: String

    var description: String {
        let place = line > 0 ? "\(file):\(line)" : file
        return "\(place): [\(rule)] \(message)"
    }

    static func < (left: Finding, right: Finding) -> Bool {
        (left.file, left.line, left.rule, left.message)
            < (right.file, right.line, right.rule, right.message)
    }
}
