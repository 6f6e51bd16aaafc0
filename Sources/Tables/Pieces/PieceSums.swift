package import Vocabulary

/// Something that is worked out of pieces of a table and put together group by group: what was kept of
/// any version of the table is not worked out again.
package struct PieceSums<Value> {
    /// What was kept under a key.
    let load: (Digest) -> Value?
    /// Keeps something under a key.
    let save: (Value, Digest) -> Void
    /// Works out pieces, given by the places of what they are made of.
    let read: ([Range<Int>]) throws -> [Value]
    /// Puts together what neighbours came to, in their order.
    let merge: ([Value]) throws -> Value

    /// Makes it of the four.
    package init(
        load: @escaping (Digest) -> Value?,
        save: @escaping (Value, Digest) -> Void,
        read: @escaping ([Range<Int>]) throws -> [Value],
        merge: @escaping ([Value]) throws -> Value
    ) {
        self.load = load
        self.save = save
        self.read = read
        self.merge = merge
    }

    /// What a whole tree comes to. Pieces are read from the first to the last, those of a group
    /// together.
    package func value(of node: PieceTree) throws -> Value {
        if let known = load(node.key) { return known }
        guard case .nodes(let nodes) = node.content else { return try values(ofPieces: [node])[0] }
        var parts: [Value] = []
        if nodes.allSatisfy(\.isPiece) {
            parts = try values(ofPieces: nodes)
        } else {
            for node in nodes { parts.append(try value(of: node)) }
        }
        let value = try merge(parts)
        save(value, node.key)
        return value
    }

    private func values(ofPieces nodes: [PieceTree]) throws -> [Value] {
        let known: [Value?] = nodes.map { load($0.key) }
        let missing = nodes.indices.filter { known[$0] == nil }
        let found = try read(missing.compactMap { nodes[$0].places })
        for (place, value) in zip(missing, found) { save(value, nodes[place].key) }
        var rest = found.makeIterator()
        return known.compactMap { $0 ?? rest.next() }
    }
}

extension PieceTree {
    /// The places of what a piece is made of; nil for a group.
    fileprivate var places: Range<Int>? {
        if case .piece(let places) = content { places } else { nil }
    }

    fileprivate var isPiece: Bool { places != nil }
}
