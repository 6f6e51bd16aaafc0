/// Finds a column's type and whether it has nulls, batch by batch.
///
/// What is kept is the set of types that every value so far has: an intersection, so the answer
/// does not depend on the order of the rows.
struct ColumnInference: Sendable, Equatable {
    private struct Kinds: OptionSet, Sendable {
        let rawValue: UInt8
        static let bool = Kinds(rawValue: 1)
        static let int = Kinds(rawValue: 2)
        static let float = Kinds(rawValue: 4)
        static let date = Kinds(rawValue: 8)
        static let timestamp = Kinds(rawValue: 16)
        static let all = Kinds(rawValue: 31)
    }

    private var kinds = Kinds.all
    private var hasValue = false
    private var isNullable = false

    init() {}

    /// The narrowest type of all values.
    var type: ColumnType {
        guard hasValue else { return .string }
        if kinds.contains(.bool) { return .bool }
        if kinds.contains(.int) { return .int }
        if kinds.contains(.float) { return .float }
        if kinds.contains(.date) { return .date }
        return kinds.contains(.timestamp) ? .timestamp : .string
    }

    /// What is known of the column.
    func summary(name: String) -> ColumnSummary {
        ColumnSummary(name: name, type: type, isNullable: isNullable)
    }

    /// Takes in what was found of other rows.
    mutating func merge(_ other: ColumnInference) {
        kinds.formIntersection(other.kinds)
        hasValue = hasValue || other.hasValue
        isNullable = isNullable || other.isNullable
    }

    /// All that was found, in one byte.
    var code: UInt8 { kinds.rawValue | (hasValue ? 32 : 0) | (isNullable ? 64 : 0) }

    /// What `code` says; nil for what no column can have.
    init?(code: UInt8) {
        guard code < 128 else { return nil }
        kinds = Kinds(rawValue: code & 31)
        hasValue = code & 32 != 0
        isNullable = code & 64 != 0
    }

    /// Looks at the column's fields in `batch`.
    mutating func observe(_ batch: RowBatch, column: Int) {
        var row = 0
        while row < batch.rowCount {
            // Each loop runs while its type fits and returns at the first field that is something
            // else, which is then looked at slowly.
            switch hasValue ? type : nil {
            case .int: row = passInts(batch, column, from: row)
            case .float: row = passFloats(batch, column, from: row)
            case .timestamp: row = passRepeats(batch, column, from: row)
            case .string:
                if isNullable { return }
                row = passTexts(batch, column, from: row)
            case .bool, .date, nil: break
            }
            guard row < batch.rowCount else { return }
            let field = unsafe batch.trimmedField(row: row, column: column)
            unsafe observe(field)
            row &+= 1
        }
    }

    // Unsafe in what follows: fields are views of the batch, used before it is gone.

    private mutating func observe(_ field: UnsafeBufferPointer<UInt8>) {
        if unsafe FieldSyntax.isNull(field) {
            isNullable = true
            return
        }
        hasValue = true
        if !kinds.isEmpty { kinds.formIntersection(unsafe ColumnInference.kinds(of: field)) }
    }

    private static func kinds(of field: UnsafeBufferPointer<UInt8>) -> Kinds {
        if unsafe FieldSyntax.int(field) != nil { return [.int, .float] }
        if unsafe FieldSyntax.isFloat(field) { return .float }
        if unsafe FieldSyntax.bool(field) != nil { return .bool }
        if unsafe FieldSyntax.date(field) != nil { return .date }
        return unsafe FieldSyntax.timestamp(field) != nil ? .timestamp : []
    }

    private func passInts(_ batch: RowBatch, _ column: Int, from start: Int) -> Int {
        var row = start
        while row < batch.rowCount {
            let field = unsafe batch.trimmedField(row: row, column: column)
            if unsafe FieldSyntax.int(field) == nil {
                guard isNullable, unsafe FieldSyntax.isNull(field) else { return row }
            }
            row &+= 1
        }
        return row
    }

    private func passFloats(_ batch: RowBatch, _ column: Int, from start: Int) -> Int {
        var row = start
        while row < batch.rowCount {
            let field = unsafe batch.trimmedField(row: row, column: column)
            if unsafe FloatShape(field) == nil {
                guard isNullable, unsafe FieldSyntax.isNull(field) else { return row }
            }
            row &+= 1
        }
        return row
    }

    private func passTexts(_ batch: RowBatch, _ column: Int, from start: Int) -> Int {
        var row = start
        while row < batch.rowCount {
            let field = unsafe batch.trimmedField(row: row, column: column)
            if unsafe FieldSyntax.isNull(field) { return row }
            row &+= 1
        }
        return row
    }

    /// Times often repeat from row to row: what equals the value before it needs no second look.
    private func passRepeats(_ batch: RowBatch, _ column: Int, from start: Int) -> Int {
        var row = start
        var last = unsafe batch.trimmedField(row: row, column: column)
        guard unsafe FieldSyntax.timestamp(last) != nil else { return row }
        row &+= 1
        while row < batch.rowCount {
            let field = unsafe batch.trimmedField(row: row, column: column)
            if unsafe !ColumnInference.areEqual(field, last) {
                guard unsafe FieldSyntax.timestamp(field) != nil else { return row }
                unsafe last = unsafe field
            }
            row &+= 1
        }
        return row
    }

    @inline(__always)
    private static func areEqual(
        _ left: UnsafeBufferPointer<UInt8>, _ right: UnsafeBufferPointer<UInt8>
    ) -> Bool {
        guard left.count == right.count else { return false }
        var index = 0
        while index &+ 8 <= left.count {
            let a = unsafe UnsafeRawBufferPointer(left).loadUnaligned(
                fromByteOffset: index, as: UInt64.self)
            let b = unsafe UnsafeRawBufferPointer(right).loadUnaligned(
                fromByteOffset: index, as: UInt64.self)
            if a != b { return false }
            index &+= 8
        }
        while index < left.count {
            if unsafe left[index] != right[index] { return false }
            index &+= 1
        }
        return true
    }
}
