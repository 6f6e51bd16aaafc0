package import Vocabulary

extension ModelFile {
    /// Reads a model file and writes it again, which must give the same bytes. For the fuzz targets.
    package static func encodedAgain(_ bytes: [UInt8]) throws(DecodeError) -> [UInt8] {
        encode(try decode(bytes))
    }
}
