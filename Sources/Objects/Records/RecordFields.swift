package import Bytes
package import Vocabulary

/// The fields of a typed record, read with checks: a record is a JSON object with a `type` and a
/// `version`; see docs/format/records.md.
///
/// Fields that a reader does not know are left alone, so that a record may gain some without a
/// new version. A missing or wrong field is `.malformed`, a higher version `.newerFormat`.
package struct RecordFields: Sendable {
    private let type: String
    private let fields: [String: JSONValue]

    /// The fields of `record`, which must be of this type and of a version up to `newest`.
    package init(_ record: JSONValue, type: String, newest: Int64 = 1) throws(StoreError) {
        guard case .object(let fields) = record, let found = fields["type"]?.stringValue else {
            throw StoreError(.malformed, "the record has no type, where a \(type) is expected")
        }
        guard found == type else {
            throw StoreError(
                .malformed, "the record is a '\(found)', where a \(type) is expected",
                subject: found)
        }
        guard let version = fields["version"]?.integerValue, version >= 1 else {
            throw StoreError(.malformed, "the \(type) record has no version")
        }
        guard version <= newest else {
            throw StoreError(
                .newerFormat,
                "the \(type) record has version \(version), of a newer mlstore than this",
                advice: "install a newer mlstore")
        }
        self.type = type
        self.fields = fields
    }

    /// The record of this type made of `fields`: `init`, the other way round.
    package static func record(
        type: String, version: Int64 = 1, _ fields: [String: JSONValue]
    ) -> JSONValue {
        var all = fields
        all["type"] = .string(type)
        all["version"] = .integer(version)
        return .object(all)
    }

    /// The value of a field, nil where it is missing or null.
    package subscript(key: String) -> JSONValue? {
        guard let value = fields[key], !value.isNull else { return nil }
        return value
    }

    /// A text field.
    package func string(_ key: String) throws(StoreError) -> String {
        try require(key, "a text", self[key]?.stringValue)
    }

    /// An integer field.
    package func integer(_ key: String) throws(StoreError) -> Int64 {
        try require(key, "an integer", self[key]?.integerValue)
    }

    /// A field that holds an id.
    package func id<ID: ObjectID>(_ key: String, as: ID.Type = ID.self) throws(StoreError) -> ID {
        try require(key, "an id", self[key]?.stringValue.flatMap { ID(text: $0) })
    }

    /// A field that holds a list of ids.
    package func ids<ID: ObjectID>(
        _ key: String, as: ID.Type = ID.self
    ) throws(StoreError) -> [ID] {
        let values = try require(key, "a list of ids", self[key]?.arrayValue)
        let ids = values.compactMap { $0.stringValue.flatMap { ID(text: $0) } }
        return try require(key, "a list of ids", ids.count == values.count ? ids : nil)
    }

    /// A field that holds a moment.
    package func time(_ key: String) throws(StoreError) -> Timestamp {
        try require(key, "a time", self[key]?.stringValue.flatMap { Timestamp($0) })
    }

    private func require<Value>(
        _ key: String, _ what: String, _ value: Value?
    ) throws(StoreError) -> Value {
        guard let value else {
            throw StoreError(
                .malformed, "the \(type) record's field '\(key)' is not \(what)", subject: key)
        }
        return value
    }
}
