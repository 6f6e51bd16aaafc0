import Vocabulary

/// Which stage may begin next: each behind those of the selection that it needs, at most so many at
/// once, and no more of a resource in use than there is. Of those that may begin, the first in the
/// order of the graph does, so that one at a time is that order.
struct StageSchedule {
    private let dependants: [[Int]]
    private let needs: [Int: [String: Int]]
    private let jobs: Int
    /// What is free of each resource.
    private var free: [String: Int]
    /// How many stages each one still waits for.
    private var openNeeds: [Int: Int]
    /// Stages that wait for nothing but a free place, ascending.
    private var ready: [Int]
    /// Stages that have begun and not ended.
    private(set) var running: Set<Int> = []

    /// - Parameters:
    ///   - graph: All stages.
    ///   - selection: The positions of those to look at, ascending.
    ///   - jobs: How many may run at once.
    ///   - slots: How much there is of each resource; 1 where it is not said.
    /// - Throws: `.invalidPipeline` for a stage that needs more of a resource than there is.
    init(
        _ graph: StageGraph, selection: [Int], jobs: Int, slots: [String: Int]
    ) throws {
        self.jobs = jobs
        var dependants = [[Int]](repeating: [], count: graph.stages.count)
        var openNeeds: [Int: Int] = [:]
        for index in selection { openNeeds[index] = 0 }
        for index in selection {
            for need in graph.upstream[index] where openNeeds[need] != nil {
                dependants[need].append(index)
                openNeeds[index, default: 0] += 1
            }
        }
        var needs: [Int: [String: Int]] = [:]
        var free = slots
        for index in selection {
            let stage = graph.stages[index]
            for (name, count) in stage.policy.resources.sorted(by: { $0.key < $1.key }) {
                let limit = slots[name] ?? 1
                guard count <= limit else { throw StageSchedule.tooMuch(stage, name, count, limit) }
                free[name] = limit
            }
            if !stage.policy.resources.isEmpty { needs[index] = stage.policy.resources }
        }
        self.dependants = dependants
        self.needs = needs
        self.free = free
        ready = selection.filter { openNeeds[$0] == 0 }
        self.openNeeds = openNeeds
    }

    private static func tooMuch(
        _ stage: Stage, _ name: String, _ count: Int, _ limit: Int
    ) -> StoreError {
        StoreError.stageFile(
            stage.place,
            "stage '\(stage.name)' needs \(count) of the resource '\(name)', and there is "
                + "\(limit)",
            advice: "say how many there are: 'mlstore config slots.\(name) \(count)'")
    }

    /// Whether anything runs.
    var isBusy: Bool { !running.isEmpty }

    /// Begins the next stage; nil while none may.
    mutating func next() -> Int? {
        guard running.count < jobs,
            let place = ready.firstIndex(where: { index in
                (needs[index] ?? [:]).allSatisfy { free[$0.key, default: 1] >= $0.value }
            })
        else { return nil }
        let index = ready.remove(at: place)
        for (name, count) in needs[index] ?? [:] { free[name, default: 1] -= count }
        running.insert(index)
        return index
    }

    /// A stage has ended well: those that need it may follow.
    mutating func succeeded(_ index: Int) {
        release(index)
        for next in dependants[index] {
            guard let open = openNeeds[next] else { continue }  // given up
            openNeeds[next] = open - 1
            guard open == 1 else { continue }
            ready.insert(next, at: ready.firstIndex { $0 > next } ?? ready.endIndex)
        }
    }

    /// A stage has failed: all that need it, directly or not, never begin. They are returned,
    /// ascending.
    mutating func failed(_ index: Int) -> [Int] {
        release(index)
        var given: [Int] = []
        var pending = [index]
        while let current = pending.popLast() {
            for next in dependants[current] where openNeeds.removeValue(forKey: next) != nil {
                given.append(next)
                pending.append(next)
            }
        }
        return given.sorted()
    }

    /// Nothing more begins.
    mutating func stop() {
        ready = []
        openNeeds = [:]
    }

    private mutating func release(_ index: Int) {
        running.remove(index)
        for (name, count) in needs[index] ?? [:] { free[name, default: 1] += count }
    }
}
