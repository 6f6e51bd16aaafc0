import Bytes
import Vocabulary

/// What the first bytes of an image say. Only these are looked at: nothing is decoded.
struct ImageHeader: Equatable {
    /// The format's name.
    var format: String
    /// Pixels across and down.
    var width: Int
    var height: Int
    /// How a pixel is stored, where the header says so.
    var pixels: String?

    /// How much of a file is looked at: what a camera writes before a JPEG's size may be long.
    static let sampleBytes = 1 << 20

    /// The header, or nil where the bytes begin no image that is known here.
    init?(_ bytes: [UInt8]) {
        for read in [
            ImageHeader.png, ImageHeader.gif, ImageHeader.bmp, ImageHeader.webp, ImageHeader.jpeg,
        ] {
            guard let found = read(bytes), found.width > 0, found.height > 0 else { continue }
            self = found
            return
        }
        return nil
    }

    private init(_ format: String, _ width: Int, _ height: Int, _ pixels: String? = nil) {
        self.format = format
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    /// An unsigned number of `count` bytes; nil behind the end.
    private static func number(
        _ bytes: [UInt8], _ offset: Int, _ count: Int, isBig: Bool = false
    ) -> Int? {
        guard offset >= 0, offset <= bytes.count - count else { return nil }
        let slice = bytes[offset..<(offset + count)]
        return (isBig ? Array(slice) : slice.reversed()).reduce(0) { $0 << 8 | Int($1) }
    }

    private static func has(_ text: String, _ bytes: [UInt8], at offset: Int) -> Bool {
        bytes.count >= offset + text.utf8.count
            && bytes[offset..<(offset + text.utf8.count)].elementsEqual(text.utf8)
    }

    private static func png(_ bytes: [UInt8]) -> ImageHeader? {
        guard bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
            has("IHDR", bytes, at: 12), let width = number(bytes, 16, 4, isBig: true),
            let height = number(bytes, 20, 4, isBig: true), bytes.count > 25
        else { return nil }
        let names = [0: "grey", 2: "RGB", 3: "palette", 4: "grey and alpha", 6: "RGBA"]
        let sort = names[Int(bytes[25])] ?? "unknown"
        return ImageHeader("PNG", width, height, "\(sort), \(bytes[24]) bits")
    }

    private static func gif(_ bytes: [UInt8]) -> ImageHeader? {
        guard has("GIF87a", bytes, at: 0) || has("GIF89a", bytes, at: 0),
            let width = number(bytes, 6, 2), let height = number(bytes, 8, 2)
        else { return nil }
        return ImageHeader("GIF", width, height)
    }

    private static func bmp(_ bytes: [UInt8]) -> ImageHeader? {
        guard has("BM", bytes, at: 0), let size = number(bytes, 14, 4) else { return nil }
        if size == 12, let width = number(bytes, 18, 2), let height = number(bytes, 20, 2) {
            return ImageHeader("BMP", width, height)
        }
        guard [40, 52, 56, 64, 108, 124].contains(size), let width = number(bytes, 18, 4),
            let rows = number(bytes, 22, 4), let bits = number(bytes, 28, 2)
        else { return nil }
        // Rows from the top down have a negative count.
        let height = Int(Int32(truncatingIfNeeded: rows).magnitude)
        return ImageHeader("BMP", width, height, "\(bits) bits")
    }

    private static func webp(_ bytes: [UInt8]) -> ImageHeader? {
        guard has("RIFF", bytes, at: 0), has("WEBP", bytes, at: 8) else { return nil }
        if has("VP8X", bytes, at: 12), let width = number(bytes, 24, 3),
            let height = number(bytes, 27, 3)
        {
            return ImageHeader("WebP", width + 1, height + 1)
        }
        if has("VP8L", bytes, at: 12), bytes.count > 20, bytes[20] == 0x2f,
            let bits = number(bytes, 21, 4)
        {
            return ImageHeader(
                "WebP", bits & 0x3fff + 1, bits >> 14 & 0x3fff + 1, "without loss")
        }
        guard has("VP8 ", bytes, at: 12), bytes.count > 25,
            bytes[23...25].elementsEqual([0x9d, 0x01, 0x2a]), let width = number(bytes, 26, 2),
            let height = number(bytes, 28, 2)
        else { return nil }
        return ImageHeader("WebP", width & 0x3fff, height & 0x3fff)
    }

    private static func jpeg(_ bytes: [UInt8]) -> ImageHeader? {
        guard bytes.starts(with: [0xff, 0xd8, 0xff]) else { return nil }
        var offset = 2
        while offset + 4 <= bytes.count, bytes[offset] == 0xff {
            let marker = bytes[offset + 1]
            switch marker {
            case 0xff: offset += 1  // filling
            case 0x01, 0xd0...0xd8: offset += 2  // these have no length
            case 0xd9, 0xda: return nil
            case 0xc0...0xcf where ![0xc4, 0xc8, 0xcc].contains(marker):
                guard let height = number(bytes, offset + 5, 2, isBig: true),
                    let width = number(bytes, offset + 7, 2, isBig: true),
                    let parts = number(bytes, offset + 9, 1)
                else { return nil }
                let sort = [1: "grey", 3: "colour", 4: "four colours"][parts] ?? "\(parts) parts"
                let mode = marker == 0xc2 ? "progressive" : marker == 0xc0 ? "baseline" : "other"
                return ImageHeader("JPEG", width, height, "\(sort), \(mode)")
            default:
                guard let length = number(bytes, offset + 2, 2, isBig: true), length >= 2 else {
                    return nil
                }
                offset += 2 + length
            }
        }
        return nil
    }
}

/// Compares two images by their headers; nil where a version is none.
func diffImages(_ old: ByteAccess, _ new: ByteAccess) throws -> PartsDiff? {
    let oldBytes = try old.read(0..<ImageHeader.sampleBytes)
    let newBytes = try new.read(0..<ImageHeader.sampleBytes)
    guard let before = ImageHeader(oldBytes), let after = ImageHeader(newBytes) else { return nil }
    var diff = PartsDiff("\(after.format) image")
    // What was looked at is all of any that is shown.
    diff.pictures = PicturePair((before, oldBytes), (after, newBytes))
    func compare(_ name: String, _ old: String?, _ new: String?) {
        guard old != new else { return }
        diff.add(.init(name: name, old: old, new: new, isValue: false))
    }
    compare("format", before.format, after.format)
    compare(
        "size", "\(before.width) x \(before.height)", "\(after.width) x \(after.height)")
    compare("pixels", before.pixels, after.pixels)
    if diff.count == 0 {
        diff.add(
            .init(
                name: "content", old: "\(before.width) x \(before.height)",
                new: "\(after.width) x \(after.height)", note: "size and format are equal",
                isValue: false))
    }
    return diff
}
