package import Vocabulary

/// HMAC-SHA256 (RFC 2104): a digest of `message` that only who has `key` can make.
package func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> Digest {
    let blockBytes = 64
    var block = key.count > blockBytes ? sha256(key).bytes : key
    block += [UInt8](repeating: 0, count: blockBytes - block.count)
    let inner = sha256(block.map { $0 ^ 0x36 } + message)
    return sha256(block.map { $0 ^ 0x5c } + inner.bytes)
}
