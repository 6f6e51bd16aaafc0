package import Vocabulary

/// The stages of a file and who feeds whom.
package struct StageGraph: Sendable {
    /// The stages, each behind everything it needs; of those that are free to come next, the one
    /// that the file has first.
    package let stages: [Stage]
    /// For each stage, the positions in `stages` of those whose outputs it reads, ascending.
    package let upstream: [[Int]]
    private let producers: [RepoPath: Int]
    private let positions: [String: Int]

    /// Orders the stages. Throws `.invalidPipeline` for a cycle, and for two stages that write
    /// one path or one inside the other's.
    package init(_ file: StageFile) throws {
        let outputs = try OutputTable(file.stages)
        let needs = file.stages.map { outputs.producers(of: $0.dependencies) }
        let order = try StageGraph.order(file.stages, needs)
        var position = [Int](repeating: 0, count: order.count)
        for (place, index) in order.enumerated() { position[index] = place }
        stages = order.map { file.stages[$0] }
        positions = StageGraph.positions(of: stages)
        upstream = order.map { needs[$0].map { position[$0] }.sorted() }
        producers = outputs.producer.mapValues { position[$0] }
    }

    private init(stages: [Stage], upstream: [[Int]], producers: [RepoPath: Int]) {
        self.stages = stages
        self.upstream = upstream
        self.producers = producers
        positions = StageGraph.positions(of: stages)
    }

    private static func positions(of stages: [Stage]) -> [String: Int] {
        Dictionary(stages.enumerated().map { ($1.name, $0) }) { first, _ in first }
    }

    /// The graph of the stages at these positions alone, which ascend.
    package func part(_ kept: [Int]) -> StageGraph {
        let renumbered = Dictionary(uniqueKeysWithValues: kept.enumerated().map { ($1, $0) })
        return StageGraph(
            stages: kept.map { stages[$0] },
            upstream: kept.map { upstream[$0].compactMap { renumbered[$0] } },
            producers: producers.compactMapValues { renumbered[$0] })
    }

    /// The stage that writes `path`, or a directory that holds it; nil for a source.
    package func producer(of path: RepoPath) -> Stage? {
        path.selfAndParents.lazy.compactMap { producers[$0] }.first.map { stages[$0] }
    }

    /// The position of a stage in `stages`.
    package func index(of name: String) -> Int? { positions[name] }

    /// The positions of these stages and of everything that they need, ascending. What a frozen
    /// stage needs does not matter to it.
    package func withUpstream(of roots: [Int]) -> [Int] {
        reach(from: roots) { stages[$0].policy.isFrozen ? [] : upstream[$0] }
    }

    /// The positions of these stages and of everything that needs them, ascending.
    package func withDownstream(of roots: [Int]) -> [Int] {
        var downstream = [[Int]](repeating: [], count: stages.count)
        for (index, needs) in upstream.enumerated() {
            for need in needs { downstream[need].append(index) }
        }
        return reach(from: roots) { downstream[$0] }
    }

    private func reach(from roots: [Int], _ next: (Int) -> [Int]) -> [Int] {
        var seen = Set(roots)
        var pending = roots
        while let index = pending.popLast() {
            for neighbour in next(index) where seen.insert(neighbour).inserted {
                pending.append(neighbour)
            }
        }
        return seen.sorted()
    }

    /// Repeatedly takes the first stage whose needs are all taken; what is left has a cycle.
    private static func order(_ stages: [Stage], _ needs: [[Int]]) throws -> [Int] {
        var order: [Int] = []
        var isTaken = [Bool](repeating: false, count: stages.count)
        var openNeeds = needs.map(\.count)
        var dependants = [[Int]](repeating: [], count: stages.count)
        for (index, list) in needs.enumerated() {
            for need in list { dependants[need].append(index) }
        }
        // No stage before this one is free.
        var next = 0
        while next < stages.count {
            guard !isTaken[next], openNeeds[next] == 0 else {
                next += 1
                continue
            }
            isTaken[next] = true
            order.append(next)
            var earliest = next + 1
            for index in dependants[next] {
                openNeeds[index] -= 1
                if openNeeds[index] == 0 { earliest = min(earliest, index) }
            }
            next = earliest
        }
        guard order.count == stages.count else { throw cycle(stages, needs, isTaken) }
        return order
    }

    /// Every stage that is left needs another that is left, so walking needs must come round.
    private static func cycle(_ stages: [Stage], _ needs: [[Int]], _ isTaken: [Bool]) -> StoreError
    {
        var path: [Int] = []
        var current = isTaken.firstIndex(of: false) ?? 0
        while !path.contains(current) {
            path.append(current)
            current = needs[current].first { !isTaken[$0] } ?? current
        }
        let start = path.firstIndex(of: current) ?? 0
        // Needs point against the flow of data; people read with it.
        let ring = [current] + path[start...].reversed()
        let text = ring.map { "'\(stages[$0].name)'" }.joined(separator: " -> ")
        return StoreError.stageFile(
            stages[current].place, "the stages form a cycle: \(text)",
            advice: "let one of them read a file that none of them writes")
    }
}

/// Who writes what.
private struct OutputTable {
    private(set) var producer: [RepoPath: Int] = [:]
    /// For every directory above an output, who writes below it.
    private var below: [RepoPath: Set<Int>] = [:]

    init(_ stages: [Stage]) throws {
        for (index, stage) in stages.enumerated() {
            for path in stage.products {
                if let other = producer[path] {
                    throw OutputTable.clash(stages[other], path, stage, path)
                }
                producer[path] = index
            }
        }
        for (index, stage) in stages.enumerated() {
            for path in stage.products {
                var ancestor = path.parent
                while let directory = ancestor {
                    if let other = producer[directory] {
                        throw OutputTable.clash(stages[other], directory, stage, path)
                    }
                    below[directory, default: []].insert(index)
                    ancestor = directory.parent
                }
            }
        }
    }

    func producers(of dependencies: [RepoPath]) -> [Int] {
        var found: Set<Int> = []
        for path in dependencies {
            found.formUnion(below[path] ?? [])
            found.formUnion(path.selfAndParents.compactMap { producer[$0] })
        }
        return found.sorted()
    }

    private static func clash(
        _ first: Stage, _ firstPath: RepoPath, _ second: Stage, _ secondPath: RepoPath
    ) -> StoreError {
        let reason =
            if firstPath == secondPath {
                "the stages '\(first.name)' and '\(second.name)' both write '\(firstPath)'"
            } else {
                "stage '\(second.name)' writes '\(secondPath)' inside '\(firstPath)', which stage "
                    + "'\(first.name)' writes"
            }
        return StoreError.stageFile(
            second.place, reason,
            advice: "give each output to one stage (the other is at \(first.place))")
    }
}
