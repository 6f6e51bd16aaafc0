/// Which numbers of a frame stand together: those whose bases have the highest byte, rotated, in
/// the same range. Within a group they keep their order.
///
/// Invariants: `lastKeys` rises; `starts` has one element more, rises from 0, and ends at or below
/// the count of numbers.
struct PlaneGroups {
    /// For each group but the last, the highest key that belongs to it.
    let lastKeys: [UInt8]
    /// Where each group starts, in numbers.
    let starts: [Int]

    /// A group has at least this many numbers, so that its codes cost little beside it.
    private static let minimumCount = 8 << 10

    /// All `count` numbers in one group.
    static func one(_ count: Int) -> PlaneGroups { PlaneGroups(lastKeys: [], starts: [0]) }

    private init(lastKeys: [UInt8], starts: [Int]) {
        self.lastKeys = lastKeys
        self.starts = starts
    }

    /// The groups an encoder makes for `count` numbers of `width` bytes with this base.
    init(of base: UnsafeRawBufferPointer, width: Int, count: Int) {
        let keys = unsafe PlaneGroups.countKeys(base, width, count)
        let least = max(PlaneGroups.minimumCount, count / FloatPlanes.maximumGroups + 1)
        var lastKeys: [UInt8] = []
        var size = 0
        var left = count
        for key in 0..<255 {
            size += keys[key]
            left -= keys[key]
            if size >= least, left >= least {
                lastKeys.append(UInt8(key))
                size = 0
            }
        }
        self.init(lastKeys: lastKeys, keys: keys)
    }

    /// The groups that a frame states.
    init(of base: UnsafeRawBufferPointer, width: Int, count: Int, lastKeys: [UInt8]) {
        self.init(lastKeys: lastKeys, keys: unsafe PlaneGroups.countKeys(base, width, count))
    }

    private init(lastKeys: [UInt8], keys: [Int]) {
        self.lastKeys = lastKeys
        var starts = [0]
        var sum = 0
        var key = 0
        for last in lastKeys {
            while key <= Int(last) {
                sum += keys[key]
                key += 1
            }
            starts.append(sum)
        }
        self.starts = starts
    }

    /// The numbers of each group.
    func ranges(_ count: Int) -> [Range<Int>] {
        starts.indices.map { starts[$0]..<($0 + 1 < starts.count ? starts[$0 + 1] : count) }
    }

    /// Where the next number of each key's group goes.
    private func groupOfKey() -> [UInt8] {
        var groups: [UInt8] = []
        groups.reserveCapacity(256)
        for key in 0..<256 {
            let group = groups.last ?? 0
            let next =
                key > 0 && Int(group) < lastKeys.count && Int(lastKeys[Int(group)]) < key
            groups.append(next ? group + 1 : group)
        }
        return groups
    }

    // MARK: - Moving

    private static func countKeys(
        _ base: UnsafeRawBufferPointer, _ width: Int, _ count: Int
    ) -> [Int] {
        precondition(base.count >= width * count)
        guard let from = base.baseAddress else { return [Int](repeating: 0, count: 256) }
        // Unsafe: `count` numbers are within the buffer, as was checked.
        return switch width {
        case 2: unsafe histogram(UInt16.self, from, count)
        case 4: unsafe histogram(UInt32.self, from, count)
        default: unsafe histogram(UInt64.self, from, count)
        }
    }

    /// Puts the bytes of the folded differences between `plain` and `base` into `planes`, plane by
    /// plane, in each the groups behind each other.
    func split(
        _ plain: UnsafeRawBufferPointer, _ base: UnsafeRawBufferPointer, _ width: Int,
        into planes: UnsafeMutableRawBufferPointer
    ) {
        let count = planes.count / width
        precondition(plain.count >= width * count && base.count >= width * count)
        guard let from = plain.baseAddress, let old = base.baseAddress,
            let to = planes.baseAddress
        else { return }
        let places = (groupOfKey(), starts)
        // Unsafe: `count` numbers are within the buffers; each is counted in its group's size.
        switch width {
        case 2: unsafe difference(UInt16.self, from, old, count, places, to)
        case 4: unsafe difference(UInt32.self, from, old, count, places, to)
        default: unsafe difference(UInt64.self, from, old, count, places, to)
        }
    }

