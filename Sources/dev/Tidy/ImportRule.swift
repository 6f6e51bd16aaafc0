/// Imports are those of the plan, and nothing else.
func importFindings(_ sources: [SwiftSource], house: House) -> [Finding] {
    var findings = house.crookedArrows().map {
        Finding(file: "Sources/dev/Tidy/House.swift", line: 0, rule: "imports", message: $0)
    }
    var folders: [String: Set<String>] = [:]
    for source in sources where source.path.hasPrefix("Sources/") {
        for (line, module) in imports(of: source) {
            if house.libraries.contains(module) {
                folders[module, default: []].insert(source.target)
            }
            if let message = objection(to: module, in: source.target, house: house) {
                findings.append(
                    Finding(file: source.path, line: line, rule: "imports", message: message))
            }
        }
    }
    for (module, importers) in folders.sorted(by: { $0.key < $1.key }) where importers.count > 1 {
        findings.append(
            Finding(
                file: "Sources", line: 0, rule: "imports",
                message: "\(module) is imported by \(importers.sorted().joined(separator: ", "))"))
    }
    return findings
}

/// The modules that a file imports, with their lines (from 1).
func imports(of source: SwiftSource) -> [(line: Int, module: String)] {
    source.code.enumerated().compactMap { index, line in
        let parts = words(line)
        let modifiers: Set<String> = [
            "package", "public", "internal", "private", "fileprivate", "preconcurrency",
            "testable", "_spi", "unsafe",
        ]
        guard let position = parts.firstIndex(of: "import"),
            parts[..<position].allSatisfy({ modifiers.contains($0) || line.hasPrefix("@_spi") })
        else { return nil }
        let kinds: Set<String> = [
            "struct", "class", "enum", "protocol", "func", "var", "let", "typealias",
        ]
        let rest = parts[(position + 1)...].drop { kinds.contains($0) }
        return rest.first.map { (index + 1, $0) }
    }
}

private func objection(to module: String, in target: String, house: House) -> String? {
    guard let room = house.rooms[target] else {
        return "'\(target)' is not in the plan of the house"
    }
    if module == target { return nil }
    if module == "Foundation" {
        return "Foundation costs start-up and 44 MB: see docs/STYLE.md"
    }
    if let other = house.rooms[module] {
        if room.imports.contains(module) { return nil }
        let direction =
            other.layer >= room.layer ? "which is not below it" : "which it must not know"
        return "\(target) imports \(module), \(direction)"
    }
    let allowed = room.outside.union(House.everywhere)
    return allowed.contains(module) ? nil : "\(target) imports \(module), which is not in the plan"
}
