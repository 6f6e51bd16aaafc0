import Bytes
import Platform
import Vocabulary

/// A file or folder that DVC tracks.
struct DVCOutput: Hashable {
    /// Where it is in the project.
    let path: RepoPath
    /// The MD5 of the file, or of the list of the folder: 32 digits.
    let md5: String
    let isDirectory: Bool
    let isExecutable: Bool
    /// Whether it was tracked before DVC 3: texts were hashed with the line ends of Unix then, and lie
    /// elsewhere on remotes.
    let isOld: Bool
    /// The remote that it is on, where it names one.
    let remote: String?

    /// A file of a folder.
    struct Entry: Hashable {
        let path: RepoPath
        let md5: String
    }

    /// The longest list of a folder that is read.
    static let maximumList = 256 << 20

    /// What a `.dvc` file or a `dvc.lock` in the folder says.
    static func all(
        in bytes: [UInt8], file: String, below folder: RepoPath?
    ) throws -> [DVCOutput] {
        let root: YAMLNode?
        do throws(YAMLError) {
            root = try parseYAML(bytes)
        } catch {
            throw malformed(file, error.line, error.reason)
        }
        guard let root else { return [] }
        if let wdir = root["wdir"]?.text, wdir != "." {
            throw malformed(file, root.line, "'wdir' is not supported")
        }
        let stages = (root["stages"] ?? root).mapping?.map(\.value) ?? []
        let nodes = root["outs"] ?? nil
        let outs = nodes?.sequence ?? stages.flatMap { $0["outs"]?.sequence ?? [] }
        return try outs.compactMap { try output($0, file, folder) }
    }

    private static func output(
        _ node: YAMLNode, _ file: String, _ folder: RepoPath?
    ) throws -> DVCOutput? {
        guard let name = node["path"]?.text else { return nil }
        guard node["files"] == nil else {
            throw malformed(file, node.line, "outputs that a bucket versions are not supported")
        }
        // One that DVC does not cache has no hash, and neither has one that was never made. Names that
        // lead out of the project are nobody's business here.
        guard let text = node["md5"]?.text, let path = try? RepoPath(name) else { return nil }
        let isDirectory = text.hasSuffix(".dir")
        let md5 = isDirectory ? String(text.dropLast(4)) : text
        guard isMD5(md5) else { throw malformed(file, node.line, "'md5' must be 32 digits") }
        return DVCOutput(
            path: folder.map { $0.appending(path) } ?? path, md5: md5, isDirectory: isDirectory,
            isExecutable: node["isexec"]?.text == "true", isOld: node["hash"]?.text != "md5",
            remote: node["remote"]?.text)
    }

    /// The files of a folder by its list: JSON of names and hashes. Throws for names that lead out of it,
    /// that are git's or ours, or that are there twice.
    static func entries(in list: [UInt8], of name: String) throws -> [Entry] {
        guard let items = (try? JSONValue(parsing: list))?.arrayValue else {
            throw StoreError(
                .corrupt, "the list of '\(name)' on the DVC remote is no list", subject: name,
                safety: "nothing was changed")
        }
        var seen = Set<RepoPath>()
        return try items.map { item in
            guard let text = item["relpath"]?.stringValue, let path = try? RepoPath(text),
                let md5 = item["md5"]?.stringValue, isMD5(md5), seen.insert(path).inserted
            else {
                throw StoreError(
                    .corrupt, "the list of '\(name)' on the DVC remote names what no file can be",
                    subject: name, safety: "nothing was changed")
            }
            return Entry(path: path, md5: md5)
        }.sorted { $0.path < $1.path }
    }

    private static func isMD5(_ text: String) -> Bool {
        text.utf8.count == 32
            && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    private static func malformed(_ file: String, _ line: Int, _ why: String) -> StoreError {
        StoreError(
            .malformed, "cannot read '\(file)' of the DVC project, line \(line): \(why)",
            subject: file, safety: "nothing was changed")
    }
}
