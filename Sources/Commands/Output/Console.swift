import Bytes
import Platform
import Vocabulary

/// The two streams: results go to standard output, everything else to standard error.
struct Console: Sendable {
    let isJSON: Bool
    let isQuiet: Bool
    let progress: ProgressLine

    init(isJSON: Bool, isQuiet: Bool) {
        self.isJSON = isJSON
        self.isQuiet = isQuiet
        progress = ProgressLine(isShown: !isJSON && !isQuiet && Environment.isTerminal(2))
    }

    /// Ink for standard output.
    var ink: Ink { Console.ink(forDescriptor: 1) }

    /// Colour only on a terminal, and never where NO_COLOR is set (no-color.org) or the terminal
    /// says that it is dumb.
    static func ink(forDescriptor descriptor: Int32) -> Ink {
        let isRefused = Environment.variable("NO_COLOR") != nil
        let isDumb = Environment.variable("TERM") == "dumb"
        return Ink(isColoured: !isRefused && !isDumb && Environment.isTerminal(descriptor))
    }

    /// Prints what a command did.
    func print(_ report: Report) throws {
        progress.finish()
        if isJSON {
            try report.json.writePretty(to: Console.write)
            try Console.write([UInt8(ascii: "\n")])
        } else if !isQuiet, !report.lines.isEmpty {
            try Console.writeLines(report.lines)
        }
    }

    /// Prints one line of a long command while it runs; nothing under `--json` and `--quiet`.
    func printLine(_ line: String) throws {
        guard !isJSON, !isQuiet else { return }
        progress.finish()
        try Console.writeOutput(line)
    }

    /// A remark on standard error.
    func note(_ line: String) {
        guard !isJSON, !isQuiet else { return }
        progress.finish()
        Console.writeError([line])
    }

    /// Tells a failure, and returns the status to end with.
    static func tell(_ error: StoreError, asJSON isJSON: Bool) -> ExitStatus {
        let width = min(100, Environment.terminalColumns(2) ?? 100)
        let printer = ErrorPrinter(ink: ink(forDescriptor: 2), width: width)
        writeError(isJSON ? [printer.json(for: error).pretty] : printer.lines(for: error))
        return ExitStatus(of: error.kind)
    }

    /// `text` and a line end on standard output.
    static func writeOutput(_ text: String) throws {
        let line = text.hasSuffix("\n") ? text : text + "\n"
        try write(Array(line.utf8))
    }

    /// Each line with a line end, and the last one with no second one: some of them at a time.
    private static func writeLines(_ lines: [String]) throws {
        var text: [UInt8] = []
        for line in lines.dropLast() {
            text += line.utf8
            text.append(UInt8(ascii: "\n"))
            guard text.count >= 64 << 10 else { continue }
            try write(text)
            text = []
        }
        text += (lines.last ?? "").utf8
        if text.last != UInt8(ascii: "\n") || lines.last?.isEmpty ?? true {
            text.append(UInt8(ascii: "\n"))
        }
        try write(text)
    }

    private static func write(_ bytes: [UInt8]) throws {
        guard try Environment.writeStandardOutput(bytes) else { throw ReaderWentAway() }
    }

    /// `lines` on standard error.
    static func writeError(_ lines: [String]) {
        Environment.writeStandardError(Array((lines.joined(separator: "\n") + "\n").utf8))
    }
}

/// Nobody reads standard output any more: the process ends quietly, as by SIGPIPE.
struct ReaderWentAway: Error {}
