import Platform
import Vocabulary

/// The profiles of `~/.aws/config` and `~/.aws/credentials`.
package struct AWSProfiles: Hashable, Sendable {
    /// The settings of each profile by name; of what both files say, `credentials` counts.
    package private(set) var profiles: [String: [String: String]] = [:]
    /// The settings of each `sso-session`.
    package private(set) var sessions: [String: [String: String]] = [:]

    private static let maximumBytes = 1 << 20

    /// Reads both files, from where `AWS_CONFIG_FILE` and `AWS_SHARED_CREDENTIALS_FILE` say that
    /// they are; missing ones say nothing.
    package init(_ surroundings: S3Surroundings) throws {
        func text(_ variable: String, _ name: String) throws -> [UInt8] {
            let given = surroundings.variable(variable).map { DiskPath($0) }
            guard let path = given ?? surroundings.home.map({ $0 / ".aws" / name }) else {
                return []
            }
            do {
                return try surroundings.disk.readFile(
                    path, maximumBytes: AWSProfiles.maximumBytes)
            } catch let error as StoreError where error.kind == .notFound {
                return []
            }
        }
        try self.init(
            config: text("AWS_CONFIG_FILE", "config"),
            credentials: text("AWS_SHARED_CREDENTIALS_FILE", "credentials"))
    }

    /// Reads the texts of both files.
    package init(config: [UInt8], credentials: [UInt8]) {
        for (section, values) in AWSProfiles.sections(of: config) {
            let words = section.split(separator: " ").map(String.init)
            switch (words.first, words.count) {
            case ("profile", 2): profiles[words[1], default: [:]].merge(values) { $1 }
            case ("sso-session", 2): sessions[words[1], default: [:]].merge(values) { $1 }
            case ("default", 1): profiles["default", default: [:]].merge(values) { $1 }
            default: continue
            }
        }
        for (section, values) in AWSProfiles.sections(of: credentials) {
            profiles[section, default: [:]].merge(values) { $1 }
        }
    }

    /// The sections with their settings. Lines that are indented belong to the setting above (such
    /// as those of `s3 =`) and are passed over, like all else that is no setting.
    private static func sections(
        of bytes: [UInt8]
    ) -> [(name: String, values: [String: String])] {
        var result: [(name: String, values: [String: String])] = []
        let text = String(decoding: bytes, as: UTF8.self)
        for line in text.split(whereSeparator: \.isNewline) {
            guard let first = line.first, first != " ", first != "\t", first != "#", first != ";"
            else { continue }
            if first == "[" {
                let name = line.dropFirst().prefix { $0 != "]" }
                let words = name.split { $0 == " " || $0 == "\t" }.map { unquoted($0) }
                result.append((words.joined(separator: " "), [:]))
            } else if let equals = line.firstIndex(of: "="), !result.isEmpty {
                let key = trimmed(line[..<equals]).lowercased()
                result[result.count - 1].values[key] = trimmed(line[line.index(after: equals)...])
            }
        }
        return result
    }

    private static func unquoted(_ text: Substring) -> String {
        String(text.filter { $0 != "\"" && $0 != "'" })
    }

    private static func trimmed(_ text: Substring) -> String {
        let front = text.drop { $0 == " " || $0 == "\t" }
        return String(front.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
