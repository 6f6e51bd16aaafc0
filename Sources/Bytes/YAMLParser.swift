import CYAML

/// How much of a YAML text is accepted.
package struct YAMLLimits: Sendable {
    /// The longest text, in bytes.
    package var maximumBytes = 16 << 20
    /// The deepest nesting.
    package var maximumDepth = 64
    /// The most nodes.
    package var maximumNodes = 1_000_000

    /// The defaults.
    package init() {}
}

/// A YAML text that does not parse or that we do not accept, with its place.
package struct YAMLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, in a few words.
    package let reason: String
    /// The line, from 1.
    package let line: Int
    /// The column, from 1.
    package let column: Int

    /// Makes the error.
    package init(_ reason: String, line: Int, column: Int) {
        self.reason = reason
        self.line = line
        self.column = column
    }

    /// `line 3, column 7: <reason>`.
    package var description: String { "line \(line), column \(column): \(reason)" }
}

/// Parses one YAML document with the system's libyaml; nil for an empty one.
///
/// Anchors, aliases and explicit tags are refused (our files need none, and aliases are how a small
/// text grows without bound), as are a second document, keys that are not scalars and duplicate
/// keys.
package func parseYAML(
    _ bytes: [UInt8], limits: YAMLLimits = YAMLLimits()
) throws(YAMLError) -> YAMLNode? {
    guard bytes.count <= limits.maximumBytes else {
        throw YAMLError("text too long", line: 1, column: 1)
    }
    let parser = YAMLEventParser(bytes: bytes)
    var composer = YAMLComposer(parser: parser, limits: limits)
    return try composer.document()
}

/// What libyaml reports, without its C types.
private enum YAMLEvent {
    case streamStart, streamEnd, documentStart, documentEnd, alias
    case scalar(String, isPlain: Bool, isDecorated: Bool)
    case sequenceStart(isDecorated: Bool)
    case sequenceEnd
    case mappingStart(isDecorated: Bool)
    case mappingEnd
}

/// Owns libyaml's parser and the bytes that it reads.
///
/// `@safe`: the C structs live in memory of this object's own, the input is a copy that lives as
/// long, and every event is deleted after its text was copied.
@safe private final class YAMLEventParser {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(bytes: [UInt8]) {
        unsafe parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        unsafe input = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bytes.count)
        _ = unsafe input.initialize(from: bytes)
        unsafe yaml_parser_initialize(parser)
        unsafe yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, bytes.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    func next() throws(YAMLError) -> (event: YAMLEvent, line: Int, column: Int) {
        var raw = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &raw) == 1 else { throw failure() }
        defer { unsafe yaml_event_delete(&raw) }
        let line = unsafe Int(raw.start_mark.line) + 1
        let column = unsafe Int(raw.start_mark.column) + 1
        guard let event = unsafe convert(raw) else {
            throw YAMLError("unknown YAML construct", line: line, column: column)
        }
        return (event, line, column)
    }

    private func failure() -> YAMLError {
        let mark = unsafe parser.pointee.problem_mark
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) }
        return YAMLError(
            problem ?? "not YAML", line: Int(mark.line) + 1, column: Int(mark.column) + 1)
    }

    private func convert(_ raw: yaml_event_t) -> YAMLEvent? {
        switch unsafe raw.type {
        case YAML_STREAM_START_EVENT: .streamStart
        case YAML_STREAM_END_EVENT: .streamEnd
        case YAML_DOCUMENT_START_EVENT: .documentStart
        case YAML_DOCUMENT_END_EVENT: .documentEnd
        case YAML_ALIAS_EVENT: .alias
        case YAML_SCALAR_EVENT: unsafe convertScalar(raw.data.scalar)
        case YAML_SEQUENCE_START_EVENT:
            unsafe .sequenceStart(
                isDecorated: raw.data.sequence_start.anchor != nil
                    || raw.data.sequence_start.tag != nil)
        case YAML_SEQUENCE_END_EVENT: .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            unsafe .mappingStart(
                isDecorated: raw.data.mapping_start.anchor != nil
                    || raw.data.mapping_start.tag != nil)
        case YAML_MAPPING_END_EVENT: .mappingEnd
        default: nil
        }
    }

    private func convertScalar(
        _ scalar: yaml_event_s.__Unnamed_union_data.__Unnamed_struct_scalar
    ) -> YAMLEvent {
        let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        let text = unsafe String(decoding: bytes, as: UTF8.self)
        return unsafe .scalar(
            text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE,
            isDecorated: scalar.anchor != nil || scalar.tag != nil)
    }
}

/// Makes nodes of events; recursion is bounded by the depth.
private struct YAMLComposer {
    let parser: YAMLEventParser
    let limits: YAMLLimits
    var nodeCount = 0

    init(parser: YAMLEventParser, limits: YAMLLimits) {
        self.parser = parser
        self.limits = limits
    }

    mutating func document() throws(YAMLError) -> YAMLNode? {
        _ = try parser.next()
        guard case .documentStart = try parser.next().event else { return nil }
        let root = try node(try parser.next(), depth: 0)
        _ = try parser.next()
        let end = try parser.next()
        guard case .streamEnd = end.event else {
            throw YAMLError(
                "a second document in one file", line: end.line, column: end.column)
        }
        return root
    }

    private mutating func node(
        _ place: (event: YAMLEvent, line: Int, column: Int), depth: Int
    ) throws(YAMLError) -> YAMLNode {
        func refuse(_ reason: String) -> YAMLError {
            YAMLError(reason, line: place.line, column: place.column)
        }
        nodeCount += 1
        guard nodeCount <= limits.maximumNodes else { throw refuse("too many nodes") }
        guard depth <= limits.maximumDepth else { throw refuse("nested too deeply") }
        switch place.event {
        case .scalar(_, _, isDecorated: true), .sequenceStart(isDecorated: true),
            .mappingStart(isDecorated: true):
            throw refuse("anchors and tags are not supported")
        case .alias: throw refuse("aliases are not supported")
        case .scalar(let text, let isPlain, _):
            return YAMLNode(
                .scalar(text, isPlain: isPlain), line: place.line, column: place.column)
        case .sequenceStart:
            return YAMLNode(
                .sequence(try elements(depth: depth)), line: place.line, column: place.column)
        case .mappingStart:
            return YAMLNode(
                .mapping(try pairs(depth: depth)), line: place.line, column: place.column)
        default: throw refuse("unexpected end")
        }
    }

    private mutating func elements(depth: Int) throws(YAMLError) -> [YAMLNode] {
        var result: [YAMLNode] = []
        while true {
            let place = try parser.next()
            if case .sequenceEnd = place.event { return result }
            result.append(try node(place, depth: depth + 1))
        }
    }

    private mutating func pairs(
        depth: Int
    ) throws(YAMLError) -> [(key: YAMLNode, value: YAMLNode)] {
        var result: [(key: YAMLNode, value: YAMLNode)] = []
        var seen: Set<String> = []
        while true {
            let place = try parser.next()
            if case .mappingEnd = place.event { return result }
            let key = try node(place, depth: depth + 1)
            guard let text = key.text else {
                throw YAMLError("a key must be text", line: key.line, column: key.column)
            }
            guard seen.insert(text).inserted else {
                throw YAMLError("duplicate key '\(text)'", line: key.line, column: key.column)
            }
            result.append((key, try node(try parser.next(), depth: depth + 1)))
        }
    }
}
