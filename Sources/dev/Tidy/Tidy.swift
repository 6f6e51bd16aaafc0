/// All rules about sources and pages that need no build.
struct Tidy {
    /// The largest file that git should keep outside fixtures.
    static let blobLimitBytes = 256 << 10

    private(set) var findings: [Finding] = []
    /// What the ratchet measured.
    private(set) var summary: [String] = []

    /// Checks the tree.
    init(_ tree: SourceTree) throws {
        let sources = try tree.swiftSources(below: "Sources")
        let tests = try tree.swiftSources(below: "Tests")
        findings += importFindings(sources, house: .plan)
        findings += documentationFindings(sources)
        findings += (sources + tests).flatMap(CodeRules.findings)
        for (name, group) in [("Sources", sources), ("Tests", tests)] {
            let sizes = Sizes(group)
            findings += sizes.findings
            summary += sizes.summary.map { "\(name) \($0)" }
        }
        findings += try markdownFindings(tree.markdownPages(), tracked: Set(tree.paths))
        findings += try blobFindings(tree)
        findings += try coverageFindings(tree, sources)
        findings.sort()
    }

    private func blobFindings(_ tree: SourceTree) throws -> [Finding] {
        try tree.paths.compactMap { path in
            let size = try tree.size(path)
            guard size > Tidy.blobLimitBytes, !path.hasPrefix("fixtures/") else { return nil }
            return Finding(
                file: path, line: 0, rule: "blobs",
                message: "\(size) bytes: large files belong into fixtures, or into a store")
        }
    }
}
