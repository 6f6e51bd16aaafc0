/// Finds the delimiter of a file from its first bytes.
///
/// A candidate is good when the lines of the sample have as many of it as the header has. Only
/// the sample decides, so the answer does not depend on how the bytes arrived.
enum DelimiterSniffer {
    /// How much of the file is looked at, in bytes.
    static let sampleBytes = 65_536

    /// In the order in which ties are decided.
    private static let candidates: [UInt8] = [0x2c, 0x09, 0x3b, 0x7c]

    /// The best candidate; a comma when the header has none of them.
    static func delimiter(of sample: ArraySlice<UInt8>) -> UInt8 {
        var best: UInt8 = 0x2c
        var bestScore = (alike: -1, fields: 1)
        for candidate in candidates {
            let counts = fieldCounts(sample, delimiter: candidate)
            guard let header = counts.first, header > 1 else { continue }
            let alike = counts.dropFirst().filter { $0 == header }.count
            if alike > bestScore.alike || alike == bestScore.alike && header > bestScore.fields {
                best = candidate
                bestScore = (alike, header)
            }
        }
        return best
    }

    /// The number of fields in each of the sample's first lines; a last line that the sample cuts
    /// off is not counted, unless it is the only one.
    private static func fieldCounts(_ sample: ArraySlice<UInt8>, delimiter: UInt8) -> [Int] {
        var counts: [Int] = []
        var fields = 1
        var inQuotes = false
        var isBlank = true
        for byte in sample {
            if byte == 0x22 {
                inQuotes.toggle()
            } else if inQuotes {
                continue
            } else if byte == delimiter {
                fields += 1
            } else if byte == 0x0a {
                if !isBlank { counts.append(fields) }
                if counts.count == 200 { return counts }
                fields = 1
                isBlank = true
                continue
            }
            if byte != 0x0d { isBlank = false }
        }
        return counts.isEmpty ? [fields] : counts
    }
}
