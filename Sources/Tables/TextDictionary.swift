import Bytes

/// Distinct texts, numbered in the order in which they first appear.
struct TextDictionary {
    /// The texts by code.
    private(set) var texts: [String] = []
    private var hashes: [UInt64] = []
    /// Open addressing; -1 is a free place. At most half full.
    private var slots: [Int32] = Array(repeating: -1, count: 64)
    private var bytes: [UInt8] = []
    private var starts: [Int] = [0]
    private var lastCode: Int32 = -1

    /// The code of `text`, which is UTF-8.
    // Unsafe: reads the view it is given.
    mutating func code(of text: UnsafeBufferPointer<UInt8>) -> Int32 {
        // Neighbouring rows often have the same text.
        if lastCode >= 0, unsafe matches(text, lastCode) { return lastCode }
        let hash = unsafe xxh3(buffer: UnsafeRawBufferPointer(text))
        var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
        while slots[slot] >= 0 {
            let code = slots[slot]
            if hashes[Int(code)] == hash, unsafe matches(text, code) {
                lastCode = code
                return code
            }
            slot = (slot + 1) & (slots.count - 1)
        }
        let code = Int32(truncatingIfNeeded: texts.count)
        unsafe texts.append(String(decoding: text, as: UTF8.self))
        unsafe bytes.append(contentsOf: text)
        starts.append(bytes.count)
        hashes.append(hash)
        slots[slot] = code
        if texts.count * 2 > slots.count { grow() }
        lastCode = code
        return code
    }

    private func matches(_ text: UnsafeBufferPointer<UInt8>, _ code: Int32) -> Bool {
        let start = starts[Int(code)]
        guard starts[Int(code) + 1] - start == text.count else { return false }
        for index in 0..<text.count where unsafe bytes[start + index] != text[index] {
            return false
        }
        return true
    }

    private mutating func grow() {
        slots = Array(repeating: -1, count: slots.count * 2)
        for code in hashes.indices {
            var slot = Int(truncatingIfNeeded: hashes[code]) & (slots.count - 1)
            while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = Int32(truncatingIfNeeded: code)
        }
    }
}
