/// Every page has one title, and every link inside the project leads somewhere.
func markdownFindings(_ pages: [MarkdownPage], tracked: Set<String>) -> [Finding] {
    let anchors = Dictionary(pages.map { ($0.path, $0.anchors) }) { first, _ in first }
    let folders = Set(tracked.flatMap(foldersAbove))
    return pages.flatMap { page in
        titleFindings(page)
            + page.links.compactMap { link in
                let message = objection(
                    to: link.target, in: page, tracked: tracked.union(folders), anchors: anchors)
                return message.map {
                    Finding(file: page.path, line: link.line, rule: "links", message: $0)
                }
            }
    }
}

private func titleFindings(_ page: MarkdownPage) -> [Finding] {
    let titles = page.headings.filter { $0.level == 1 }
    guard titles.count != 1 else { return [] }
    let message = titles.isEmpty ? "has no title" : "has \(titles.count) titles"
    return [Finding(file: page.path, line: titles.last?.line ?? 0, rule: "title", message: message)]
}

private func objection(
    to target: String, in page: MarkdownPage, tracked: Set<String>, anchors: [String: Set<String>]
) -> String? {
    if target.contains("://") || target.hasPrefix("mailto:") { return nil }
    let parts = target.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false)
    let file = parts[0].isEmpty ? page.path : resolve(String(parts[0]), from: page.path)
    guard let file, tracked.contains(file) else { return "'\(target)' leads nowhere" }
    guard parts.count > 1, let known = anchors[file] else { return nil }
    return known.contains(String(parts[1])) ? nil : "'\(target)' names no heading of that page"
}

/// `target` as a path from the root, or nil when it leads out of the project.
func resolve(_ target: String, from page: String) -> String? {
    var parts = page.split(separator: "/").dropLast().map(String.init)
    for part in target.split(separator: "/") where part != "." {
        if part == ".." {
            guard !parts.isEmpty else { return nil }
            parts.removeLast()
        } else {
            parts.append(String(part))
        }
    }
    return parts.joined(separator: "/")
}

private func foldersAbove(_ path: String) -> [String] {
    let parts = path.split(separator: "/").dropLast()
    return parts.indices.map { parts[...$0].joined(separator: "/") }
}
