/// A tar archive (ustar, and what GNU and pax made of it): members start at their data.
enum TarArchive {
    private static let blockBytes = 512

    static func begins(_ head: [UInt8]) -> Bool {
        head.count >= blockBytes && head[257..<262].elementsEqual(Array("ustar".utf8))
            && isSound(head)
    }

    static func map(_ source: inout ContentSource) throws -> ContentMap? {
        var builder = ContentMapBuilder(sizeBytes: source.sizeBytes)
        var offset = 0
        // An archive of more members than may be read is plain from there on; so is what follows
        // the end of the archive, a block of zeros.
        while let header = try source.bytes(at: offset, count: blockBytes), header[0] != 0 {
            guard isSound(header), let size = number(header[124..<136]),
                size <= source.sizeBytes - offset - blockBytes,
                builder.append(offset + blockBytes, carriesData(header[156]) ? size : 0)
            else { return nil }
            let data = carriesData(header[156]) ? size : 0
            offset += blockBytes + (data + blockBytes - 1) / blockBytes * blockBytes
        }
        return builder.finish()
    }

    /// Links, devices and directories have no data, whatever their size says.
    private static func carriesData(_ type: UInt8) -> Bool {
        !(UInt8(ascii: "1")...UInt8(ascii: "6")).contains(type)
    }

    /// Whether the sum of the header's bytes is the one it states, its own field taken as spaces.
    private static func isSound(_ header: [UInt8]) -> Bool {
        let sum = header.enumerated().reduce(0) { sum, byte in
            sum + ((148..<156).contains(byte.offset) ? 0x20 : Int(byte.element))
        }
        return number(header[148..<156]) == sum
    }

    /// A number of octal digits, or binary behind a first byte of 0x80.
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        if field.first == 0x80 {
            let value = field.dropFirst().suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return value < 1 << 48 ? Int(value) : nil
        }
        let digits = field.drop { $0 == 0x20 }.prefix { (0x30...0x37).contains($0) }
        let rest = field[digits.endIndex...]
        guard !digits.isEmpty, rest.allSatisfy({ $0 == 0 || $0 == 0x20 }) else { return nil }
        return digits.reduce(0) { $0 << 3 | Int($1 - 0x30) }
    }
}
