import Objects
import Vocabulary

/// One request: a range of a pack that holds wanted frames.
struct FetchRequest: Sendable {
    let pack: RemotePack
    let range: Range<Int>
    /// The wanted frames in it.
    let frames: [Int]
}

/// Which ranges of which packs to ask for: neighbouring frames together, and what lies between
/// two that are close is fetched along rather than asked around.
enum FetchPlan {
    /// Up to this many unwanted bytes cost less than another request.
    static let gapBytes = 64 << 10
    /// A request for more than this is split.
    static let requestBytes = 8 << 20

    /// Packs in the order in which the keys need them, each from its begin on: so chunks come much as they
    /// follow each other in their files.
    static func requests(for keys: [ObjectKey], in index: RemoteIndex) -> [FetchRequest] {
        var frames: [UInt32: Set<UInt32>] = [:]
        var order: [UInt32] = []
        for key in keys {
            guard let place = index.place(of: key) else { continue }
            if frames[place.pack] == nil { order.append(place.pack) }
            frames[place.pack, default: []].insert(place.frame)
        }
        return order.flatMap { number in
            requests(
                index.packs[Int(number)], (frames[number] ?? []).sorted().map { Int($0) })
        }
    }

    /// The requests for frames of one pack, whose numbers rise.
    static func requests(_ pack: RemotePack, _ frames: [Int]) -> [FetchRequest] {
        var result: [FetchRequest] = []
        var chosen: [Int] = []
        var range = 0..<0
        for frame in frames {
            let next = pack.range(ofFrame: frame)
            let joined = range.lowerBound..<next.upperBound
            if !chosen.isEmpty,
                next.lowerBound - range.upperBound > gapBytes || joined.count > requestBytes
            {
                result.append(FetchRequest(pack: pack, range: range, frames: chosen))
                chosen = []
            }
            range = chosen.isEmpty ? next : joined
            chosen.append(frame)
        }
        if !chosen.isEmpty { result.append(FetchRequest(pack: pack, range: range, frames: chosen)) }
        return result
    }
}
