extension ContentMap {
    /// Recognises a format from its content: `source` is the whole blob, of which `head` are the
    /// first bytes. All is believed only as far as it is consistent; nil means to cut as any other.
    ///
    /// Cost: nothing for text; a few reads at the ends of the blob, and one an archive's member.
    init?(recognising source: ContentSource, head: UnsafeRawBufferPointer) throws {
        guard source.sizeBytes > Chunker.singleChunkLimit, head.count >= 512,
            unsafe Chunker.forContent(startingWith: head) == .opaque
        else { return nil }
        let start = unsafe [UInt8](UnsafeRawBufferPointer(rebasing: head[0..<512]))
        for format in ContentFormat.all where format.begins(start) {
            var source = source
            guard let map = try format.map(&source) else { continue }
            self = map
            return
        }
        return nil
    }
}

/// A format that says where its parts are.
struct ContentFormat: Sendable {
    /// Whether content that starts with these 512 bytes may be of the format.
    let begins: @Sendable (_ head: [UInt8]) -> Bool
    /// The map of the content, or nil where anything is not as it should be.
    let map: @Sendable (inout ContentSource) throws -> ContentMap?

    /// All formats, in the order in which they are tried.
    static let all: [ContentFormat] = [
        ContentFormat(begins: NumPyArray.begins, map: NumPyArray.map),
        ContentFormat(begins: ZipArchive.begins, map: ZipArchive.map),
        ContentFormat(begins: ParquetFile.begins, map: ParquetFile.map),
        ContentFormat(begins: TarArchive.begins, map: TarArchive.map),
        ContentFormat(begins: SafetensorsFile.begins, map: SafetensorsFile.map),
        ContentFormat(begins: { _ in true }, map: RawNumbers.map),
    ]
}
