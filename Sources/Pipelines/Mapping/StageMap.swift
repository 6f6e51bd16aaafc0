package import Bytes
import Vocabulary
import Workspaces

/// What a stage does that runs its command once for each item of a folder.
package struct StageMap: Sendable, Hashable {
    /// A part of the path that an item's output has.
    private enum Piece: Sendable, Hashable {
        case text(String)
        case name(ItemName)
    }

    /// What placeholders can say of an item.
    package enum ItemName: String, Sendable, CaseIterable {
        /// Its path, as the command sees it.
        case item = "item"
        /// Its path below the folder that is mapped.
        case path = "item.path"
        /// The last part of its path.
        case name = "item.name"
        /// The same without its last ending.
        case stem = "item.stem"
        /// Where its output goes, as the command sees it.
        case out = "item.out"

        /// The variable of the environment that holds it.
        var variable: String {
            switch self {
            case .item: "MLSTORE_ITEM"
            case .path: "MLSTORE_ITEM_PATH"
            case .name: "MLSTORE_ITEM_NAME"
            case .stem: "MLSTORE_ITEM_STEM"
            case .out: "MLSTORE_ITEM_OUT"
            }
        }
    }

    /// The line for the shell; what it says of an item are variables of the environment.
    package let command: String
    /// A folder, each file of which is an item, or a pattern of items.
    let over: RepoPath
    /// The path of an item's output with placeholders, from the top of the workspace.
    let out: String
    /// The folder that holds the items.
    let source: RepoPath
    /// The folder that holds the outputs.
    let target: RepoPath
    private let pieces: [Piece]
    private let glob: Glob

    /// Throws for an output whose path does not begin with a folder, or that is the same for all
    /// items, and for a pattern without a folder before it.
    init(command: String, over: RepoPath, out: String) throws(DecodeError) {
        self.command = command
        self.over = over
        self.out = out
        glob = Glob(over.bytes)
        let fixed = over.components.prefix { !Glob.isPattern($0) }
        guard !fixed.isEmpty else {
            throw DecodeError(at: 0, "'over' does not begin with a folder")
        }
        source = try RepoPath(validating: Array(fixed.joined(separator: [0x2f])))
        pieces = try StageMap.pieces(of: out)
        guard pieces.contains(where: { if case .name = $0 { true } else { false } }) else {
            throw DecodeError(at: 0, "'out' is the same path for each item")
        }
        let folder = out.split(separator: "/", omittingEmptySubsequences: false)
            .prefix { !$0.contains("${") }
        guard !folder.isEmpty, !folder.joined().isEmpty else {
            throw DecodeError(at: 0, "'out' does not begin with a folder")
        }
        target = try RepoPath(folder.joined(separator: "/"))
    }

    private static func pieces(of text: String) throws(DecodeError) -> [Piece] {
        var pieces: [Piece] = []
        var rest = text[...]
        while let start = rest.firstRange(of: "${") {
            if start.lowerBound > rest.startIndex {
                pieces.append(.text(String(rest[..<start.lowerBound])))
            }
            guard let end = rest[start.upperBound...].firstIndex(of: "}"),
                let name = ItemName(rawValue: String(rest[start.upperBound..<end])),
                name != .item, name != .out
            else {
                throw DecodeError(
                    at: 0, "'out' may say '${item.path}', '${item.name}' and '${item.stem}'")
            }
            pieces.append(.name(name))
            rest = rest[rest.index(after: end)...]
        }
        if !rest.isEmpty { pieces.append(.text(String(rest))) }
        return pieces
    }

    // MARK: - Records

    /// The form that locks and run records keep, as a step of the name `map`.
    package var recorded: JSONValue {
        [
            "map": [
                "cmd": .string(command), "over": .string(over.text ?? over.description),
                "out": .string(out),
            ]
        ]
    }

    /// The map that a lock or a run record kept; nil for another step.
    package init?(recorded json: JSONValue) {
        guard let map = json["map"], let command = map["cmd"]?.stringValue,
            let over = map["over"]?.stringValue, let out = map["out"]?.stringValue,
            let path = try? RepoPath(over),
            let made = try? StageMap(command: command, over: path, out: out)
        else { return nil }
        self = made
    }

    // MARK: - Items

    /// Where the output of the item `path` goes, which is given as below the source.
    func output(of path: RepoPath) throws -> RepoPath {
        let text = pieces.map { piece in
            switch piece {
            case .text(let text): text
            case .name(let name): value(name, of: path)
            }
        }.joined()
        guard let output = try? RepoPath(text),
            !output.components.contains(where: { Workspace.isReserved($0) })
        else { throw unusable(path) }
        return output
    }

    private func value(_ name: ItemName, of path: RepoPath) -> String {
        let last = path.lastComponent
        return switch name {
        case .item, .out: ""
        case .path: path.text ?? ""
        case .name: String(decoding: last, as: UTF8.self)
        case .stem:
            String(
                decoding: last.lastIndex(of: 0x2e).flatMap { $0 > 0 ? last[..<$0] : nil }
                    ?? last[...], as: UTF8.self)
        }
    }

    /// The variables of the command for an item, which runs in `directory`.
    func variables(of item: MapItem, in directory: RepoPath?) -> [String: String] {
        let up = String(repeating: "../", count: directory?.components.count ?? 0)
        var variables: [String: String] = [:]
        for name in ItemName.allCases {
            variables[name.variable] =
                switch name {
                case .item: up + text(source.appending(item.path))
                case .out: up + text(item.output)
                default: value(name, of: item.path)
                }
        }
        return variables
    }

    /// Items have names that are text: see `items`.
    private func text(_ path: RepoPath) -> String { path.text ?? path.description }

    /// The item that a file of the source belongs to; nil for none.
    func item(holding file: RepoPath) -> RepoPath? {
        guard over != source else { return file }
        let depth = source.components.count
        let parts = source.appending(file).components.map { $0[...] }
        for count in depth + 1...parts.count where glob.matches(Array(parts[..<count])) {
            return try? RepoPath(
                validating: Array(parts[depth..<count].joined(separator: [0x2f])))
        }
        return nil
    }

    func unusable(_ path: RepoPath) -> StoreError {
        StoreError(
            .unsupportedFile,
            "cannot map '\(source.appending(path))': no output can be named for it",
            subject: path.description, advice: "give it a name that is text",
            safety: CommandRun.safety)
    }
}

/// One thing that a map stage runs its command for.
struct MapItem: Sendable, Hashable {
    /// Its path below the source.
    let path: RepoPath
    /// Where its output goes.
    let output: RepoPath
    /// What tells its content from any other.
    let digest: Digest
}
