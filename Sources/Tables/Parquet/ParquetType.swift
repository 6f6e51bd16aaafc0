/// How a column type is written in Parquet: see docs/format/parquet-snapshot.md.
struct ParquetType {
    let type: ColumnType

    /// The number of the physical type: booleans, integers of 32 and 64 bits, doubles, byte arrays.
    var physical: Int {
        switch type {
        case .bool: 0
        case .date: 1
        case .int, .timestamp: 2
        case .float: 5
        case .string: 6
        }
    }

    /// Writes the column's element of the schema. What it means is said in the old way and in the new.
    func write(_ name: String, to thrift: inout ThriftWriter) {
        thrift.beginElement()
        thrift.int32(1, physical)
        thrift.int32(3, 1)  // optional
        thrift.text(4, name)
        switch type {
        case .bool, .int, .float: break
        case .string:
            thrift.int32(6, 0)
            thrift.begin(10)
            thrift.begin(1)
            thrift.end()
            thrift.end()
        case .date:
            thrift.int32(6, 6)
            thrift.begin(10)
            thrift.begin(6)
            thrift.end()
            thrift.end()
        case .timestamp:
            thrift.int32(6, 10)
            thrift.begin(10)
            thrift.begin(8)
            thrift.bool(1, true)  // in UTC
            thrift.begin(2)
            thrift.begin(2)  // microseconds
            thrift.end()
            thrift.end()
            thrift.end()
            thrift.end()
        }
        thrift.end()
    }
}
