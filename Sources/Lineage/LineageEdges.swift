import Vocabulary
import Workspaces

/// A lineage tree as a list of different nodes and the edges between them, in the direction in
/// which data flowed.
struct LineageEdges {
    struct Edge: Hashable {
        let from: Int
        let to: Int
    }

    private(set) var subjects: [LineageNode.Subject] = []
    private(set) var edges: [Edge] = []
    private var positions: [String: Int] = [:]
    private var known: Set<Edge> = []

    init(_ tree: LineageTree) {
        let root = position(of: tree.root)
        for node in tree.up ?? [] { add(node, beside: root, isAncestor: true) }
        for node in tree.down ?? [] { add(node, beside: root, isAncestor: false) }
    }

    /// What names a node across a tree.
    static func key(of subject: LineageNode.Subject) -> String {
        switch subject {
        case .content(let content): content.id.description
        case .run(let id, _): "run:\(id)"
        case .snapshot(let snapshot): "snapshot:\(snapshot.id)"
        }
    }

    private mutating func position(of subject: LineageNode.Subject) -> Int {
        let key = LineageEdges.key(of: subject)
        if let position = positions[key] { return position }
        positions[key] = subjects.count
        subjects.append(subject)
        return subjects.count - 1
    }

    private mutating func add(_ node: LineageNode, beside neighbour: Int, isAncestor: Bool) {
        let position = position(of: node.subject)
        let edge =
            isAncestor
            ? Edge(from: position, to: neighbour) : Edge(from: neighbour, to: position)
        if known.insert(edge).inserted { edges.append(edge) }
        for child in node.children { add(child, beside: position, isAncestor: isAncestor) }
    }
}
