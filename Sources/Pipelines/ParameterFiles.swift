import Bytes
import Vocabulary
import Workspaces

/// The files that hold parameters, each read once: YAML, JSON, TOML, and constants of Python.
///
/// A class, because every stage of a stage file asks the same cache.
final class ParameterFiles {
    private let read: (RepoPath) throws -> [UInt8]?
    private var known: [RepoPath: Parameters?] = [:]

    /// `read` gives the bytes of a file of the workspace; nil where there is none.
    init(_ read: @escaping (RepoPath) throws -> [UInt8]?) { self.read = read }

    /// What a file holds; nil where there is no such file. Throws `.malformed` for text that is not
    /// what the name's ending says.
    func parameters(in path: RepoPath) throws -> Parameters? {
        if let found = known[path] { return found }
        let found = try read(path).map { try Parameters(parsing: $0, file: path.description) }
        known[path] = .some(found)
        return found
    }

    /// How locks name a parameter of a file: those of the workspace's own `params.yaml` by their
    /// key, all others with the file before it.
    static func prefix(of file: RepoPath) -> String {
        file.text == Parameters.fileName ? "" : file.description + ":"
    }
}

extension Parameters {
    /// Reads a file of parameters in the format that the ending of its name says; YAML where it
    /// says none. An empty file holds no parameters.
    package init(parsing bytes: [UInt8], file: String) throws {
        if file.hasSuffix(".json") {
            try self.init(Parameters.json(bytes, file), file: file)
        } else if file.hasSuffix(".toml") {
            try self.init(Parameters.toml(bytes, file), file: file)
        } else if file.hasSuffix(".py") {
            try self.init(Parameters.python(bytes, file), file: file)
        } else {
            try self.init(parsingYAML: bytes, file: file)
        }
    }

    private init(_ values: JSONValue, file: String) throws {
        guard values.objectValue != nil else {
            throw StoreError.sourceFile(
                file, 1, "the file is no mapping of names to values",
                advice: "write an object at its top")
        }
        self.init(values)
    }

    private static func json(_ bytes: [UInt8], _ file: String) throws -> JSONValue {
        do throws(DecodeError) {
            return try JSONValue(parsing: bytes)
        } catch {
            let line = 1 + bytes.prefix(error.offset).count { $0 == 0x0a }
            throw StoreError.sourceFile(file, line, error.reason)
        }
    }

    private static func toml(_ bytes: [UInt8], _ file: String) throws -> JSONValue {
        do throws(TOMLError) {
            return try parseTOML(bytes)
        } catch {
            throw StoreError.sourceFile(file, error.line, printable(Array(error.reason.utf8)))
        }
    }

    private static func python(_ bytes: [UInt8], _ file: String) throws -> JSONValue {
        do throws(PythonConstants.Failure) {
            return try PythonConstants.values(in: bytes)
        } catch {
            throw StoreError.sourceFile(file, error.line, error.reason)
        }
    }

    /// The first name at or below `key` (everywhere when nil) that dotted keys cannot reach.
    func unreachableName(under key: String?) -> String? {
        func search(_ value: JSONValue) -> String? {
            for (name, member) in (value.objectValue ?? [:]).sorted(by: { $0.key < $1.key }) {
                if name.isEmpty || name.contains(".") { return name }
                if let found = search(member) { return found }
            }
            return nil
        }
        return (key.map { self[$0] } ?? values).flatMap(search)
    }
}
