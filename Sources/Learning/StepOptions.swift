internal import Bytes
internal import Vocabulary

/// The mapping under a step's name (or under one of its keys), read key by key. Every failure names
/// the step and the key.
struct StepOptions {
    /// `train`, or `train.params`: for messages.
    let place: String
    private let members: [String: JSONValue]

    /// The options in `value`, none of whose keys is unknown.
    init(step place: String, _ value: JSONValue, known: [String]) throws {
        guard let members = value.objectValue else {
            throw StoreError.optionsAreNoMapping(place, known: known)
        }
        self.place = place
        self.members = members
        for key in members.keys.sorted() where !known.contains(key) {
            throw StoreError.unknownOption(key, of: place, known: known)
        }
    }

    /// Whether the key is there and not null.
    func has(_ key: String) -> Bool { !(members[key]?.isNull ?? true) }

    func text(_ key: String) throws -> String {
        guard let value = members[key], !value.isNull else {
            throw StoreError.missingOption(key, of: place)
        }
        guard let text = value.stringValue, !text.isEmpty else { throw wrong(key, "text") }
        return text
    }

    /// One of some words.
    func word(_ key: String, among words: [String]) throws -> String {
        let text = try text(key)
        guard words.contains(text) else {
            throw StoreError.unknownWord(text, for: key, of: place, known: words)
        }
        return text
    }

    /// A scalar as text: class labels may be written as numbers or truth values.
    func label(_ key: String) throws -> String? {
        guard has(key), let value = members[key] else { return nil }
        switch value {
        case .string(let text): return text
        case .integer(let number): return String(number)
        case .bool(let flag): return flag ? "true" : "false"
        default: throw wrong(key, "a class: text, an integer, true or false")
        }
    }

    /// A list of names without repetition; nil when the key is not there.
    func names(_ key: String) throws -> [String]? {
        guard has(key), let value = members[key] else { return nil }
        guard let elements = value.arrayValue else { throw wrong(key, "a list of column names") }
        let names = elements.compactMap(\.stringValue)
        guard names.count == elements.count, !names.isEmpty, !names.contains("") else {
            throw wrong(key, "a list of column names")
        }
        guard Set(names).count == names.count else {
            throw wrong(key, "a list that names no column twice")
        }
        return names
    }

    /// A number that `accepts`, described by `meaning`.
    func number(
        _ key: String, default fallback: Double, _ meaning: String, _ accepts: (Double) -> Bool
    ) throws -> Double {
        guard has(key), let value = members[key] else { return fallback }
        guard let number = value.numberValue, number.isFinite, accepts(number) else {
            throw wrong(key, meaning)
        }
        return number
    }

    func integer(
        _ key: String, default fallback: Int, in range: ClosedRange<Int>
    ) throws -> Int {
        guard has(key), let value = members[key] else { return fallback }
        guard let integer = value.integerValue, let number = Int(exactly: integer),
            range.contains(number)
        else { throw wrong(key, "an integer from \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    /// The seed: 0 when none is given.
    func seed() throws -> UInt64 {
        UInt64(try integer("seed", default: 0, in: 0...Int(JSONValue.maximumInteger)))
    }

    /// The probability from which a model of two classes says the positive one: a half when none is
    /// given.
    func threshold() throws -> Double {
        try number("threshold", default: 0.5, "a probability between 0 and 1") { $0 > 0 && $0 < 1 }
    }

    /// The mapping under a key, empty when the key is not there.
    func mapping(_ key: String, known: [String]) throws -> StepOptions {
        let value = has(key) ? members[key] ?? .object([:]) : .object([:])
        return try StepOptions(step: place + "." + key, value, known: known)
    }

    /// The value as it is, for options with a grammar of their own.
    func value(_ key: String) -> JSONValue? { has(key) ? members[key] : nil }

    /// The error that the value of `key` is not what it should be.
    func wrong(_ key: String, _ meaning: String) -> StoreError {
        StoreError(
            .invalidPipeline, "'\(key)' of step '\(place)' has a wrong value: it takes \(meaning)",
            subject: key,
            advice: "correct '\(key)' in mlstore.yaml, or in params.yaml if it comes "
                + "from there")
    }
}

extension StoreError {
    static func stepIsNotOne() -> StoreError {
        StoreError(
            .invalidPipeline, "a built-in step must be one name with a mapping of options",
            advice: "write, for example, 'split: {data: data/all.csv, test: 0.2}'")
    }

    static func unknownStep(_ name: String, known: [String]) -> StoreError {
        StoreError(
            .invalidPipeline, "there is no built-in step '\(name)'", subject: name,
            advice: suggestion(name, known) + "; any other program runs under 'cmd:'")
    }

    static func stepOutputs(_ name: String, roles: [String], count: Int) -> StoreError {
        let files = roles.count == 1 ? "1 file" : "\(roles.count) files"
        return StoreError(
            .invalidPipeline,
            "step '\(name)' writes \(files) (\(roles.joined(separator: ", "))), but its stage "
                + "declares \(count)",
            subject: name,
            advice: "list the files under 'outs:' or 'metrics:' of the stage, in that order")
    }

    static func tableNotWritten(_ path: String, step: String) -> StoreError {
        StoreError(
            .invalidPipeline,
            "step '\(step)' cannot write '\(path)': steps write tables as CSV, TSV or "
                + "Parquet", subject: path,
            advice: "give the output a name that ends in .csv, .tsv or .parquet")
    }

    static func optionsAreNoMapping(_ place: String, known: [String]) -> StoreError {
        StoreError(
            .invalidPipeline, "'\(place)' must be a mapping", subject: place,
            advice: "it takes the keys \(known.joined(separator: ", "))")
    }

    static func unknownOption(_ key: String, of place: String, known: [String]) -> StoreError {
        StoreError(
            .invalidPipeline, "step '\(place)' has an unknown key '\(key)'", subject: key,
            advice: suggestion(key, known))
    }

    static func missingOption(_ key: String, of place: String) -> StoreError {
        StoreError(
            .invalidPipeline, "step '\(place)' lacks '\(key)'", subject: key,
            advice: "add '\(key):' to the step in mlstore.yaml")
    }

    static func unknownWord(
        _ word: String, for key: String, of place: String, known: [String]
    ) -> StoreError {
        StoreError(
            .invalidPipeline, "step '\(place)' has an unknown \(key) '\(word)'", subject: word,
            advice: suggestion(word, known))
    }

    /// `did you mean 'x'? known are …`.
    static func suggestion(_ name: String, _ known: [String]) -> String {
        let near = nearest(name, in: known).map { "did you mean '\($0)'? " } ?? ""
        return near + "known are " + known.joined(separator: ", ")
    }

    static func inputTooLarge(_ name: String, maximumBytes: Int) -> StoreError {
        StoreError(
            .malformed,
            "cannot read '\(name)': it is larger than \(ByteCount(maximumBytes))", subject: name)
    }
}
