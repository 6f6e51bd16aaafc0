import Bytes
import Synchronization
import Vocabulary

/// How a server wants ETags in conditions. The standard says in quotes; Ceph before version 18
/// compares the quotes too, and finds every condition unmet.
final class ETagQuoting: Sendable {
    private let isBare = Atomic<Bool>(false)

    /// The ETag as this server takes it.
    func text(_ tag: String) -> String {
        isBare.load(ordering: .relaxed) ? ETagQuoting.bare(tag) : tag
    }

    /// Whether quotes are left out from now on; false when they were already, or there are none.
    func leaveOut(of tag: String) -> Bool {
        ETagQuoting.bare(tag) != tag && !isBare.exchange(true, ordering: .relaxed)
    }

    /// Quotes are sent again.
    func restore() { isBare.store(false, ordering: .relaxed) }

    private static func bare(_ tag: String) -> String { tag.filter { $0 != "\"" } }
}

extension S3Remote {
    /// The most bytes of a file that is replaced: such files are small by design.
    private static let largestSwapped = 16 << 20

    package func compareAndSwap(
        _ name: RemoteFileName, expected: RemoteVersion?, new: [UInt8]
    ) throws -> Bool {
        guard settings.swapsOnCondition else {
            return try swapUnderLock(name, expected: expected, new: new)
        }
        let mark = newMark()
        if try swap(name, expected: expected, new: new, mark) { return true }
        // Unmet, or misread? If it is still what was expected, the server compares quotes.
        guard let expected, let headers = try head(name), headers["etag"] == expected.text,
            quoting.leaveOut(of: expected.text)
        else { return false }
        if try swap(name, expected: expected, new: new, mark) { return true }
        quoting.restore()
        return false
    }

    /// One conditional write. After a lost answer what is there tells who wrote it.
    private func swap(
        _ name: RemoteFileName, expected: RemoteVersion?, new: [UInt8], _ mark: String
    ) throws -> Bool {
        var request = S3Request(.put, key(name), purpose: "replace '\(name)'")
        S3Part(new).fill(&request)
        setKeeping(of: &request, mark)
        if let expected {
            request.headers["if-match"] = quoting.text(expected.text)
        } else {
            request.headers["if-none-match"] = "*"
        }
        let answer: S3Answer
        do {
            answer = try client.send(request)
        } catch let error as StoreError where error.kind == .remoteUnreachable {
            // It may have arrived; if the remote can be asked again, it tells.
            if (try? isOurs(name, new, mark)) == true { return true }
            throw error
        }
        guard let fault = answer.fault else { return true }
        if answer.isRepeated || fault.status >= 500, try isOurs(name, new, mark) { return true }
        if fault.isUnmetCondition || expected != nil && fault.isMissingObject { return false }
        throw fault.storeError(request.purpose, client)
    }

    private func isOurs(_ name: RemoteFileName, _ new: [UInt8], _ mark: String) throws -> Bool {
        guard try head(name)?[S3Remote.mark] == mark else { return false }
        return try read(name, maximumBytes: S3Remote.largestSwapped) == new
    }
}
