import Vocabulary

/// Which stage may begin next: each behind those of the selection that it needs, and at most so many
/// at once. Of those that may begin, the first in the order of the graph does, so that one at a
/// time is that order.
struct StageSchedule {
    private let dependants: [[Int]]
    private let jobs: Int
    /// How many stages each one still waits for.
    private var openNeeds: [Int: Int]
    /// Stages that wait for nothing but a free place, ascending.
    private var ready: [Int]
    /// Stages that have begun and not ended.
    private(set) var running: Set<Int> = []

    /// The stages of `graph` at the positions `selection`, which ascend, at most `jobs` at once.
    init(_ graph: StageGraph, selection: [Int], jobs: Int) {
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
        self.dependants = dependants
        ready = selection.filter { openNeeds[$0] == 0 }
        self.openNeeds = openNeeds
    }

    /// Whether anything runs.
    var isBusy: Bool { !running.isEmpty }

    /// Begins the next stage; nil while none may.
    mutating func next() -> Int? {
        guard running.count < jobs, !ready.isEmpty else { return nil }
        let index = ready.removeFirst()
        running.insert(index)
        return index
    }

    /// A stage has ended well: those that need it may follow.
    mutating func succeeded(_ index: Int) {
        running.remove(index)
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
        running.remove(index)
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
}
