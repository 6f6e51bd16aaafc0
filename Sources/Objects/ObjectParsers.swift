import Bytes
package import Vocabulary

/// The parsers of this module that bytes from outside reach and that no other target calls, each by
/// itself: what the fuzz targets call beside the readers of frames, packs and trees.
package enum ObjectParsers {
    /// Reads a recipe object; returns the lengths of its root's items and the size that they make.
    package static func recipe(
        _ bytes: [UInt8]
    ) throws(DecodeError) -> (itemSizes: [Int], size: Int) {
        let recipe = try RecipeFormat.decode(bytes.span)
        return (recipe.root.items.map(\.size), recipe.size)
    }

    /// Decodes planes of floats into `plainLength` bytes, against a base of the same length if any.
    package static func floatPlanes(
        _ encoded: [UInt8], plainLength: Int, against base: [UInt8]?
    ) throws(DecodeError) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: plainLength)
        var fault: DecodeError?
        unsafe output.withUnsafeMutableBytes { room in
            unsafe encoded.withUnsafeBytes { encoded in
                unsafe (base ?? []).withUnsafeBytes { old in
                    do throws(DecodeError) {
                        // Unsafe: all three buffers are there until the call returns.
                        try unsafe FloatPlanes().decode(
                            encoded, against: base == nil ? nil : old, into: room)
                    } catch { fault = error }
                }
            }
        }
        if let fault { throw fault }
        return output
    }

    /// Where a blob's own content says that its parts are, with the widths of their numbers; nil
    /// where it is cut as any other. `read` answers with up to `count` bytes at an offset.
    package static func contentMap(
        sizeBytes: Int, read: @escaping (_ offset: Int, _ count: Int) throws -> [UInt8]
    ) throws -> [(range: Range<Int>, width: Int)]? {
        let head = try read(0, 4096)
        let source = ContentSource(sizeBytes: sizeBytes, read: read)
        let map = try unsafe head.withUnsafeBytes {
            try unsafe ContentMap(recognising: source, head: $0)
        }
        return map?.segments.map { ($0.offset..<$0.end, $0.width) }
    }
}
