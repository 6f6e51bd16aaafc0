import Bytes
import Vocabulary

extension S3Remote {
    /// The most pages of a listing, of a thousand names each.
    private static let maximumPages = 100_000

    package func list(
        _ prefix: RemoteFileName?
    ) throws -> [(name: RemoteFileName, size: Int)] {
        var found: [RemoteFileName: Int] = [:]
        let start = keyPrefix + (prefix.map { "\($0)/" } ?? "")
        var token: String?
        for _ in 0..<S3Remote.maximumPages {
            let page = try page(of: start, after: token)
            for (name, size) in page.files { found[name] = size }
            guard let next = page.next else {
                // Some servers list folder by folder instead of by name.
                return found.sorted { $0.key < $1.key }.map { (name: $0.key, size: $0.value) }
            }
            guard next != token else { throw badListing("it never ends") }
            token = next
        }
        throw badListing("it never ends")
    }

    private func page(
        of prefix: String, after token: String?
    ) throws -> (files: [(RemoteFileName, Int)], next: String?) {
        var request = S3Request(.get, nil, purpose: "list files")
        request.maximumBytes = 8 << 20
        request.query = [("list-type", "2"), ("encoding-type", "url"), ("prefix", prefix)]
        if let token { request.query.append(("continuation-token", token)) }
        let answer = try client.send(request)
        if let fault = answer.fault { throw fault.storeError(request.purpose, client) }
        let document: XMLElement
        do {
            document = try XMLElement(parsing: answer.response.body)
        } catch { throw badListing(error.description) }
        guard document.name == "ListBucketResult" else { throw badListing("it is none") }
        let isEncoded = document["EncodingType"]?.text == "url"
        let files = try document.all("Contents").compactMap { item in
            try file(item, isEncoded: isEncoded, below: prefix)
        }
        guard document["IsTruncated"]?.text == "true" else { return (files, nil) }
        guard let next = document["NextContinuationToken"]?.text, !next.isEmpty else {
            throw badListing("it does not say how to go on")
        }
        return (files, next)
    }

    /// One line of a listing; nil for names that are not ours.
    private func file(
        _ item: XMLElement, isEncoded: Bool, below prefix: String
    ) throws -> (RemoteFileName, Int)? {
        guard let text = item["Key"]?.text, let size = item["Size"].flatMap({ Int($0.text) }),
            size >= 0
        else { throw badListing("a name or a size is missing") }
        let key = isEncoded ? PercentEncoding.decode(text) : Array(text.utf8)
        guard let key, key.starts(with: prefix.utf8),
            let name = RemoteFileName(
                String(decoding: key.dropFirst(keyPrefix.utf8.count), as: UTF8.self))
        else { return nil }
        return (name, size)
    }

    private func badListing(_ why: String) -> StoreError {
        StoreError(
            .corrupt, "cannot use the listing of remote '\(description)': \(why)",
            subject: description)
    }
}
