import Platform
import Vocabulary

/// Requests and answers over the pipes of one process, shared by many threads.
///
/// There is no thread of its own: of those that wait for an answer one reads, and hands out what
/// is not for itself. When the process ends or talks nonsense every waiting thread learns so, and
/// every later one.
final class FramedExchange: Sendable {
    private struct Mailbox {
        var messages: [FramedMessage] = []
        var budget: Int
    }

    private struct State {
        var nextID: UInt32 = 1
        var mailboxes: [UInt32: Mailbox] = [:]
        var isReading = false
        var cutter: MessageCutter
        var failure: StoreError?
    }

    private enum Turn: Sendable {
        case answer(FramedMessage)
        case read
    }

    private let process: ConnectedProcess
    private let state: Monitor<State>
    private let writing = Monitor(false)
    private let ended: @Sendable (SSHEnding) -> StoreError
    /// How fast bytes go, heads and all.
    let limit = RateLimitSetting()

    /// Talks to `process` with messages of at most `largest` bytes; `ended` tells what it means
    /// that the process ended.
    init(
        _ process: ConnectedProcess, largest: Int,
        ended: @escaping @Sendable (SSHEnding) -> StoreError
    ) {
        self.process = process
        self.ended = ended
        state = Monitor(State(cutter: MessageCutter(largest: largest)))
    }

    /// A number for a request whose answers hold at most `budget` bytes together, heads included.
    func open(budget: Int) -> UInt32 {
        state.withLock { state in
            repeat { state.nextID &+= 1 } while state.mailboxes[state.nextID] != nil
            state.mailboxes[state.nextID] = Mailbox(budget: budget)
            return state.nextID
        }
    }

    /// Expects the answer to a greeting, which carries a number that the protocol fixes.
    func open(greeting id: UInt32) {
        state.withLock { $0.mailboxes[id] = Mailbox(budget: 64 << 10) }
    }

    /// Forgets a request: what still comes for it is dropped.
    func close(_ id: UInt32) { state.withLock { $0.mailboxes[id] = nil } }

    /// Sends a message. Costs the time until the other end takes it.
    func send(_ message: FramedMessage) throws {
        if let failure = state.withLock({ $0.failure }) { throw failure }
        let bytes = message.encoded
        _ = try writing.wait { isWriting -> Bool? in
            if isWriting { return nil }
            isWriting = true
            return true
        }
        defer { writing.withLock { $0 = false } }
        try limit.current?.pass(bytes.count)
        let isTaken: Bool
        do {
            isTaken = try process.write(bytes)
        } catch let error as StoreError {
            // A part of a message went out: nothing can follow it.
            fail(error)
            throw error
        }
        guard isTaken else { throw fail(ended(ending())) }
    }

    /// Waits for the next message of a request.
    func receive(_ id: UInt32) throws -> FramedMessage {
        while true {
            let turn = try state.wait { state -> Turn? in
                if let message = state.mailboxes[id]?.messages.first {
                    state.mailboxes[id]?.messages.removeFirst()
                    return .answer(message)
                }
                if let failure = state.failure { throw failure }
                if state.isReading { return nil }
                state.isReading = true
                return .read
            }
            switch turn {
            case .answer(let message): return message
            case .read: readOn()
            }
        }
    }

    private func readOn() {
        // What is not read yet makes the other end wait.
        let limit = limit.current
        let bytes = process.readSome(maximum: min(limit?.pieceBytes ?? 1 << 18, 1 << 18))
        // A signal ends the command at its next look for one; what came is good.
        if let bytes { try? limit?.pass(bytes.count) }
        // Found out without the lock: it waits for the process.
        let end = bytes == nil ? ended(ending()) : nil
        state.withLock { state in
            state.isReading = false
            if let end { state.failure = state.failure ?? end }
            guard let bytes, !bytes.isEmpty else { return }
            state.cutter.feed(bytes)
            do {
                while let message = try state.cutter.next() { try deliver(message, &state) }
            } catch {
                let said = state.mailboxes.isEmpty ? [] : state.cutter.unread
                state.failure = state.failure ?? ended(.nonsense(said))
            }
        }
    }

    private func deliver(_ message: FramedMessage, _ state: inout State) throws {
        guard var mailbox = state.mailboxes[message.id] else { return }
        mailbox.budget -= message.body.count + FramedMessage.headBytes
        guard mailbox.budget >= 0 else { throw DecodeError(at: 0, "more than was asked for") }
        mailbox.messages.append(message)
        state.mailboxes[message.id] = mailbox
    }

    private func ending() -> SSHEnding {
        let ending = process.finish()
        return .ended(ending, process.errors)
    }

    @discardableResult
    private func fail(_ error: StoreError) -> StoreError {
        state.withLock { state in
            state.failure = state.failure ?? error
            return state.failure ?? error
        }
    }

    /// Ends the process, in order.
    func finish() { _ = process.finish() }
}

/// How a conversation with a far side ended.
enum SSHEnding: Sendable {
    /// Its process ended, having said this on standard error.
    case ended(ChildProcess.Ending, [UInt8])
    /// It said something that is no message, beginning with this.
    case nonsense([UInt8])
}