    /// The inverse of `split`.
    func join(
        _ planes: UnsafeMutableRawBufferPointer, _ base: UnsafeRawBufferPointer, _ width: Int,
        into plain: UnsafeMutableRawBufferPointer
    ) {
        let count = planes.count / width
        precondition(plain.count >= width * count && base.count >= width * count)
        guard let from = planes.baseAddress, let old = base.baseAddress,
            let to = plain.baseAddress
        else { return }
        let places = (groupOfKey(), starts)
        // Unsafe: as in `split`.
        switch width {
        case 2: unsafe sum(UInt16.self, from, old, count, places, to)
        case 4: unsafe sum(UInt32.self, from, old, count, places, to)
        default: unsafe sum(UInt64.self, from, old, count, places, to)
        }
    }
}

/// How often each highest byte of the rotated numbers occurs. Two tables, so that equal
/// neighbours do not wait for each other.
@inline(__always)
private func histogram<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _: Word.Type, _ base: UnsafeRawPointer, _ count: Int
) -> [Int] {
    let width = MemoryLayout<Word>.size
    var table = [Int](repeating: 0, count: 512)
    // Unsafe: a key is below 256.
    unsafe table.withUnsafeMutableBufferPointer { table in
        for index in 0..<count {
            let word = unsafe base.loadUnaligned(fromByteOffset: index &* width, as: Word.self)
            let key = Int(Word(littleEndian: word).rotatedUp.highestByte)
            unsafe table[key &+ (index & 1) &* 256] &+= 1
        }
    }
    return (0..<256).map { table[$0] + table[256 + $0] }
}

@inline(__always)
private func difference<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _: Word.Type, _ plain: UnsafeRawPointer, _ base: UnsafeRawPointer, _ count: Int,
    _ places: (group: [UInt8], starts: [Int]), _ planes: UnsafeMutableRawPointer
) {
    let width = MemoryLayout<Word>.size
    var next = places.starts
    // Unsafe: groups are indices of `next`; a place is below `count`, see `split`.
    unsafe places.group.withUnsafeBufferPointer { group in
        unsafe next.withUnsafeMutableBufferPointer { next in
            for index in 0..<count {
                let offset = index &* width
                let new = unsafe Word(
                    littleEndian: plain.loadUnaligned(fromByteOffset: offset, as: Word.self))
                let old = unsafe Word(
                    littleEndian: base.loadUnaligned(fromByteOffset: offset, as: Word.self)
                ).rotatedUp
                let step = new.rotatedUp &- old
                let sign: Word = step &>> Word(Word.bitWidth &- 1) == 0 ? 0 : .max
                let folded = (step &<< 1) ^ sign
                let place = unsafe Int(group[Int(old.highestByte)])
                let target = unsafe next[place]
                unsafe next[place] = target &+ 1
                for plane in 0..<width {
                    let shift = Word(truncatingIfNeeded: 8 &* plane)
                    unsafe planes.storeBytes(
                        of: UInt8(truncatingIfNeeded: folded &>> shift),
                        toByteOffset: plane &* count &+ target, as: UInt8.self)
                }
            }
        }
    }
}

@inline(__always)
private func sum<Word: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _: Word.Type, _ planes: UnsafeRawPointer, _ base: UnsafeRawPointer, _ count: Int,
    _ places: (group: [UInt8], starts: [Int]), _ plain: UnsafeMutableRawPointer
) {
    let width = MemoryLayout<Word>.size
    var next = places.starts
    // Unsafe: as in `difference`.
    unsafe places.group.withUnsafeBufferPointer { group in
        unsafe next.withUnsafeMutableBufferPointer { next in
            for index in 0..<count {
                let offset = index &* width
                let old = unsafe Word(
                    littleEndian: base.loadUnaligned(fromByteOffset: offset, as: Word.self)
                ).rotatedUp
                let place = unsafe Int(group[Int(old.highestByte)])
                let source = unsafe next[place]
                unsafe next[place] = source &+ 1
                var folded: Word = 0
                for plane in 0..<width {
                    let byte = unsafe planes.load(
                        fromByteOffset: plane &* count &+ source, as: UInt8.self)
                    folded |=
                        Word(truncatingIfNeeded: byte) &<< Word(truncatingIfNeeded: 8 &* plane)
                }
                let sign: Word = folded & 1 == 0 ? 0 : .max
                let new = (old &+ ((folded &>> 1) ^ sign)).rotatedDown
                unsafe plain.storeBytes(
                    of: new.littleEndian, toByteOffset: offset, as: Word.self)
            }
        }
    }
}
