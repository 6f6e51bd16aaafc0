/// Every `package` declaration has a doc comment, unless a protocol that it conforms to (ours or
/// the standard library's) says what it means.
func documentationFindings(_ sources: [SwiftSource]) -> [Finding] {
    let requirements = Set(sources.flatMap(requirementNames)).union(standardRequirements)
    return sources.filter { !$0.isTest }.flatMap { source in
        source.code.indices.compactMap { line in
            guard let name = packageDeclaration(source.code[line]),
                !requirements.contains(name), !isDocumented(source, line)
            else { return nil }
            return Finding(
                file: source.path, line: line + 1, rule: "docs",
                message: "'\(name)' is seen by other targets and has no doc comment")
        }
    }
}

private let standardRequirements: Set<String> = [
    "description", "debugDescription", "hash", "encode", "operator", "next", "makeIterator",
    "startIndex", "endIndex", "index", "rawValue", "errorDescription", "deinit", "Element",
    "stringLiteral", "integerLiteral", "booleanLiteral", "floatLiteral", "arrayLiteral",
    "dictionaryLiteral", "nilLiteral",
]

private let declarators: Set<String> = [
    "func", "init", "var", "let", "struct", "class", "enum", "protocol", "typealias", "subscript",
    "actor",
]

/// The name of what a line declares as `package`, or nil.
private func packageDeclaration(_ line: String) -> String? {
    let parts = words(line)
    guard let start = parts.firstIndex(of: "package"),
        parts[..<start].allSatisfy({ modifiers.contains($0) }),
        let keyword = parts[start...].firstIndex(where: { declarators.contains($0) }),
        parts[start..<keyword].allSatisfy({ modifiers.contains($0) })
    else { return nil }
    if parts[start...].contains("import") || parts[start...].contains("extension") { return nil }
    return declaredName(parts, at: keyword)
}

private let modifiers: Set<String> = [
    "package", "static", "final", "mutating", "consuming", "borrowing", "nonisolated", "unsafe",
    "override", "convenience", "required", "lazy", "weak", "indirect", "discardableResult",
    "inlinable", "safe", "set", "class", "_spi", "Testing", "inline", "__always",
    "usableFromInline",
    "available", "frozen", "prefix", "postfix", "concurrent",
]

private func declaredName(_ parts: [String], at keyword: Int) -> String {
    let next = keyword + 1 < parts.count ? parts[keyword + 1] : "operator"
    switch parts[keyword] {
    // `init(_ digest: Digest)` is told apart by its first label.
    case "init", "subscript":
        return next == "_"
            ? "\(parts[keyword])(_\(parts.dropFirst(keyword + 2).first ?? ""))" : next
    // `func < (left: Digest, …)`: an operator has no word for its name.
    case "func" where next == "left" || next == "lhs": return "operator"
    default: return next
    }
}

/// The names of what a file's protocols require.
private func requirementNames(_ source: SwiftSource) -> [String] {
    var names: [String] = []
    var depth = 0
    var start: Int?
    for line in source.code {
        let parts = words(line)
        if start == nil, parts.contains("protocol") { start = depth }
        if start != nil, let keyword = parts.firstIndex(where: { declarators.contains($0) }),
            parts[keyword] != "protocol"
        {
            names.append(declaredName(parts, at: keyword))
        }
        depth += line.utf8.count { $0 == UInt8(ascii: "{") }
        depth -= line.utf8.count { $0 == UInt8(ascii: "}") }
        if let opened = start, depth <= opened, line.contains("}") { start = nil }
    }
    return names
}

/// Whether the lines above, attributes apart, end in a doc comment.
private func isDocumented(_ source: SwiftSource, _ line: Int) -> Bool {
    var above = line - 1
    while above >= 0 {
        if source.comments[above].hasPrefix("///") { return true }
        let code = source.code[above].drop { $0 == " " }
        guard code.hasPrefix("@") || (code.isEmpty && !source.comments[above].isEmpty) else {
            return false
        }
        above -= 1
    }
    return false
}
