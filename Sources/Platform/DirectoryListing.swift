package import Vocabulary

/// What is in a directory, sorted by name, with the status of each thing: a few large arrays
/// instead of an object for each name, so that a million names cost what a million bytes cost.
package struct DirectoryListing: Sendable {
    /// All names, one behind the other; see `nameRange`.
    package let names: [UInt8]
    private let places: [Place]

    /// Where one entry's name is, and what the file system says about it.
    struct Place: Sendable {
        let start: Int
        let length: Int
        let status: FileStatus
    }

    /// Sorts the entries, whose names are parts of `names`.
    init(names: [UInt8], unsorted: [Place]) {
        self.names = names
        // Most names differ in their first eight bytes, and a word is compared faster than they are.
        var order = unsorted.indices.map { index in
            (head: DirectoryListing.head(of: unsorted[index], in: names), index: index)
        }
        order.sort { left, right in
            left.head == right.head
                ? DirectoryListing.precedes(unsorted[left.index], unsorted[right.index], in: names)
                : left.head < right.head
        }
        places = order.map { unsorted[$0.index] }
    }

    /// Sorts entries that come one by one.
    package init(_ entries: [(name: [UInt8], status: FileStatus)]) {
        var names: [UInt8] = []
        var places: [Place] = []
        for (name, status) in entries {
            places.append(Place(start: names.count, length: name.count, status: status))
            names += name
        }
        self.init(names: names, unsorted: places)
    }

    /// How many there are.
    package var count: Int { places.count }

    /// Positions in the order of names.
    package var indices: Range<Int> { places.indices }

    /// The status of the entry at a position.
    package func status(_ index: Int) -> FileStatus { places[index].status }

    /// Where in `names` the name at a position is.
    package func nameRange(_ index: Int) -> Range<Int> {
        places[index].start..<(places[index].start + places[index].length)
    }

    /// The name at a position, copied.
    package func name(_ index: Int) -> [UInt8] { Array(names[nameRange(index)]) }

    /// The first eight bytes as a number that sorts as they do. No name holds a zero byte.
    private static func head(of place: Place, in names: [UInt8]) -> UInt64 {
        var head: UInt64 = 0
        for offset in 0..<8 {
            let byte = offset < place.length ? names[place.start + offset] : 0
            head = head << 8 | UInt64(byte)
        }
        return head
    }

    private static func precedes(_ left: Place, _ right: Place, in names: [UInt8]) -> Bool {
        for offset in 0..<min(left.length, right.length) {
            let a = names[left.start + offset]
            let b = names[right.start + offset]
            if a != b { return a < b }
        }
        return left.length < right.length
    }
}

extension Disk {
    /// The names in a directory with the status of each, sorted; see `entriesWithStatus`.
    package func listing(of directory: DiskPath) throws -> DirectoryListing {
        DirectoryListing(try entriesWithStatus(of: directory))
    }
}
