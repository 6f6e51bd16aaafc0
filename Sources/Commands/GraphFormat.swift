import ArgumentParser

/// How a graph is written.
enum GraphFormat: String, CaseIterable, ExpressibleByArgument {
    case text
    case mermaid
    case dot
    case json

    /// The option as it was typed, where it says neither text nor JSON.
    var otherForm: String? { self == .text || self == .json ? nil : "--format \(rawValue)" }
}
