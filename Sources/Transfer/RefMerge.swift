package import Vocabulary

/// A ref that two ends moved to different records, neither of which follows the other.
package struct RefConflict: Hashable, Sendable {
    /// The ref.
    package let name: RefName
    /// What it is here.
    package let local: RecordID
    /// What it is on the remote.
    package let remote: RecordID

    /// Makes the value.
    package init(name: RefName, local: RecordID, remote: RecordID) {
        self.name = name
        self.local = local
        self.remote = remote
    }
}

/// How one ref comes out when two ends are put together.
///
/// With `base`, what both had at the last exchange: who did not move gives way. Otherwise the end
/// whose record follows the other's wins; and where neither does, that is a conflict, for a
/// person to settle. Nothing is ever dropped in silence.
enum RefMerge: Hashable {
    case equal
    case takeLocal
    case takeRemote
    case conflict

    static func decide(
        _ name: RefName, local: RecordID?, remote: RecordID?, base: RecordID?,
        follows: (_ later: RecordID, _ earlier: RecordID) throws -> Bool
    ) rethrows -> RefMerge {
        guard let local else { return remote == nil ? .equal : .takeRemote }
        guard let remote else { return .takeLocal }
        if local == remote { return .equal }
        // Both records answer to the same name, so either is right: the remote's stays.
        if name.isImmutable { return .takeRemote }
        if try follows(local, remote) { return .takeLocal }
        if try follows(remote, local) { return .takeRemote }
        if base == remote { return .takeLocal }
        if base == local { return .takeRemote }
        return .conflict
    }
}
