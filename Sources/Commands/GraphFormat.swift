import ArgumentParser

/// How a graph is written.
enum GraphFormat: String, CaseIterable, ExpressibleByArgument {
    case text
    case mermaid
    case dot
    case json
}
