package import Vocabulary

/// The failures of the object store, each made here and nowhere else, so that they read alike.
extension StoreError {
    /// Stored bytes that fail their checks: which file, where, why, and which object was wanted.
    static func damaged(
        _ file: String, at offset: Int, _ why: String, object: ObjectKey? = nil,
        cause: (any Error)? = nil
    ) -> StoreError {
        let wanted = object.map { " (it holds \($0))" } ?? ""
        // Said already, and with an offset that counts from elsewhere.
        let isTold = (cause as? DecodeError)?.reason == why
        return StoreError(
            .corrupt, "'\(file)' is damaged at byte \(offset): \(why)\(wanted)", subject: file,
            advice: "run 'mlstore fsck' to see what is affected, then 'mlstore pull' to fetch"
                + " intact copies from a remote",
            safety: "nothing was written; objects in other packs are not affected",
            cause: isTold ? nil : cause)
    }

    /// Something that a later mlstore wrote.
    static func newerFormat(_ file: String, _ what: String) -> StoreError {
        StoreError(
            .newerFormat,
            "cannot read '\(file)': it uses \(what), which this mlstore does not know",
            subject: file, advice: "install a newer mlstore", safety: "nothing was changed")
    }

    /// An object that is not here.
    static func objectMissing(_ key: ObjectKey) -> StoreError {
        StoreError(
            .notInStore, "\(key.kind.name) '\(key.digest.hex)' is not in this store",
            subject: key.digest.hex, advice: "run 'mlstore pull' to fetch it from a remote")
    }

    /// An object longer than the caller can take.
    static func objectTooLarge(_ key: ObjectKey, _ size: Int, limit: Int) -> StoreError {
        StoreError(
            .malformed,
            "\(key.kind.name) '\(key.digest.hex.prefix(12))' is too large to read at once:"
                + " \(ByteCount(size)), and the limit is \(ByteCount(limit))",
            subject: key.digest.hex)
    }

    /// A file whose bytes changed between being listed and being stored.
    package static func fileChanged(_ name: String) -> StoreError {
        StoreError(
            .changedMeanwhile, "cannot store '\(name)': it changed while it was read",
            subject: name, advice: "wait until nothing writes to it and try again",
            safety: "nothing was stored of this command")
    }

    /// A session that failed before and must not go on.
    static var sessionOver: StoreError {
        StoreError(
            .internalFault, "cannot go on: an earlier write of this session failed",
            safety: "nothing of it was committed")
    }
}
