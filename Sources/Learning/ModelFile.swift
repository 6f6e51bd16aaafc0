internal import Bytes
internal import Vocabulary

/// The model file, version 1: docs/format/model-file.md. A safetensors file, so that other programs
/// can read the arrays, whose `__metadata__` holds the model as canonical JSON.
///
/// A model has exactly one encoding, and reading checks that the bytes are it.
package enum ModelFile {
    /// The largest file read: a hundred million coefficients.
    static let maximumBytes = 1 << 30
    /// The largest header read.
    static let maximumHeaderBytes = 64 << 20

    static let format = "mlstore-model"
    static let version = 1

    /// An array of doubles in the file.
    struct Tensor: Sendable, Equatable {
        let name: String
        let shape: [Int]
        let values: [Double]
    }

    /// The bytes of a model: a pure function of it.
    static func encode(_ model: Model) -> [UInt8] {
        let tensors = model.body.tensors
        var data = ByteWriter()
        var entries: [String: JSONValue] = [:]
        for tensor in tensors {
            let start = data.bytes.count
            for value in tensor.values { data.append(uint64: value.bitPattern) }
            entries[tensor.name] = [
                "dtype": "F64", "shape": .array(tensor.shape.map { JSONValue($0) }),
                "data_offsets": [JSONValue(start), JSONValue(data.bytes.count)],
            ]
        }
        let text = String(decoding: ModelDocument.json(model).canonical, as: UTF8.self)
        entries["__metadata__"] = [
            "format": .string(format), "version": .string(String(version)), "model": .string(text),
            "digest": .string(digest(text, data.bytes)),
        ]
        var header = JSONValue.object(entries).canonical
        // Spaces at the end keep the arrays aligned, as the format recommends.
        while header.count % 8 != 0 { header.append(0x20) }
        var file = ByteWriter()
        file.append(uint64: UInt64(header.count))
        file.append(header)
        file.append(data.bytes)
        return file.bytes
    }

    /// The model in some bytes. Bounded by their number; throws for any bytes that `encode` does not
    /// write.
    static func decode(_ bytes: [UInt8]) throws(DecodeError) -> Model {
        let header = try header(bytes)
        guard let metadata = header["__metadata__"], metadata["format"]?.stringValue == format
        else { throw DecodeError(at: 8, "no mlstore model") }
        guard metadata["version"]?.stringValue == String(version) else {
            throw DecodeError(at: 8, newerVersion)
        }
        guard let text = metadata["model"]?.stringValue else {
            throw DecodeError(at: 8, "no model in the metadata")
        }
        let document = try JSONValue(parsing: Array(text.utf8))
        guard let trainer = ModelDocument.trainer(document) else {
            throw DecodeError(at: 8, "a kind of model that is not known")
        }
        let tensors = try tensors(bytes, header, trainer.bodyType.arrayNames)
        guard let model = ModelDocument.model(document, tensors) else {
            throw DecodeError(at: 8, "a model that does not fit its arrays")
        }
        // Any other byte than those of the one encoding is damage: the digest covers names and
        // arrays, the comparison all that is derived from them.
        guard encode(model) == bytes else { throw DecodeError(at: 8, "a digest that differs") }
        return model
    }

    /// The reason in the error for a version this program does not know.
    static let newerVersion = "a model file of another version"

    private static func digest(_ text: String, _ data: [UInt8]) -> String {
        "sha256:" + taggedDigest("mlstore model 1", Array(text.utf8) + data).hex
    }
}

// MARK: - Reading

extension ModelFile {
    /// Reads a whole model file; failures name it.
    static func read(_ source: ByteSource) throws -> Model {
        let bytes = try source.readAll(maximumBytes: maximumBytes)
        do {
            return try decode(bytes)
        } catch {
            throw StoreError.modelUnreadable(source.name, error)
        }
    }

    private static func header(_ bytes: [UInt8]) throws(DecodeError) -> JSONValue {
        var cursor = ByteCursor()
        let length = try cursor.uint64(bytes.span)
        guard length <= UInt64(maximumHeaderBytes), Int(length) <= bytes.count - 8 else {
            throw DecodeError(at: 0, "a header longer than the file")
        }
        var text = bytes[8..<(8 + Int(length))]
        while text.last == 0x20 { text.removeLast() }
        return try JSONValue(parsing: Array(text))
    }

    /// The arrays by name. They lie behind the header without gaps.
    private static func tensors(
        _ bytes: [UInt8], _ header: JSONValue, _ names: [String]
    ) throws(DecodeError) -> [String: Tensor] {
        var cursor = ByteCursor()
        let start = 8 + Int(try cursor.uint64(bytes.span))
        var tensors: [String: Tensor] = [:]
        var end = start
        for name in names {
            guard let entry = header[name], entry["dtype"]?.stringValue == "F64",
                let shape = shape(entry), let count = count(shape, atMost: bytes.count / 8),
                count <= (bytes.count - end) / 8
            else { throw DecodeError(at: 8, "no array '\(name)' of this length") }
            var values: [Double] = []
            values.reserveCapacity(count)
            cursor.offset = end
            for _ in 0..<count {
                let value = Double(bitPattern: try cursor.uint64(bytes.span))
                guard value.isFinite else {
                    throw DecodeError(at: cursor.offset - 8, "a number that is not finite")
                }
                values.append(value)
            }
            end = cursor.offset
            tensors[name] = Tensor(name: name, shape: shape, values: values)
        }
        return tensors
    }

    private static func shape(_ entry: JSONValue) -> [Int]? {
        guard let lengths = entry["shape"]?.arrayValue, lengths.count <= 2 else { return nil }
        let shape = lengths.compactMap { $0.integerValue.flatMap { Int(exactly: $0) } }
        return shape.count == lengths.count && shape.allSatisfy { $0 >= 0 } ? shape : nil
    }

    private static func count(_ shape: [Int], atMost limit: Int) -> Int? {
        var count = 1
        for length in shape {
            let (product, overflow) = count.multipliedReportingOverflow(by: length)
            guard !overflow, product <= limit else { return nil }
            count = product
        }
        return count
    }
}

extension StoreError {
    static func modelUnreadable(_ name: String, _ cause: DecodeError) -> StoreError {
        if cause.reason == ModelFile.newerVersion {
            return StoreError(
                .newerFormat, "cannot read model '\(name)': it was written by another version",
                subject: name, advice: "use the mlstore that trained it, or a newer one")
        }
        return StoreError(
            .malformed, "cannot read '\(name)' as a model: \(cause)", subject: name,
            advice: "run the stage that writes it again: 'mlstore repro'", cause: cause)
    }
}
