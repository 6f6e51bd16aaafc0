import Bytes

/// Two versions of an image as they are, for a page that shows them beside each other: small ones only.
package struct PicturePair: Sendable, Equatable {
    /// One version.
    struct Picture: Sendable, Equatable {
        let header: ImageHeader
        let bytes: [UInt8]
    }

    let old: Picture
    let new: Picture

    /// The largest file that is shown, and the largest picture: a browser unpacks all of it.
    static let maximumBytes = 256 << 10
    private static let maximumPixels = 32 << 20
    /// What the pictures of one page may take together.
    static let pageBytes = 4 << 20

    /// Nil where one is too large to be shown.
    init?(_ old: (ImageHeader, [UInt8]), _ new: (ImageHeader, [UInt8])) {
        for (header, bytes) in [old, new] {
            let (pixels, overflow) = header.width.multipliedReportingOverflow(by: header.height)
            guard bytes.count <= PicturePair.maximumBytes, !overflow,
                pixels <= PicturePair.maximumPixels
            else { return nil }
        }
        self.old = Picture(header: old.0, bytes: old.1)
        self.new = Picture(header: new.0, bytes: new.1)
    }

    /// How much of a page they take.
    var sizeBytes: Int { old.bytes.count + new.bytes.count }

    /// Both beside each other. The bytes are in the page; a browser runs nothing of a picture.
    var html: String {
        "<div class=\"pictures\">\(old.html("old"))\(new.html("new"))</div>"
    }
}

extension PicturePair.Picture {
    fileprivate func html(_ word: String) -> String {
        let type = "image/" + header.format.lowercased()
        let data = "data:\(type);base64,\(Base64.encode(bytes))"
        return "<figure><img src=\"\(htmlText(data))\" alt=\"the \(word) picture\">"
            + "<figcaption>\(word)</figcaption></figure>"
    }
}
