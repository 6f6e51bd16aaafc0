package import Bytes

/// What a command did, both for people and for programs: it is printed by the frame, never by the
/// command itself.
package struct Report {
    /// Lines for people.
    package var lines: [String]
    /// The same for programs, under `--json`.
    package var json: JSONStream
    /// What the process ends with.
    package var status: ExitStatus

    /// A report; see the properties.
    package init(lines: [String], json: JSONValue, status: ExitStatus = .done) {
        self.init(lines: lines, stream: .value(json), status: status)
    }

    /// A report whose JSON is too large to be held.
    package init(lines: [String], stream json: JSONStream, status: ExitStatus = .done) {
        self.lines = lines
        self.json = json
        self.status = status
    }
}
