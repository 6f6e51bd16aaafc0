import Bytes
import Vocabulary

extension S3Remote {
    /// The object that is there while somebody replaces the root without conditions.
    static let lockName = "lock"

    /// Replaces a file where the server knows no conditions: whoever wants to write leaves an object
    /// `lock` with a mark of its own, and goes on only when it finds its own mark in it. Two who
    /// begin in the same moment may both believe that they have it, which is why such a remote is
    /// for one writer at a time; the lock tells one who comes later.
    func swapUnderLock(
        _ name: RemoteFileName, expected: RemoteVersion?, new: [UInt8]
    ) throws -> Bool {
        let lock = try RemoteFileName(validating: S3Remote.lockName)
        if let headers = try head(lock) { throw locked(headers) }
        let mark = newMark()
        try overwrite(lock, Array("\(mark)\n".utf8), mark)
        guard let headers = try head(lock), headers[S3Remote.mark] == mark else {
            throw locked(HTTPHeaders())
        }
        // Nobody else removes it while this process lives.
        defer { try? remove(lock) }
        guard try head(name)?["etag"] == expected?.text else { return false }
        try overwrite(name, new, mark)
        return true
    }

    private func overwrite(_ name: RemoteFileName, _ bytes: [UInt8], _ mark: String) throws {
        var request = S3Request(.put, key(name), purpose: "replace '\(name)'")
        S3Part(bytes).fill(&request)
        setKeeping(of: &request, mark)
        if let fault = try client.send(request).fault {
            throw fault.storeError(request.purpose, client)
        }
    }

    private func locked(_ headers: HTTPHeaders) -> StoreError {
        let since = headers["last-modified"].map { " since \(printable(Array($0.utf8)))" } ?? ""
        return StoreError(
            .locked, "remote '\(description)' is locked\(since): somebody else writes to it",
            subject: description,
            advice: "wait and try again; if that one has died, remove the object "
                + "'\(keyPrefix)\(S3Remote.lockName)' from the bucket",
            safety: "the remote is as it was; what was sent is not sent twice")
    }
}
