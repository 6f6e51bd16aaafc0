import Bytes
import Platform
import Tables
import Vocabulary
import Workspaces

/// How far the numbers of two versions of a file are from each other, where that can be told: of
/// tables, safetensors and NPY files, models, JSON and YAML.
struct NumericComparison {
    /// What numbers may differ by; nothing where it is nil.
    let tolerance: Tolerance?
    /// Whether the files differ in something that is no number, or in numbers that cannot be
    /// compared.
    private(set) var isOfAnotherKind = false
    /// How many numbers are too far from each other.
    private(set) var beyondCount = 0
    /// The largest difference of finite numbers.
    private(set) var largest: Deviation?
    /// Where the files are, below the output.
    private var prefix = ""

    /// Larger files are not compared.
    static let maximumBytes = 256 << 20

    init(tolerance: Tolerance?) { self.tolerance = tolerance }

    /// Whether all that was compared may stand for each other.
    var isWithin: Bool { tolerance != nil && !isOfAnotherKind && beyondCount == 0 }

    /// Compares two files that differ; `name` says what they are, `file` where they are in an output
    /// that is a folder.
    mutating func compare(
        _ recorded: DiskPath, _ found: DiskPath, named name: RepoPath, file: RepoPath? = nil,
        on disk: any Disk
    ) throws {
        prefix = file.map { "'\($0)', " } ?? ""
        for path in [recorded, found] {
            let size = try disk.status(of: path, followingLinks: true)?.size ?? .max
            guard size <= NumericComparison.maximumBytes else { return refuse() }
        }
        let text = String(decoding: name.lastComponent, as: UTF8.self).lowercased()
        switch text.split(separator: ".").last {
        case "npy", "safetensors", "mlmodel": try compareTensors(recorded, found, on: disk)
        case "json", "yaml", "yml": try compareDocuments(recorded, found, named: name, on: disk)
        default:
            guard let format = TableFormats.format(forName: name.lastComponent) else {
                return refuse()
            }
            func table(_ path: DiskPath) -> TableSource {
                TableSource(file: path, name: name.description, format: format, on: disk)
            }
            do {
                try compareTables(table(recorded), table(found))
            } catch is TableError { refuse() }
        }
    }

    /// The files differ in what is no number.
    mutating func refuse() { isOfAnotherKind = true }

    private mutating func add(
        _ recorded: Double, _ found: Double, at place: @autoclosure () -> String
    ) {
        if recorded == found || recorded.isNaN && found.isNaN { return }
        let deviation = (found - recorded).magnitude
        if deviation.isFinite, deviation > largest?.absolute ?? 0 {
            largest = Deviation(place: prefix + place(), recorded: recorded, found: found)
        }
        if !(tolerance?.allows(recorded, found) ?? false) { beyondCount += 1 }
    }

    // MARK: - Tables

    private mutating func compareTables(_ recorded: TableSource, _ found: TableSource) throws {
        let (one, other) = try (TableCells(recorded), TableCells(found))
        guard one.names == other.names, one.count == other.count else { return refuse() }
        for index in 0..<one.count {
            let (left, right) = (one.cell(index), other.cell(index))
            if left == right { continue }
            guard let first = Double(String(decoding: left, as: UTF8.self)),
                let second = Double(String(decoding: right, as: UTF8.self))
            else { return refuse() }
            add(first, second, at: one.place(index))
        }
    }

    // MARK: - Tensors

    private mutating func compareTensors(
        _ recorded: DiskPath, _ found: DiskPath, on disk: any Disk
    ) throws {
        let ranges = try (TableRanges(recorded, on: disk), TableRanges(found, on: disk))
        guard let one = try TensorFile(ranges.0), let other = try TensorFile(ranges.1),
            one.tensors.count == other.tensors.count
        else { return refuse() }
        compare(one.metadata ?? .null, other.metadata ?? .null, at: "")
        for (name, tensor) in one.tensors.sorted(by: { $0.key < $1.key }) {
            guard let twin = other.tensors[name], twin.description == tensor.description,
                twin.isFortranOrder == tensor.isFortranOrder
            else { return refuse() }
            let (left, right) = try (ranges.0.read(tensor.range), ranges.1.read(twin.range))
            if left == right { continue }
            guard let type = NumberType(tensor.type) else { return refuse() }
            let title =
                one.format == "NPY" ? "element" : "tensor '\(printable(Array(name.utf8)))' at"
            for index in 0..<(left.count / type.width) {
                let (first, second) = (type.bits(left, index), type.bits(right, index))
                if first == second { continue }
                add(
                    type.value(first), type.value(second),
                    at: "\(title) \(tensor.place(of: index) ?? "")")
            }
        }
    }

    // MARK: - Documents

    private mutating func compareDocuments(
        _ recorded: DiskPath, _ found: DiskPath, named name: RepoPath, on disk: any Disk
    ) throws {
        func values(_ path: DiskPath) -> JSONValue? {
            try? MetricFile.values(
                disk.readFile(path, maximumBytes: MetricFile.maximumBytes), of: name)
        }
        guard let one = values(recorded), let other = values(found) else { return refuse() }
        compare(one, other, at: "")
    }

    private mutating func compare(_ one: JSONValue, _ other: JSONValue, at key: String) {
        if let first = one.numberValue, let second = other.numberValue {
            return add(first, second, at: "'\(printable(Array(key.utf8)))'")
        }
        switch (one, other) {
        case (.object(let left), .object(let right)) where left.count == right.count:
            for (name, value) in left.sorted(by: { $0.key < $1.key }) {
                guard let twin = right[name] else { return refuse() }
                compare(value, twin, at: key.isEmpty ? name : "\(key).\(name)")
            }
        case (.array(let left), .array(let right)) where left.count == right.count:
            for (index, value) in left.enumerated() {
                compare(value, right[index], at: "\(key)[\(index)]")
            }
        default: if one != other { refuse() }
        }
    }
}
