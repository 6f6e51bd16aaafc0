package import Vocabulary

/// What `.mlstoreignore` files (or git's `.gitignore`, whose syntax they share) leave out.
///
/// The rules of a file hold for its folder and everything below it; a later rule beats an
/// earlier one and a deeper file beats a higher one. As in git, what lies inside a folder that
/// is left out cannot be taken in again: the walk never enters it.
package struct IgnoreRules: Sendable {
    private struct Rule: Sendable {
        let glob: Glob
        let isNegated: Bool
        let isForDirectories: Bool
        /// Has a `/` in front or in the middle: counts from the file's own folder.
        let isAnchored: Bool
        /// How many components the folder of the rule's file has.
        let depth: Int
        /// That folder, or nil for the top.
        let base: RepoPath?
    }

    private var rules: [Rule] = []

    /// Rules that leave out nothing.
    package init() {}

    /// Whether there is no rule at all: lets a walk skip the question.
    package var isEmpty: Bool { rules.isEmpty }

    /// Adds the rules of a file in the folder `base` (nil: the top), behind those already here.
    package mutating func append(_ text: [UInt8], in base: RepoPath?) {
        let depth = base?.components.count ?? 0
        for line in text.split(separator: 0x0a) {
            if let rule = IgnoreRules.parse(line, depth: depth, base: base) { rules.append(rule) }
        }
    }

    /// Whether `path` is left out. The folders above it are taken to have been asked before.
    package func ignores(_ path: RepoPath, isDirectory: Bool) -> Bool {
        guard !rules.isEmpty else { return false }
        let components = path.bytes.split(separator: 0x2f)
        guard let name = components.last else { return false }
        for rule in rules.reversed() {
            if rule.isForDirectories, !isDirectory { continue }
            if let base = rule.base, !path.isInside(base) { continue }
            let matches =
                rule.isAnchored
                ? rule.glob.matches(Array(components.dropFirst(rule.depth)))
                : rule.glob.matchesName(name)
            if matches { return !rule.isNegated }
        }
        return false
    }

    /// Whether `path` or a folder above it is left out.
    package func ignoresWithParents(_ path: RepoPath, isDirectory: Bool) -> Bool {
        guard !rules.isEmpty else { return false }
        if path.parents.contains(where: { ignores($0, isDirectory: true) }) { return true }
        return ignores(path, isDirectory: isDirectory)
    }

    private static func parse(
        _ line: ArraySlice<UInt8>, depth: Int, base: RepoPath?
    ) -> Rule? {
        var text = withoutTrailingSpaces(line)
        guard let first = text.first, first != 0x23 else { return nil }
        let isNegated = first == 0x21
        if isNegated { text = text.dropFirst() }
        // `\#` and `\!` need no care: the pattern takes the escaped byte literally.
        let isForDirectories = text.last == 0x2f
        if isForDirectories { text = text.dropLast() }
        guard !text.isEmpty else { return nil }
        return Rule(
            glob: Glob(Array(text)), isNegated: isNegated, isForDirectories: isForDirectories,
            isAnchored: text.contains(0x2f), depth: depth, base: base)
    }

    /// Spaces at the end do not count unless the last is escaped; neither does a carriage return.
    private static func withoutTrailingSpaces(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var text = line
        if text.last == 0x0d { text = text.dropLast() }
        while text.last == 0x20, text.dropLast().last != 0x5c { text = text.dropLast() }
        return text
    }
}
