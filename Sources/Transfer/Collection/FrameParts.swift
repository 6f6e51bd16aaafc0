import Objects
import Remotes
import Vocabulary

extension RemoteContext {
    /// A frame of a pack of the remote, by its bytes, with those objects that `isKept` chooses: as it is
    /// where these are all, else encoded anew. At least one must be.
    func copied(
        _ bytes: [UInt8], _ frame: Int, of pack: RemotePack, keeping isKept: (ObjectKey) -> Bool
    ) throws -> EncodedFrame {
        guard pack.objects(ofFrame: frame).contains(where: { !isKept(pack.keys[$0]) }) else {
            return try pack.encodedFrame(frame, copying: bytes)
        }
        let whole = try EncodedFrame(verifying: bytes, from: pack.name().description)
        let plain = try whole.plainObjects { key, _ in throw StoreError.notOnRemote(key, self) }
        let kept = zip(whole.objects, plain).filter { isKept($0.0.key) }
        return try store.encodedFrame(of: kept.map { ($0.0.key, $0.1) })
    }
}
