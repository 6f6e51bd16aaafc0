package import Bytes

/// Where the tensors of a safetensors or NPY file lie, and what else its header says.
package struct TensorFile {
    /// One array of numbers.
    package struct Tensor: Sendable {
        /// The type of a number, as the file calls it.
        package let type: String
        /// The length of each dimension.
        package let shape: [Int]
        /// Where in the file the numbers are, in bytes.
        package let range: Range<Int>
        /// Whether the first dimension is the fastest, not the last.
        package var isFortranOrder = false

        /// Type and shape.
        package var description: String {
            "\(type) [\(shape.map { String($0) }.joined(separator: ", "))]"
        }

        /// The same tensor in a file that has so many bytes before this one.
        package func shifted(by bytes: Int) -> Tensor {
            Tensor(
                type: type, shape: shape,
                range: range.lowerBound + bytes..<range.upperBound + bytes,
                isFortranOrder: isFortranOrder)
        }

        /// Bytes of a number; 0 where there are none.
        package var width: Int {
            let count = shape.reduce(1, *)
            return count > 0 ? range.count / count : 0
        }

        /// The index of a number, counted as they lie in the file, as `[3, 4]`; nil for one behind
        /// the end.
        package func place(of number: Int) -> String? {
            var rest = number
            var index: [Int] = []
            for extent in isFortranOrder ? shape : shape.reversed() {
                guard extent > 0 else { return nil }
                index.append(rest % extent)
                rest /= extent
            }
            guard rest == 0 else { return nil }
            let places = isFortranOrder ? index : index.reversed()
            return "[" + places.map { String($0) }.joined(separator: ", ") + "]"
        }
    }

    /// `NPY`, `safetensors`, or `model` for one of ours.
    package private(set) var format: String
    /// The tensors by name; the only one of an NPY file is called `array`.
    package private(set) var tensors: [String: Tensor] = [:]
    /// What the header says of the whole: of a model of ours its document. Nil where it says nothing.
    package private(set) var metadata: JSONValue?

    private static let maximumHeaderBytes = 64 << 20

    /// Reads a header; nil where the file is of neither format, or its header contradicts itself.
    package init?(_ file: TableRanges) throws {
        let start = try file.read(0..<min(16, file.sizeBytes))
        if start.starts(with: [0x93] + Array("NUMPY".utf8)) {
            format = "NPY"
            guard try readNumPy(start, file) else { return nil }
        } else {
            format = "safetensors"
            guard try readSafetensors(start, file) else { return nil }
        }
    }

    private mutating func readSafetensors(_ start: [UInt8], _ file: TableRanges) throws -> Bool {
        guard start.count >= 10, start[8] == UInt8(ascii: "{") else { return false }
        let length = start[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(min(TensorFile.maximumHeaderBytes, file.sizeBytes - 8)) else {
            return false
        }
        let end = 8 + Int(length)
        var text = try file.read(8..<end)
        while text.last == 0x20 { text.removeLast() }
        guard let members = (try? JSONValue(parsing: text))?.objectValue else { return false }
        for (name, entry) in members {
            if name == "__metadata__" {
                takeMetadata(entry)
                continue
            }
            guard let type = entry["dtype"]?.stringValue,
                let shape = TensorFile.shape(entry["shape"]),
                let offsets = TensorFile.shape(entry["data_offsets"]), offsets.count == 2,
                offsets[0] <= offsets[1], offsets[1] <= file.sizeBytes - end,
                let count = TensorFile.product(shape),
                NumberType(type).map({ offsets[1] - offsets[0] == count * $0.width }) ?? true
            else { return false }
            tensors[name] = Tensor(
                type: type, shape: shape, range: end + offsets[0]..<end + offsets[1])
        }
        return true
    }

    /// A model of ours keeps its document in the metadata; others keep texts there.
    private mutating func takeMetadata(_ metadata: JSONValue) {
        self.metadata = metadata
        guard metadata["format"]?.stringValue == "mlstore-model",
            let text = metadata["model"]?.stringValue,
            let document = try? JSONValue(parsing: Array(text.utf8))
        else { return }
        format = "model"
        self.metadata = document
    }

    private mutating func readNumPy(_ start: [UInt8], _ file: TableRanges) throws -> Bool {
        guard start.count >= 12, start[6] == 1 || start[6] == 2 || start[6] == 3 else {
            return false
        }
        let width = start[6] == 1 ? 2 : 4
        let length = start[8..<(8 + width)].reversed().reduce(0) { $0 << 8 | Int($1) }
        let end = 8 + width + length
        guard length <= 1 << 20, end <= file.sizeBytes else { return false }
        let text = String(decoding: try file.read(8 + width..<end), as: UTF8.self)
        guard let type = TensorFile.quoted(after: "'descr':", in: text),
            let shapeText = text.firstRange(of: "'shape':").map({ text[$0.upperBound...] }),
            let open = shapeText.firstIndex(of: "("), let close = shapeText.firstIndex(of: ")"),
            open < close
        else { return false }
        let words = shapeText[shapeText.index(after: open)..<close].split(separator: ",")
            .map { $0.filter { $0 != " " } }.filter { !$0.isEmpty }
        let shape = words.compactMap { Int($0) }
        guard shape.count == words.count, shape.allSatisfy({ $0 >= 0 }),
            let count = TensorFile.product(shape)
        else { return false }
        if let number = NumberType(type), file.sizeBytes - end != count * number.width {
            return false
        }
        tensors["array"] = Tensor(
            type: type, shape: shape, range: end..<file.sizeBytes,
            isFortranOrder: text.contains("'fortran_order': True"))
        return true
    }

    private static func quoted(after key: String, in text: String) -> String? {
        guard let start = text.firstRange(of: key)?.upperBound else { return nil }
        let words = text[start...].split(
            separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
        return words.count > 1 ? String(words[1]) : nil
    }

    private static func shape(_ value: JSONValue?) -> [Int]? {
        guard let elements = value?.arrayValue else { return nil }
        let numbers = elements.compactMap { $0.integerValue.flatMap { Int(exactly: $0) } }
        return numbers.count == elements.count && numbers.allSatisfy { $0 >= 0 } ? numbers : nil
    }

    private static func product(_ shape: [Int]) -> Int? {
        shape.reduce(1) { (product: Int?, length) in
            guard let product else { return nil }
            let (result, overflow) = product.multipliedReportingOverflow(by: length)
            return overflow || result > 1 << 50 ? nil : result
        }
    }
}
