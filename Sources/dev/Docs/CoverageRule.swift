/// Every error kind and every config key has its line in the reference.
func coverageFindings(_ tree: SourceTree, _ sources: [SwiftSource]) throws -> [Finding] {
    let kinds = sources.filter { $0.path.hasSuffix("StoreError+Kind.swift") }.flatMap {
        names(in: $0, from: "= Kind(.", to: ")")
    }
    let keys = sources.filter { $0.path.hasSuffix("ConfigKeys.swift") }.flatMap {
        names(in: $0, from: "name: \"", to: "\"")
    }
    return try missing(kinds, in: "docs/reference/errors.md", tree)
        + missing(keys, in: "docs/reference/config.md", tree)
}

/// What stands between `start` and `end` on the lines of a file.
private func names(in source: SwiftSource, from start: String, to end: String) -> [String] {
    source.lines.compactMap { line in
        guard let opening = line.firstRange(of: start) else { return nil }
        let rest = line[opening.upperBound...]
        return rest.firstRange(of: end).map { String(rest[..<$0.lowerBound]) }
    }
}

private func missing(
    _ names: [String], in page: String, _ tree: SourceTree
) throws -> [Finding] {
    guard !names.isEmpty else { return [] }
    let text = tree.paths.contains(page) ? try tree.text(page) : ""
    return names.filter { !text.contains("`\($0)`") }.map {
        Finding(file: page, line: 0, rule: "coverage", message: "says nothing about `\($0)`")
    }
}
