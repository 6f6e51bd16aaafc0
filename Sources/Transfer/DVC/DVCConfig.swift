import Vocabulary

/// The settings of a DVC project, as far as they say where its data is: files in the manner of
/// `.ini`, the later over the earlier.
struct DVCConfig {
    /// A remote.
    struct Remote {
        let name: String
        let url: String
        /// In the words of ours.
        let settings: [String: String]
    }

    private var sections: [String: [String: String]] = [:]

    init(_ files: [[UInt8]]) {
        for bytes in files { read(String(decoding: bytes, as: UTF8.self)) }
    }

    private mutating func read(_ text: String) {
        var section = ""
        for line in text.split(whereSeparator: \.isNewline) {
            let line = DVCConfig.trimmed(line)
            guard let first = line.first, first != "#", first != ";" else { continue }
            if first == "[", line.last == "]" {
                // ['remote "name"']
                section = DVCConfig.unquoted(DVCConfig.trimmed(line.dropFirst().dropLast()))
                continue
            }
            guard let equals = line.firstIndex(of: "=") else { continue }
            let key = DVCConfig.trimmed(line[..<equals])
            let value = DVCConfig.trimmed(line[line.index(after: equals)...])
            sections[section, default: [:]][String(key)] = DVCConfig.unquoted(value)
        }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { $0.isWhitespace }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }

    private static func unquoted(_ text: Substring) -> String {
        guard text.count > 1, let first = text.first, first == text.last, "'\"".contains(first)
        else { return String(text) }
        return String(text.dropFirst().dropLast())
    }

    /// The remote with that name, or the one that is chosen where none is named; nil where there is
    /// none. Keys in the settings are not used: they come from where those of other remotes do.
    func remote(_ asked: String?, of project: String) throws -> Remote? {
        guard let name = asked ?? sections["core"]?["remote"] else { return nil }
        guard let values = sections["remote \"\(name)\""], let url = values["url"] else {
            throw StoreError(
                .notFound,
                "'\(project)' names the DVC remote '\(printable(Array(name.utf8)))', which it does not set",
                subject: name, advice: "run 'dvc remote list' there",
                safety: "nothing was changed")
        }
        var settings: [String: String] = [:]
        for (theirs, ours) in [
            ("endpointurl", "endpoint"), ("region", "region"), ("profile", "profile"),
        ] { settings[ours] = values[theirs] }
        return Remote(name: name, url: url, settings: settings)
    }
}
