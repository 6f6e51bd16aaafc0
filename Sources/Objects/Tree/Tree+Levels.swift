package import Vocabulary

extension Tree {
    /// The tree with this id of which only the nodes on the way to `paths`, and those with what
    /// is at or below them, are read: now, those of a level together, as suits a remote. Only
    /// these paths may be asked for afterwards.
    ///
    /// `read` gets digests, each once, and returns the bytes of those that it finds; the bytes need not
    /// have been checked. Throws `.corrupt` for a bad node, `.notInStore` for one that was not found.
    /// Memory: these nodes.
    package init(
        id: TreeID, leadingTo paths: [RepoPath],
        reading read: (_ digests: [Digest]) throws -> [Digest: [UInt8]]
    ) throws {
        let checker = Tree(id: id) { throw StoreError.nodeMissing($0, of: id) }
        var nodes: [Digest: [UInt8]] = [:]
        var level: [(child: TreeChild?, digest: Digest, level: Int?)] = [(nil, id.digest, nil)]
        while !level.isEmpty {
            let found = try read(level.map(\.digest))
            var next: [(child: TreeChild?, digest: Digest, level: Int?)] = []
            for item in level {
                guard let bytes = found[item.digest] else {
                    throw StoreError.nodeMissing(item.digest, of: id)
                }
                let node = try checker.checkedNode(bytes, item.digest, item.child, item.level)
                nodes[item.digest] = bytes
                guard node.level > 0 else { continue }
                for index in node.children(leadingTo: paths) {
                    let child = node.children[index]
                    next.append((child, child.digest, node.level - 1))
                }
            }
            var seen: Set<Digest> = []
            level = next.filter { nodes[$0.digest] == nil && seen.insert($0.digest).inserted }
        }
        let read = nodes
        self.init(id: id) { digest in
            guard let bytes = read[digest] else { throw StoreError.nodeMissing(digest, of: id) }
            return bytes
        }
    }
}

extension TreeNode {
    /// The positions of the children that may hold something at or below one of the paths, and of the
    /// one behind where a walk looks to find their end; they rise.
    fileprivate func children(leadingTo paths: [RepoPath]) -> [Int] {
        var wanted: Set<Int> = []
        for path in paths {
            // Children are in key order, and what is at or below a path follows the path's own key.
            var index = children.partitioningIndex { $0.lastPath >= path }
            while index < children.count {
                wanted.insert(index)
                guard children[index].lastPath.isInside(path) else { break }
                index += 1
            }
        }
        return wanted.sorted()
    }
}

extension [TreeChild] {
    /// The first position for which `belongs` holds, which it does for all behind.
    fileprivate func partitioningIndex(where belongs: (TreeChild) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

extension StoreError {
    fileprivate static func nodeMissing(_ digest: Digest, of tree: TreeID) -> StoreError {
        StoreError(
            .notInStore, "tree node '\(TreeID(digest).short)' of tree '\(tree.short)' is not here",
            subject: tree.description)
    }
}
