package import Vocabulary

/// The names in a directory, sorted, with what each stands for: two large arrays instead of an
/// object for each name, so that a million names cost some thirty bytes each.
package struct DirectoryNames: Sendable {
    /// All names with what stands between them; see `range`.
    package let bytes: [UInt8]
    private var places: [Place]

    /// Where one name is. The head are its first bytes behind those that all names share, as a
    /// number that sorts as they do: it tells most names apart.
    private struct Place: Sendable {
        var head: UInt64
        let start: UInt32
        let length: UInt16
        let kind: FileKind
    }

    /// Names as `mlp_list_names` gives them: a byte for the kind, the name and a zero for each.
    init(records: [UInt8], count: Int) throws {
        guard records.count <= Int(UInt32.max) else { throw DirectoryNames.tooMany }
        var places: [Place] = []
        places.reserveCapacity(count)
        unsafe records.withUnsafeBufferPointer { records in
            var offset = 0
            for _ in 0..<count {
                let start = offset + 1
                offset = start
                // Every name ends with a zero, and no name holds one.
                while unsafe records[offset] != 0 { offset += 1 }
                places.append(
                    Place(
                        head: 0, start: UInt32(start), length: UInt16(offset - start),
                        kind: FileKind(rawValue: unsafe records[start - 1]) ?? .unknown))
                offset += 1
            }
            unsafe DirectoryNames.sort(&places, in: records)
        }
        bytes = records
        self.places = places
    }

    /// Sorts names that come one by one.
    package init(_ entries: [DirectoryEntry]) throws {
        var records: [UInt8] = []
        for entry in entries {
            guard entry.name.count <= Int(UInt16.max) else { throw DirectoryNames.tooMany }
            records.append(entry.kind.rawValue)
            records += entry.name
            records.append(0)
        }
        try self.init(records: records, count: entries.count)
    }

    private static var tooMany: StoreError {
        StoreError(.unsupportedFile, "a directory has more than 4 GiB of names")
    }

    /// How many there are.
    package var count: Int { places.count }

    /// Positions in the order of names.
    package var indices: Range<Int> { places.indices }

    /// Where in `bytes` the name at a position is; a zero follows it there.
    package func range(_ index: Int) -> Range<Int> {
        let start = Int(places[index].start)
        return start..<(start + Int(places[index].length))
    }

    /// What the directory says that the name at a position stands for.
    package func kind(_ index: Int) -> FileKind { places[index].kind }

    /// The name at a position, copied.
    package func name(_ index: Int) -> [UInt8] { Array(bytes[range(index)]) }

    /// These names without those that `isWanted` refuses.
    package func filter(_ isWanted: (Int) throws -> Bool) rethrows -> DirectoryNames {
        var kept = self
        kept.places = []
        for index in indices where try isWanted(index) { kept.places.append(places[index]) }
        return kept.count == count ? self : kept
    }

    // MARK: - Sorting

    private static func sort(
        _ places: inout [Place], in records: UnsafeBufferPointer<UInt8>
    ) {
        let shared = unsafe sharedLength(of: places, in: records)
        for index in places.indices {
            unsafe places[index].head = head(of: places[index], behind: shared, in: records)
        }
        places.sort { left, right in
            left.head == right.head
                ? unsafe precedes(left, right, in: records) : left.head < right.head
        }
    }

    private static func sharedLength(
        of places: [Place], in records: UnsafeBufferPointer<UInt8>
    ) -> Int {
        guard let first = places.first else { return 0 }
        var shared = Int(first.length)
        for place in places {
            shared = min(shared, Int(place.length))
            var offset = 0
            while offset < shared,
                unsafe records[Int(first.start) + offset] == records[Int(place.start) + offset]
            {
                offset += 1
            }
            shared = offset
        }
        return shared
    }

    private static func head(
        of place: Place, behind shared: Int, in records: UnsafeBufferPointer<UInt8>
    ) -> UInt64 {
        var head: UInt64 = 0
        for offset in shared..<(shared + 8) {
            let byte = offset < place.length ? unsafe records[Int(place.start) + offset] : 0
            head = head << 8 | UInt64(byte)
        }
        return head
    }

    private static func precedes(
        _ left: Place, _ right: Place, in records: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        for offset in 0..<Int(min(left.length, right.length)) {
            let a = unsafe records[Int(left.start) + offset]
            let b = unsafe records[Int(right.start) + offset]
            if a != b { return a < b }
        }
        return left.length < right.length
    }
}

extension Disk {
    /// The names in a directory, sorted; see the requirement.
    package func names(of directory: DiskPath) throws -> DirectoryNames {
        try DirectoryNames(try entries(of: directory))
    }

    /// The statuses of some names; see the requirement.
    package func statuses(
        of names: DirectoryNames, _ range: Range<Int>, in directory: DiskPath
    ) throws -> [FileStatus?] {
        try range.map { try status(of: directory.appending(names.name($0)), followingLinks: false) }
    }
}
