import Bytes
import Vocabulary

extension Tolerance {
    /// For records.
    var json: JSONValue { ["absolute": .number(absolute), "relative": .number(relative)] }

    /// What stands under the key `tolerance` of an output: a number, which is absolute, or
    /// `{absolute: 1e-9, relative: 1e-6}`.
    init(_ node: YAMLNode, _ owner: String, in source: StageSource) throws {
        func number(_ node: YAMLNode?, below limit: Double = .infinity) throws -> Double {
            guard let node else { return 0 }
            guard let value = node.jsonValue.numberValue, value >= 0, value < limit else {
                throw source.failure(
                    node.line,
                    "'tolerance' of \(owner) is no number of at least 0, or its share is not below 1",
                    advice: "write 'tolerance: {absolute: 1e-9, relative: 1e-6}'")
            }
            return value
        }
        guard node.mapping != nil else {
            self.init(absolute: try number(node))
            return
        }
        let fields = try StageFields(
            node, owner: "'tolerance' of \(owner)", known: ["absolute", "relative"], in: source)
        self.init(
            absolute: try number(fields["absolute"]),
            relative: try number(fields["relative"], below: 1))
    }
}
