import Bytes
import Platform
import Vocabulary

/// A file of measurements that a stage wrote.
enum MetricFile {
    /// The longest that is read: it is for people and for diffs.
    static let maximumBytes = 4 << 20

    /// The values in a metric file; nil for a format whose values mlstore does not read. Throws
    /// `.malformed` for a file that is not what its name says.
    static func values(_ bytes: [UInt8], of path: RepoPath) throws -> JSONValue? {
        let name = String(decoding: path.lastComponent, as: UTF8.self).lowercased()
        do {
            if name.hasSuffix(".json") { return try JSONValue(parsing: bytes) }
            if name.hasSuffix(".yaml") || name.hasSuffix(".yml") {
                return try parseYAML(bytes)?.jsonValue ?? .object([:])
            }
            return nil
        } catch {
            throw StoreError(
                .malformed, "cannot read the metric file '\(path)': \(error)",
                subject: path.description,
                advice: "'mlstore checkout --force \(path)' brings back what its stage wrote",
                cause: error)
        }
    }

    /// The values in a metric file that `stage` has just written. Throws `.stageFailed`.
    static func values(
        _ bytes: [UInt8], of path: RepoPath, writtenBy stage: String
    ) throws -> JSONValue? {
        do {
            return try values(bytes, of: path)
        } catch let error as StoreError {
            throw StoreError(
                .stageFailed,
                "stage '\(stage)' wrote the metric file '\(path)', which does not parse: "
                    + "\(error.cause ?? error)",
                subject: path.description,
                advice: "write plain JSON; it has no NaN and no Infinity",
                safety: CommandRun.safety, cause: error.cause)
        }
    }
}
