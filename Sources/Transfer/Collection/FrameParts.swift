import Objects
import Remotes
import Vocabulary

extension RemoteContext {
    /// A frame of a pack of the remote, by its bytes, with those objects that `isKept` chooses: as it is
    /// where these are all, else encoded anew. At least one must be.
    func copied(
        _ bytes: [UInt8], _ frame: Int, of pack: RemotePack, keeping isKept: (ObjectKey) -> Bool
    ) throws -> EncodedFrame {
        let name = try pack.name().description
        let objects = pack.objects(ofFrame: frame).map {
            (key: pack.keys[$0], length: Int(pack.lengths[$0]))
        }
        guard objects.contains(where: { !isKept($0.key) }) else {
            return try EncodedFrame(
                copying: bytes, of: objects, bases: pack.frameBases[frame], from: name)
        }
        let whole = try EncodedFrame(verifying: bytes, from: name)
        let plain = try whole.plainObjects { key, _ in throw StoreError.notOnRemote(key, self) }
        let kept = zip(whole.objects, plain).filter { isKept($0.0.key) }
        return try store.encodedFrame(of: kept.map { ($0.0.key, $0.1) })
    }
}
