import Bytes
import Kernels
import Platform
import Vocabulary

/// A table of doubles for trainers: the columns one after the other, the target last, as
/// `numpy.fromfile` reads it.
struct NumberTable {
    private let values: [Double]
    private let rows: Int

    /// Reads a table of that size.
    init(_ path: DiskPath, rows: Int, columns: Int) throws {
        let bytes = try LocalDisk().readFile(path, maximumBytes: rows * columns * 8)
        guard bytes.count == rows * columns * 8 else {
            throw StoreError(.malformed, "'\(path)' is not a table of that size")
        }
        // Unsafe: the array's own bytes, which nothing else sees.
        values = unsafe bytes.withUnsafeBytes { bytes in
            (0..<(rows * columns)).map { index in
                unsafe Double(
                    bitPattern: UInt64(
                        littleEndian: bytes.loadUnaligned(
                            fromByteOffset: index * 8, as: UInt64.self)))
            }
        }
        self.rows = rows
    }

    func column(_ index: Int) -> ArraySlice<Double> {
        values[(index * rows)..<((index + 1) * rows)]
    }

    /// Writes a table of normal columns, seven of which the target depends on: four linearly, two
    /// of these by their product too, three by curves; with a normal error of variance 1.
    static func write(to path: DiskPath, rows: Int, columns: Int, seed: UInt64) throws {
        precondition(columns >= 7)
        var out = try BufferedOutput(path)
        var target = [Double](repeating: 0, count: rows)
        let sources = (0...columns).map {
            RandomSource(seed: seed, purpose: "bench columns", substream: UInt64($0))
        }
        for (index, source) in sources.dropLast().enumerated() {
            let values = (0..<rows).map { source.normal(at: UInt64($0)) }
            for row in 0..<rows {
                let x = values[row]
                switch index {
                case 0: target[row] += x
                case 1: target[row] += x + 0.5 * x * sources[2].normal(at: UInt64(row))
                case 2: target[row] += x
                case 3: target[row] += x > 0 ? 1 - x : x + 0.5
                case 4: target[row] += 0.5 * x * x
                case 5: target[row] -= 0.5 * x.magnitude
                case 6: target[row] += 0.3 * x
                default: break
                }
            }
            try out.append(doubles: values)
        }
        for row in 0..<rows { target[row] += sources[columns].normal(at: UInt64(row)) - 0.1 }
        try out.append(doubles: target)
        try out.close()
    }
}

extension BufferedOutput {
    fileprivate mutating func append(doubles: [Double]) throws {
        for value in doubles {
            try append { bytes in
                for shift in stride(from: 0, to: 64, by: 8) {
                    bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(shift)))
                }
            }
        }
    }
}
