import Remotes
import Vocabulary

/// What comes over the pipe of an ssh connection, and over HTTP.
let framingTargets = [
    // What a web server lists.
    FuzzTarget("http-list") { bytes in
        guard let page = HTTPStoreProtocol.Page(parsing: bytes) else {
            throw DecodeError(at: 0, "not a page")
        }
        let again = HTTPStoreProtocol.Page(parsing: page.bytes)
        try require(again?.bytes == page.bytes, "a page that is written differently again")
    },
    // What a client shows: a line a header.
    FuzzTarget("http-headers") { bytes in
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        for size in [0, 1, 10, 1 << 40] {
            guard case .part(let range) = HTTPRange(header: lines.first, size: size) else {
                continue
            }
            let isInside = !range.isEmpty && range.lowerBound >= 0 && range.upperBound <= size
            try require(isInside, "a range outside of the file")
        }
        for line in lines { _ = AccessTokens.token(inHeader: line) }
        _ = try AccessTokens(parsing: bytes)
    },
    // At the far side: messages, each of them a request.
    FuzzTarget("stdio-requests") { bytes in
        try require(whole(bytes) == inPieces(bytes), "messages depend on how they arrive")
        for message in try messages(of: bytes) {
            let again = try messages(of: message.encoded)
            try require(again == [message], "a message that is written differently again")
            _ = try StdioRequest(message)
        }
    },
    // Here: what an SFTP server answers.
    FuzzTarget("sftp-answers") { bytes in
        for message in try messages(of: bytes) {
            guard case .names(let entries) = try SFTPAnswer(message) else { continue }
            let isBounded = entries.count * 12 <= bytes.count
            try require(isBounded, "more names than the bytes hold")
        }
    },
]

private let largest = 1 << 20

/// The messages, and whether something was none.
private func messages(of bytes: [UInt8]) throws -> [FramedMessage] {
    var cutter = MessageCutter(largest: largest)
    cutter.feed(bytes)
    var found: [FramedMessage] = []
    while let message = try cutter.next() { found.append(message) }
    return found
}

private func whole(_ bytes: [UInt8]) -> [FramedMessage]? { try? messages(of: bytes) }

private func inPieces(_ bytes: [UInt8]) -> [FramedMessage]? {
    var cutter = MessageCutter(largest: largest)
    var found: [FramedMessage] = []
    for start in stride(from: 0, to: bytes.count, by: 7) {
        cutter.feed(Array(bytes[start..<min(start + 7, bytes.count)]))
        do {
            while let message = try cutter.next() { found.append(message) }
        } catch { return nil }
    }
    return found
}
