import CArrow
import Vocabulary

/// An array of the Arrow C data interface, read in place.
///
/// The plug-in has checked its buffers against each other; what it cannot check, that the array has the
/// parts that the schema says, is checked where the parts are taken.
// Unsafe: valid as long as the batch that it is part of.
@unsafe struct ArrowView {
    private let array: UnsafePointer<ArrowArray>?
    /// How many values there are.
    let count: Int
    /// What is added to a value's place to find it in the buffers.
    private let shift: Int
    private let validity: UnsafePointer<UInt8>?

    /// An array without values.
    static var none: ArrowView { unsafe ArrowView(nil) }

    init(_ array: UnsafePointer<ArrowArray>?) {
        unsafe self.array = unsafe array
        unsafe count = unsafe Int(array?.pointee.length ?? 0)
        unsafe shift = unsafe Int(array?.pointee.offset ?? 0)
        let hasValidity = unsafe (array?.pointee.n_buffers ?? 0) > 0
        let first = unsafe hasValidity ? array?.pointee.buffers?[0] : nil
        unsafe validity = unsafe first?.assumingMemoryBound(to: UInt8.self)
    }

    /// Whether the value has its bit unset. Meaningless for the type without values.
    @inline(__always)
    func isNull(_ index: Int) -> Bool {
        guard let validity = unsafe validity else { return false }
        let place = unsafe index &+ shift
        return unsafe validity[place >> 3] & (1 << UInt8(truncatingIfNeeded: place & 7)) == 0
    }

    /// Where the value is in the buffers.
    @inline(__always)
    func place(_ index: Int) -> Int { unsafe index &+ shift }

    /// The buffer of that number, which there must be.
    @inline(__always)
    func buffer(_ number: Int) throws(TableError) -> UnsafeRawPointer {
        guard let array = unsafe array, unsafe number < array.pointee.n_buffers,
            let buffer = unsafe array.pointee.buffers?[number]
        else { throw TableError.otherParts }
        return unsafe buffer
    }

    /// How many buffers there are.
    var bufferCount: Int { unsafe Int(array?.pointee.n_buffers ?? 0) }

    /// The child of that number, which must have values for places up to `count`.
    func child(_ number: Int, atLeast count: Int) throws(TableError) -> ArrowView {
        guard let array = unsafe array, unsafe number < array.pointee.n_children,
            let child = unsafe array.pointee.children?[number], unsafe child.pointee.length >= count
        else { throw TableError.otherParts }
        return unsafe ArrowView(child)
    }

    /// The dictionary, which there must be.
    func dictionary() throws(TableError) -> ArrowView {
        guard let dictionary = unsafe array?.pointee.dictionary else { throw TableError.otherParts }
        return unsafe ArrowView(dictionary)
    }

    /// An integer of so many bytes.
    @inline(__always)
    func integer(_ index: Int, bytes: Int, isSigned: Bool) throws(TableError) -> Int64 {
        let buffer = unsafe try buffer(1)
        let offset = unsafe place(index) &* bytes
        switch (bytes, isSigned) {
        case (1, true):
            return unsafe Int64(buffer.loadUnaligned(fromByteOffset: offset, as: Int8.self))
        case (1, false):
            return unsafe Int64(buffer.loadUnaligned(fromByteOffset: offset, as: UInt8.self))
        case (2, true):
            return unsafe Int64(buffer.loadUnaligned(fromByteOffset: offset, as: Int16.self))
        case (2, false):
            return unsafe Int64(buffer.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
        case (4, true):
            return unsafe Int64(buffer.loadUnaligned(fromByteOffset: offset, as: Int32.self))
        case (4, false):
            return unsafe Int64(buffer.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
        default: return unsafe buffer.loadUnaligned(fromByteOffset: offset, as: Int64.self)
        }
    }

    /// The range that offsets of four or eight bytes give the value.
    @inline(__always)
    func range(_ index: Int, isLarge: Bool) throws(TableError) -> Range<Int> {
        let buffer = unsafe try buffer(1)
        let place = unsafe place(index)
        let start: Int
        let end: Int
        if isLarge {
            start = unsafe Int(buffer.loadUnaligned(fromByteOffset: place &* 8, as: Int64.self))
            end = unsafe Int(buffer.loadUnaligned(fromByteOffset: place &* 8 &+ 8, as: Int64.self))
        } else {
            start = unsafe Int(buffer.loadUnaligned(fromByteOffset: place &* 4, as: Int32.self))
            end = unsafe Int(buffer.loadUnaligned(fromByteOffset: place &* 4 &+ 4, as: Int32.self))
        }
        guard start >= 0, start <= end else { throw TableError.otherParts }
        return start..<end
    }

    /// The bytes of a value behind offsets.
    @inline(__always)
    func bytes(_ index: Int, isLarge: Bool) throws(TableError) -> UnsafeBufferPointer<UInt8> {
        let range = unsafe try range(index, isLarge: isLarge)
        if range.isEmpty { return unsafe UnsafeBufferPointer(start: nil, count: 0) }
        let data = unsafe try buffer(2).assumingMemoryBound(to: UInt8.self)
        return unsafe UnsafeBufferPointer(start: data + range.lowerBound, count: range.count)
    }

    /// The bytes of a value that is inline (up to 12) or in one of the buffers behind the views.
    func viewed(_ index: Int) throws(TableError) -> UnsafeBufferPointer<UInt8> {
        let view = unsafe try buffer(1) + place(index) * 16
        let count = unsafe Int(view.loadUnaligned(as: Int32.self))
        guard count > 12 else {
            return unsafe UnsafeBufferPointer(
                start: (view + 4).assumingMemoryBound(to: UInt8.self), count: max(0, count))
        }
        let number = unsafe Int(view.loadUnaligned(fromByteOffset: 8, as: Int32.self))
        let offset = unsafe Int(view.loadUnaligned(fromByteOffset: 12, as: Int32.self))
        // The last buffer holds the lengths of those between.
        guard number >= 0, offset >= 0, unsafe number + 3 < bufferCount else {
            throw TableError.otherParts
        }
        let lengths = unsafe try buffer(bufferCount - 1)
        let length = unsafe Int(lengths.loadUnaligned(fromByteOffset: number * 8, as: Int64.self))
        guard offset + count <= length else { throw TableError.otherParts }
        let data = unsafe try buffer(number + 2).assumingMemoryBound(to: UInt8.self)
        return unsafe UnsafeBufferPointer(start: data + offset, count: count)
    }
}

extension TableError {
    fileprivate static var otherParts: TableError {
        TableError(line: nil, "it is damaged (a column has other parts than its type)")
    }
}
