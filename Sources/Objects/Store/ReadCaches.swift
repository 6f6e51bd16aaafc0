import Platform
import Synchronization
import Vocabulary

/// The packs that are open: at most 64, the least recently used is closed.
final class PackCache: Sendable {
    private struct State {
        var open: [PackID: (file: PackFile, used: UInt64)] = [:]
        var clock: UInt64 = 0
    }

    private static let capacity = 64
    private let state = Mutex(State())
    private let layout: StoreLayout
    private let disk: any Disk

    init(_ layout: StoreLayout, _ disk: any Disk) {
        self.layout = layout
        self.disk = disk
    }

    func pack(_ id: PackID) throws -> PackFile {
        let cached = state.withLock { state -> PackFile? in
            state.clock += 1
            state.open[id]?.used = state.clock
            return state.open[id]?.file
        }
        if let cached { return cached }
        let opened: PackFile
        do {
            opened = try PackFile(id, at: layout.pack(id), on: disk)
        } catch let error as StoreError where error.kind == .notFound {
            throw StoreError.damaged(
                "packs/\(id.digest.hex).pack", at: 0, "the file is missing", cause: error)
        }
        state.withLock { state in
            if state.open.count >= PackCache.capacity { PackCache.evict(&state) }
            state.open[id] = (opened, state.clock)
        }
        return opened
    }

    private static func evict(_ state: inout State) {
        // The least recently used; ties cannot be, since the clock rises with every use.
        guard let oldest = state.open.min(by: { $0.value.used < $1.value.used }) else { return }
        state.open[oldest.key] = nil
    }
}

/// Decoded frames that are likely to be wanted again, because they hold several objects or others
/// build on them, so that they are decoded once: at most 32 MiB.
final class FrameCache: Sendable {
    struct Key: Hashable, Sendable {
        let pack: PackID
        let offset: Int
    }

    /// Two generations: what was used lately, and what was before that. When the young have filled
    /// half of the cache, they become the old, and the old are forgotten.
    private struct State {
        var young: [Key: DecodedFrame] = [:]
        var old: [Key: DecodedFrame] = [:]
        var youngBytes = 0

        mutating func keep(_ frame: DecodedFrame, _ key: Key) {
            if youngBytes + frame.plain.count > FrameCache.capacityBytes / 2 {
                old = young
                young = [:]
                youngBytes = 0
            }
            if young.updateValue(frame, forKey: key) == nil { youngBytes += frame.plain.count }
        }
    }

    private static let capacityBytes = 32 << 20
    private let state = Mutex(State())

    func frame(_ key: Key) -> DecodedFrame? {
        state.withLock { state in
            if let frame = state.young[key] { return frame }
            guard let frame = state.old.removeValue(forKey: key) else { return nil }
            state.keep(frame, key)
            return frame
        }
    }

    /// Keeps the frame, unless it alone would fill a quarter of the cache.
    func keep(_ frame: DecodedFrame, _ key: Key) {
        guard frame.plain.count <= FrameCache.capacityBytes / 4 else { return }
        state.withLock { $0.keep(frame, key) }
    }
}
