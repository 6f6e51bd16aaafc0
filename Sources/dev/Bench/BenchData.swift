import Platform
import Vocabulary

/// Deterministic data for workloads: the same seed gives the same bytes on every machine.
struct BenchData {
    private var state: UInt64
    private let disk = LocalDisk()

    init(seed: UInt64) { state = seed }

    /// SplitMix64: enough for test data, and one line to port.
    private mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    private mutating func below(_ limit: UInt64) -> Int { Int(next() % limit) }

    /// One flight: about 90 bytes.
    private mutating func row(_ number: Int) -> String {
        let carriers = ["UA", "AA", "B6", "DL", "EV", "MQ", "US", "WN", "VX", "FL"]
        let airports = ["EWR", "LGA", "JFK", "ORD", "ATL", "LAX", "MIA", "BOS", "SFO", "CLT"]
        let hour = 5 + below(19)
        let minute = below(60)
        let delay = below(100) < 3 ? "NA" : "\(below(200) - 30)"
        let carrier = carriers[below(10)]
        let tail = "N\(100 + below(899))\(carrier)"
        let route = "\(airports[below(3)]),\(airports[3 + below(7)])"
        let day = 1 + number / 900 % 28
        return "2013,\(1 + number / 27_000 % 12),\(day),\(hour * 100 + minute),\(delay),"
            + "\(carrier),\(1 + below(6_000)),\(tail),\(route),\(40 + below(600)),"
            + "\(90 + below(4_900)),\(hour),\(minute),\(number)\n"
    }

    static let header =
        "year,month,day,dep_time,dep_delay,carrier,flight,tailnum,origin,dest,air_time,"
        + "distance,hour,minute,id\n"

    /// A table of `sizeBytes` or a row more. Of `changedRows` in a thousand the delay is another
    /// than in the table of the same seed without changes.
    mutating func writeTable(
        to path: DiskPath, sizeBytes: Int, changedInThousand: Int = 0
    ) throws {
        let file = try disk.openFile(path, .createOrOpen(permissions: 0o644))
        try file.truncate(to: 0)
        var buffer = Array(BenchData.header.utf8)
        var written = 0
        var number = 0
        var changes = BenchData(seed: 99)
        while written + buffer.count < sizeBytes {
            var row = row(number)
            if changes.below(1_000) < changedInThousand { row = changed(row) }
            buffer += row.utf8
            number += 1
            if buffer.count >= 4 << 20 {
                try file.write(buffer, at: written)
                written += buffer.count
                buffer.removeAll(keepingCapacity: true)
            }
        }
        try file.write(buffer, at: written)
        try file.close()
    }

    private func changed(_ row: String) -> String {
        var fields = row.split(separator: ",").map(String.init)
        fields[4] = fields[4] == "777" ? "778" : "777"
        return fields.joined(separator: ",")
    }

    /// `count` files of `sizeBytes` random bytes, a thousand in a folder.
    mutating func writeFiles(below folder: DiskPath, count: Int, sizeBytes: Int) throws {
        for index in 0..<count {
            let directory = folder / "d\(index / 1_000)"
            if index.isMultiple(of: 1_000) { try disk.makeDirectories(directory) }
            var bytes: [UInt8] = []
            bytes.reserveCapacity(sizeBytes)
            while bytes.count < sizeBytes {
                let word = next()
                for shift in stride(from: 0, to: 64, by: 8) {
                    bytes.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
                }
            }
            let file = try disk.openFile(
                directory / "f\(index).bin", .createNew(permissions: 0o644))
            try file.write(bytes, at: 0)
            try file.close()
        }
    }
}
