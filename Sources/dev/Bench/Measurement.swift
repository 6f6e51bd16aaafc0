import Platform
import Vocabulary

/// One run of a program: how long it took and how much private memory it held at most.
struct Measurement {
    let seconds: Double
    let peakBytes: Int
}

/// Runs `arguments` in a process that does nothing else, so that the peak is that program's own.
func measure(_ arguments: [String], in directory: DiskPath) throws -> Measurement {
    let own = try Environment.executablePath()
    let printed = try output(of: ["\(own)", "measure", "--"] + arguments, in: directory)
    let words = printed.split(separator: "\n").last?.split(separator: " ") ?? []
    guard words.count == 2, let nanoseconds = Int(words[0]), let peak = Int(words[1]) else {
        throw StoreError(.internalFault, "cannot measure '\(arguments.joined(separator: " "))'")
    }
    return Measurement(seconds: Double(nanoseconds) / 1e9, peakBytes: peak)
}

/// The middle one, or the lower of the two in the middle.
func median(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.sorted()[(values.count - 1) / 2]
}

func secondsText(_ value: Double) -> String {
    value < 1 ? "\(shortText(value * 1_000)) ms" : "\(shortText(value)) s"
}

/// A number with three digits or so: `0.0123`, `1.23`, `456`.
func shortText(_ value: Double) -> String {
    let digits = value >= 100 ? 0 : value >= 1 ? 2 : 4
    var scale = 1.0
    for _ in 0..<digits { scale *= 10 }
    let scaled = Int((value.magnitude * scale).rounded())
    let sign = value < 0 ? "-" : ""
    guard digits > 0 else { return "\(sign)\(scaled)" }
    let fraction = String(scaled % Int(scale))
    let zeros = String(repeating: "0", count: digits - fraction.count)
    return "\(sign)\(scaled / Int(scale)).\(zeros)\(fraction)"
}
