import Kernels
import Platform
import Vocabulary

/// A table of flights in CSV: rows of about 130 bytes with numbers, times, names, identifiers and
/// missing values. Any row of any version follows from the seed and the row's number alone.
struct FlightTable {
    private let base: RandomSource
    private let seed: UInt64

    init(seed: UInt64) {
        self.seed = seed
        base = RandomSource(seed: seed, purpose: "flights")
    }

    /// Writes a table of at least `sizeBytes`. Each version after the first rewrites some cells of
    /// `changed` of the rows (a fraction), chosen at random in runs of `run` neighbours; earlier
    /// versions' changes stay. With `inPlace` only cells of fixed width are rewritten, so that no row
    /// moves.
    func write(
        to path: DiskPath, sizeBytes: Int, version: Int = 0, changed: Double = 0, run: Int = 1,
        inPlace: Bool = false
    ) throws {
        var out = try BufferedOutput(path)
        try out.append { $0.append(text: FlightTable.header) }
        let limit = UInt32(changed * 0x1p32)
        let edits = (0..<version).map {
            RandomSource(seed: seed, purpose: "edits", substream: UInt64($0))
        }
        var number = 0
        while out.count < sizeBytes {
            let row = UInt64(number)
            let last = edits.last { $0.words(at: row / UInt64(run)).x < limit }
            let edited = last?.words(at: row)
            try out.append {
                append(
                    row: number, edited: inPlace ? nil : edited, moved: inPlace ? edited : nil,
                    to: &$0)
            }
            number += 1
        }
        try out.close()
    }

    private static let header: StaticString =
        """
        id,departed,carrier,flight,tail,origin,destination,delay,arrival_delay,distance,fare,\
        latitude,longitude,status,customer,note

        """
    private static let carriers: [StaticString] = [
        "UA", "AA", "B6", "DL", "EV", "MQ", "US", "WN", "VX", "FL",
    ]
    private static let airports: [StaticString] = [
        "EWR", "LGA", "JFK", "ORD", "ATL", "LAX", "MIA", "BOS", "SFO", "CLT", "DEN", "SEA",
    ]
    private static let statuses: [StaticString] = ["landed", "delayed", "diverted", "scheduled"]
    private static let words: [StaticString] = [
        "late", "crew", "weather", "gate", "change", "bag", "early", "none", "fuel", "snow",
    ]

    private func append(
        row: Int, edited: SIMD4<UInt32>?, moved: SIMD4<UInt32>?, to out: inout [UInt8]
    ) {
        let a = base.words(at: UInt64(row) * 3)
        let b = base.words(at: UInt64(row) * 3 + 1)
        let c = base.words(at: UInt64(row) * 3 + 2)
        out.append(decimal: row + 1)
        out.append(text: ",2013-")
        out.append(decimal: 1 + row / 700_000 % 12, width: 2)
        out.append(0x2d)
        out.append(decimal: 1 + row / 25_000 % 28, width: 2)
        out.append(0x54)
        out.append(decimal: row / 1_041 % 24, width: 2)
        out.append(0x3a)
        out.append(decimal: row / 17 % 60, width: 2)
        out.append(0x3a)
        out.append(decimal: Int(a.x % 60), width: 2)
        out.append(text: "Z,")
        out.append(text: FlightTable.carriers[Int(a.y % 10)])
        out.append(0x2c)
        out.append(decimal: 1 + Int(a.z % 6_000))
        out.append(text: ",N")
        out.append(decimal: 100 + Int(a.w % 899))
        out.append(text: FlightTable.carriers[Int(a.y % 10)])
        out.append(0x2c)
        out.append(text: FlightTable.airports[Int(b.x % 3)])
        out.append(0x2c)
        out.append(text: FlightTable.airports[3 + Int(b.x >> 8 % 9)])
        out.append(0x2c)
        appendMeasures(b, c, edited, moved, to: &out)
    }

    private func appendMeasures(
        _ b: SIMD4<UInt32>, _ c: SIMD4<UInt32>, _ edited: SIMD4<UInt32>?,
        _ moved: SIMD4<UInt32>?, to out: inout [UInt8]
    ) {
        let delays = edited?.y ?? b.y
        if delays % 100 < 3 {
            out.append(text: "NA,NA,")
        } else {
            out.append(decimal: Int(delays >> 8 % 200) - 30)
            out.append(0x2c)
            out.append(decimal: Int(delays >> 16 % 250) - 60)
            out.append(0x2c)
        }
        out.append(decimal: 90 + Int(b.z % 4_900))
        out.append(0x2c)
        let fare = edited?.z ?? b.w
        out.append(decimal: 40 + Int(fare % 900))
        out.append(0x2e)
        out.append(decimal: Int(fare >> 16 % 100), width: 2)
        out.append(0x2c)
        out.append(decimal: 25 + Int(c.x % 24))
        out.append(0x2e)
        out.append(decimal: Int((moved ?? c).x >> 8 % 1_000_000), width: 6)
        out.append(text: ",-")
        out.append(decimal: 70 + Int(c.y % 53))
        out.append(0x2e)
        out.append(decimal: Int((moved ?? c).y >> 8 % 1_000_000), width: 6)
        out.append(0x2c)
        out.append(text: FlightTable.statuses[Int((edited?.w ?? c.z) % 4)])
        out.append(text: ",c")
        out.append(decimal: Int(c.z >> 4 % 5_000_000), width: 7)
        out.append(0x2c)
        for shift in [UInt32(0), 8, 16] {
            if shift > 0 { out.append(0x20) }
            out.append(text: FlightTable.words[Int(c.w >> shift % 10)])
        }
        out.append(0x0a)
    }
}
