import Bytes
import Vocabulary

/// Frames of numbers: as planes, or as their differences from a base of the same length.
extension FrameWorker {
    /// How `plain` is best encoded, by a sample, if it is numbers of `width` bytes.
    func choose(
        _ plain: UnsafeRawBufferPointer, width: Int, after prior: PriorBytes?
    ) -> PlaneChoice.Encoding {
        guard width > 0 else { return .plain }
        let base = unsafe prior.flatMap { prior in
            unsafe prior.bytes.count == plain.count ? prior.bytes : nil
        }
        return unsafe choice.best(plain, width: width, base: base, planes, compressor)
    }

    /// The length of bases and verified differences in `room`; nil where they save too little.
    func differences(
        _ plain: UnsafeRawBufferPointer, _ width: Int, _ prior: PriorBytes,
        into room: UnsafeMutableRawBufferPointer
    ) throws -> Int? {
        let header = prior.bases.encodedLength
        let limit = unsafe FrameWorker.limit(plain)
        guard limit > header else { return nil }
        // Unsafe here and below: sub-buffers of buffers whose counts bound them.
        let target = unsafe UnsafeMutableRawBufferPointer(rebasing: room[header..<limit])
        guard
            let length = unsafe planes.encode(
                plain, width: width, against: prior.bytes, into: target)
        else { return nil }
        unsafe prior.bases.write(to: room)
        try unsafe verify(plain) { (output) throws(DecodeError) in
            try unsafe planes.decode(
                UnsafeRawBufferPointer(rebasing: target[0..<length]), against: prior.bytes,
                into: output)
        }
        return header + length
    }

    /// The length of verified planes in `room`; nil where they save too little.
    func planes(
        _ plain: UnsafeRawBufferPointer, _ width: Int, into room: UnsafeMutableRawBufferPointer
    ) throws -> Int? {
        let target = unsafe UnsafeMutableRawBufferPointer(
            rebasing: room[0..<FrameWorker.limit(plain)])
        guard let length = unsafe planes.encode(plain, width: width, into: target) else {
            return nil
        }
        try unsafe verify(plain) { (output) throws(DecodeError) in
            try unsafe planes.decode(
                UnsafeRawBufferPointer(rebasing: target[0..<length]), into: output)
        }
        return length
    }
}
