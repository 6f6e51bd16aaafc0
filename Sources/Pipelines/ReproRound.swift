import Platform
import Vocabulary

/// One pass over the selected stages, several at once where they do not need each other.
///
/// One thread, the caller's, owns everything here: it looks at stages, begins them, stores what
/// they wrote and writes the lock. Only commands and steps themselves run on threads of their own,
/// with values that nobody else has.
struct ReproRound {
    /// The end of a stage's command or step, as its thread tells it.
    private struct Delivery: Sendable {
        let index: Int
        let failure: (any Error)?
    }

    private let reproduction: Reproduction
    private let selection: [Int]
    private var schedule: StageSchedule
    private var runs: [Int: StageRun] = [:]
    private var outcomes: [Int: StageOutcome] = [:]
    private var failures: [Int: any Error] = [:]
    private let mailbox = Monitor<[Delivery]>([])

    init(_ reproduction: Reproduction) throws {
        self.reproduction = reproduction
        let (graph, options) = (reproduction.graph, reproduction.options)
        selection = try options.selection(in: graph, file: reproduction.file)
        schedule = try StageSchedule(
            graph, selection: selection, jobs: options.jobs, slots: reproduction.place.slots())
    }

    /// What became of the selected stages, in the order of the graph.
    ///
    /// Without `keepGoing` no stage begins after one has failed; those that run go on to their
    /// ends, and what they give is kept. Then the failure is thrown: of several, that of the stage
    /// that comes first in the order of the graph.
    mutating func run() throws -> [StageOutcome] {
        while true {
            while let index = schedule.next() { begin(index) }
            guard schedule.isBusy else { break }
            // A signal goes to the commands too: they end by it, and that is waited for.
            end(mailbox.waitThroughSignals { $0.isEmpty ? nil : $0.removeFirst() })
        }
        if !keepsGoing, let first = failures.min(by: { $0.key < $1.key }) { throw first.value }
        return selection.compactMap { outcomes[$0] }
    }

    /// Whether a failure of one stage leaves others to run. A signal, or a failure that is none of
    /// a stage, ends everything.
    private var keepsGoing: Bool {
        reproduction.options.keepGoing
            && failures.values.allSatisfy { failure in
                (failure as? StoreError).map { $0.kind != .interrupted } ?? false
            }
    }

    /// Looks at a stage, and lets it run where it has to.
    private mutating func begin(_ index: Int) {
        do {
            try SignalWatch.check()
            switch try reproduction.prepare(reproduction.graph.stages[index]) {
            case .settled(let outcome): settle(index, outcome)
            case .running(let run):
                runs[index] = run
                let (work, mailbox) = (run.work, self.mailbox)
                // The items of a map stage take places one by one.
                let places = run.plan == nil ? reproduction.places : nil
                try startBackgroundThread {
                    let outcome = Result { try places?.use(work) ?? work() }
                    var failure: (any Error)?
                    if case .failure(let error) = outcome { failure = error }
                    mailbox.withLock { $0.append(Delivery(index: index, failure: failure)) }
                }
            }
        } catch {
            fail(index, error)
        }
    }

    /// Takes what a stage wrote, or puts back what it had before.
    private mutating func end(_ delivery: Delivery) {
        guard let run = runs[delivery.index] else { return }
        do {
            if let failure = delivery.failure {
                reproduction.keepItems(of: run)
                reproduction.keepTrials(of: run)
                throw failure
            }
            let outcome = try reproduction.finish(run)
            // From here on its outputs are the new ones, whatever else fails.
            runs[delivery.index] = nil
            try run.shelter?.discard()
            settle(delivery.index, outcome)
        } catch {
            fail(delivery.index, error)
        }
    }

    private mutating func settle(_ index: Int, _ outcome: StageOutcome) {
        reproduction.note.end(outcome.stage)
        record(index, outcome)
        schedule.succeeded(index)
    }

    private mutating func record(_ index: Int, _ outcome: StageOutcome) {
        outcomes[index] = outcome
        reproduction.progress(.finished(outcome))
    }

    private mutating func fail(_ index: Int, _ error: any Error) {
        var failure = error
        if let run = runs.removeValue(forKey: index) {
            do { try reproduction.abandon(run) } catch { failure = error }
        }
        reproduction.note.end(reproduction.graph.stages[index].name)
        failures[index] = failure
        let dependants = schedule.failed(index)
        guard keepsGoing else { return schedule.stop() }
        let stages = reproduction.graph.stages
        record(
            index,
            StageOutcome(stage: stages[index].name, deed: .failed, failure: failure as? StoreError))
        for dependant in dependants {
            record(
                dependant,
                StageOutcome(
                    stage: stages[dependant].name, deed: .skipped,
                    reasons: [.upstreamFailed(stages[index].name)]))
        }
    }
}
