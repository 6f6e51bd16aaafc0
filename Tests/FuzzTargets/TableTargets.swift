import Bytes
import Tables
import TestSupport
import Vocabulary

/// Tables of several files, and those that others' code reads.
let tableTargets = [
    FuzzTarget("delta-log", parseDeltaLog),
    // What is told of such files without the plug-in.
    FuzzTarget("parquet-footer") { try parseExtent(framed($0), ArrowFormat.parquet) },
    FuzzTarget("arrow-messages") { try parseExtent($0, ArrowFormat.arrow) },
    FuzzTarget("parquet", needs: { ArrowPlugin.isBuilt }) {
        try parseArrow(framed($0), ArrowFormat.parquet)
    },
    FuzzTarget("arrow", needs: { ArrowPlugin.isBuilt }) { try parseArrow($0, ArrowFormat.arrow) },
]

/// The bytes with Parquet's magic at both ends, and a length of the footer that fits: else hardly one
/// changed input would reach what reads footers and pages.
private func framed(_ bytes: [UInt8]) -> [UInt8] {
    let magic = Array("PAR1".utf8)
    guard bytes.count >= 12 else { return bytes }
    var bytes = bytes
    bytes.replaceSubrange(0..<4, with: magic)
    bytes.replaceSubrange((bytes.count - 4)..., with: magic)
    let place = bytes.count - 8
    let length = (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) }
    guard length > bytes.count - 12 else { return bytes }
    let shorter = length % (bytes.count - 11)
    for index in 0..<4 { bytes[place + index] = UInt8(truncatingIfNeeded: shorter >> (8 * index)) }
    return bytes
}

/// What a file says of its size, which may be a lie, but not nonsense.
private func parseExtent(_ bytes: [UInt8], _ format: ArrowFormat) throws {
    guard
        let extent = try format.statedExtent(
            of: TableSource(name: "t", format: format, bytes: bytes))
    else { throw WrongResult("a file that neither says its size nor is damaged") }
    try require(extent.rows >= 0, "fewer rows than none")
    try require((1...1 << 20).contains(extent.columns), "no columns, or too many")
}

/// A file that Arrow's library reads: rows, as many as are counted, or a refusal.
private func parseArrow(_ bytes: [UInt8], _ format: ArrowFormat) throws {
    let source = TableSource(name: "t", format: format, bytes: bytes)
    _ = try source.parts()
    var rowCount = 0
    try source.forEachBatch { rowCount += $0.rowCount }
    try require(
        try source.summary().rowCount == rowCount, "a row that is counted and not read")
    if let extent = try source.statedExtent() {
        try require(extent.rows == rowCount, "a row that is told and not read")
    }
}

/// A folder with the log of a Delta Lake table, as lines: `#a/b.parquet` begins a file. All files but commits
/// are JSON lines here, also those that are Parquet elsewhere.
///
/// What the log says of the files must be so, or it is refused; no file of it is outside.
@Sendable private func parseDeltaLog(_ bytes: [UInt8]) throws {
    var files: [[String]: [UInt8]] = [:]
    var path: [String] = []
    for line in bytes.split(separator: 0x0a) {
        if line.first == UInt8(ascii: "#") {
            path = String(decoding: line.dropFirst(), as: UTF8.self).split(separator: "/")
                .map(String.init)
        } else {
            files[path, default: []] += line + [0x0a]
        }
    }
    func open(_ path: [String], _ format: any TableFormat) -> TableSource {
        TableSource(name: "part", format: JSONLinesFormat(), bytes: files[path] ?? [])
    }
    let parts = files.keys.filter(FolderFormat.isPart)
    let table = try DeltaTable(name: "t", files: parts, open)
    for file in table.files {
        try require(files[file.path] != nil, "a file that is not in the folder")
    }
    let source = try table.source(name: "t", open)
    let summary = try source.summary()
    var rowCount = 0
    try source.forEachBatch { rowCount += $0.rowCount }
    try require(rowCount == summary.rowCount, "a row that is counted and not read")
    try require(
        summary.columns.map(\.name) == source.header().columnNames, "columns with other names")
}
