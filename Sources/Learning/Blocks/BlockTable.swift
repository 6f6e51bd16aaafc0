internal import Bytes
internal import Kernels
internal import Tables
internal import Vocabulary

/// A table in blocks of rows, whose ends the rows themselves tell: see `TableLayout`. So what is summed
/// block by block has the same bits however the bytes are read, and of a changed table only the blocks
/// that changed are read again.
struct BlockTable {
    let layout: TableLayout
    let header: TableHeader
    private let input: TableInput
    /// The table's bytes in pieces, where these end between rows.
    private let pieces: ContentPieces?
    private let executor: ParallelExecutor

    /// Finds the blocks: one pass over what no piece was kept for.
    init(_ input: TableInput, _ executor: ParallelExecutor) throws {
        self.input = input
        self.executor = executor
        header = try input.naming { try input.table.header() }
        if let (pieces, layout) = try BlockTable.pieces(of: input, header, executor) {
            (self.layout, self.pieces) = (layout, pieces)
        } else {
            layout = try input.layout()
            pieces = nil
        }
        guard layout.columnNames == header.columnNames else {
            throw StoreError.tableChanged(input.source.name)
        }
    }

    /// A table of plain text in pieces that end between rows, and its layout; nil for any other one.
    static func pieces(
        of input: TableInput, _ header: TableHeader, _ executor: ParallelExecutor
    ) throws -> (pieces: ContentPieces, layout: TableLayout)? {
        guard input.isText, let pieces = try input.source.pieces?(), !pieces.pieces.isEmpty,
            try !input.table.isPacked(),
            let layout = try layout(of: pieces, header, executor)
        else { return nil }
        return (pieces, layout)
    }

    /// Rows, columns and types: those that the file states, where it does.
    var summary: TableSummary {
        let found = layout.summary
        guard let types = header.types else { return found }
        return zip(found.columns, types).reduce(found) { $0.retyping($1.0.name, as: $1.1) }
    }

    /// The layout of a table in pieces; nil where these do not end between rows, or there is a fault, which
    /// another reading tells with its line.
    private static func layout(
        of pieces: ContentPieces, _ header: TableHeader, _ executor: ParallelExecutor
    ) throws -> TableLayout? {
        let names = header.columnNames
        @Sendable func read(_ places: Range<Int>) throws -> TableLayout {
            let bytes = try places.map(pieces.read)
            guard places.upperBound == pieces.pieces.count || bytes.last?.last == 0x0a else {
                throw TableError(line: nil, "is cut inside a row")
            }
            return try TableLayout(ofPiece: header, holdsHeader: places.lowerBound == 0, bytes)
        }
        let layouts = PieceSums(
            load: { key in
                pieces.load(key).flatMap { try? TableLayout(decoding: $0, columnNames: names) }
            },
            save: { pieces.save($0.encoded(), $1) },
            read: { ranges in try executor.tryMap(ranges.count) { try read(ranges[$0]) } },
            merge: { parts in
                var whole = parts[0]
                for part in parts.dropFirst() { try whole.append(part) }
                return whole
            })
        do {
            return try layouts.value(
                of: PieceTree(
                    chunks: pieces.pieces.map { ($0.id, $0.sizeBytes) }, header: header,
                    purpose: "layout \(TableLayout.version)"))
        } catch is TableError {
            return nil
        }
    }

    /// The sums of the products of some columns, and of these with a target, if there is one. Throws
    /// `ProductSums.TooManyColumns` for more than `maximumColumns`, counting the constant and each category,
    /// and what `TableInput.columns` throws. Memory: some blocks, and as many sums.
    func sums(
        _ features: [(name: String, kind: ColumnValues.Kind)], target: String?,
        maximumColumns: Int
    ) throws -> ProductSums {
        let source = input.source
        let columns = try (features + (target.map { [($0, .number)] } ?? [])).map { column in
            guard let position = header.columnNames.firstIndex(of: column.name) else {
                throw StoreError.unknownColumn(
                    column.name, table: source.name, known: header.columnNames)
            }
            return ColumnReader(
                name: column.name, kind: column.kind, table: source.name, position: position)
        }
        let form = BlockForm(
            header: header, columns: columns, hasTarget: target != nil,
            maximumColumns: maximumColumns, level: executor.level)
        return try input.naming { try sums(form) }
    }

    private func sums(_ form: BlockForm) throws -> ProductSums {
        let blocks = layout.blocks
        let merge = { (parts: [ProductSums]) throws -> ProductSums in
            var sum = parts[0]
            for part in parts.dropFirst() { sum = try form.adding(sum, part) }
            return sum
        }
        guard input.isText else { return try sumsOfText(form, merge) }
        guard let pieces else {
            var rows = BlockBytes(input.source)
            let tree = PieceTree(blocks.map { (Digest.none, $0.rank) })
            return try PieceSums(
                load: { _ in nil }, save: { _, _ in },
                read: { try read($0.map { blocks[$0.lowerBound] }, from: &rows, form) },
                merge: merge
            ).value(of: tree)
        }
        let parts = BlockPieces(pieces, blocks)
        return try PieceSums(
            load: { pieces.load($0).flatMap(form.sums) },
            save: { pieces.save($0.encoded(), $1) },
            read: { places in
                try executor.tryMap(places.count) { index in
                    try parts.read(places[index].lowerBound, form)
                }
            },
            merge: merge
        ).value(of: PieceTree(parts.keys(form)))
    }

    /// The sums of a table that is no text, from the text that stands for it.
    private func sumsOfText(
        _ form: BlockForm, _ merge: @escaping ([ProductSums]) throws -> ProductSums
    ) throws -> ProductSums {
        let blocks = layout.blocks
        var fold = PieceFold(PieceTree(blocks.map { (Digest.none, $0.rank) }), merge: merge)
        var reader = BlockReader(form, holdsHeader: true)
        var (index, position) = (0, 0)
        try input.forEachTextPiece { piece in
            var rest = piece[...]
            while !rest.isEmpty {
                guard index < blocks.count else { throw StoreError.tableChanged(input.source.name) }
                let part = rest.prefix(blocks[index].range.upperBound - position)
                try reader.consume(part)
                position += part.count
                rest = rest.dropFirst(part.count)
                guard position == blocks[index].range.upperBound else { continue }
                try fold.append(reader.finish())
                index += 1
                reader = BlockReader(form, holdsHeader: false)
            }
        }
        guard index == blocks.count, let value = fold.value else {
            throw StoreError.tableChanged(input.source.name)
        }
        return value
    }

    /// How many bytes of blocks are held at once, unless one block is larger.
    private static let heldBytes = 64 << 20

    /// Reads blocks that follow each other.
    private func read(
        _ blocks: [TableLayout.Block], from bytes: inout BlockBytes, _ form: BlockForm
    ) throws -> [ProductSums] {
        let size = blocks.reduce(0) { $0 + $1.range.count }
        guard size <= BlockTable.heldBytes else {
            return try blocks.map { block in
                var reader = BlockReader(form, holdsHeader: block.range.lowerBound == 0)
                try bytes.forEach(block.range) { try reader.consume($0) }
                return try reader.finish()
            }
        }
        var held: [[UInt8]] = []
        for block in blocks {
            held.append([])
            try bytes.forEach(block.range) { held[held.count - 1] += $0 }
        }
        return try executor.tryMap(blocks.count) { [held] index in
            var reader = BlockReader(form, holdsHeader: blocks[index].range.lowerBound == 0)
            try reader.consume(held[index][...])
            return try reader.finish()
        }
    }
}

extension Digest {
    /// The key of what nothing is kept for.
    fileprivate static let none = sha256([])
}

/// A source's bytes, unpacked, range by range from the first to the last.
private struct BlockBytes {
    private let source: ByteSource
    private var next: ByteSource.Stream?
    private var unpacker = StreamUnpacker()
    private var packed: ArraySlice<UInt8> = []
    /// What was unpacked and not handed out.
    private var held: ArraySlice<UInt8> = []
    private var position = 0

    /// How much is unpacked at once: it may become a thousand times as much.
    private static let stepBytes = 64 << 10

    init(_ source: ByteSource) { self.source = source }

    /// Hands out a range that begins where the last one ended.
    mutating func forEach(_ range: Range<Int>, _ body: (ArraySlice<UInt8>) throws -> Void) throws {
        precondition(range.lowerBound == position)
        while position < range.upperBound {
            if held.isEmpty { try refill() }
            let piece = held.prefix(range.upperBound - position)
            try body(piece)
            held = held.dropFirst(piece.count)
            position += piece.count
        }
    }

    private mutating func refill() throws {
        let next = try next ?? source.open()
        self.next = next
        var plain: [UInt8] = []
        while plain.isEmpty {
            if packed.isEmpty { packed = try next()[...] }
            let step = packed.prefix(BlockBytes.stepBytes)
            // Unsafe: the step lives for the call, and what it becomes is copied in it.
            if step.isEmpty {
                unsafe try unpacker.finish { unsafe plain.append(contentsOf: $0) }
                guard !plain.isEmpty else { throw StoreError.tableChanged(source.name) }
            }
            unsafe try step.withUnsafeBytes { bytes in
                unsafe try unpacker.consume(bytes) { unsafe plain.append(contentsOf: $0) }
            }
            packed = packed.dropFirst(step.count)
        }
        held = plain[...]
    }
}

/// Where the blocks of a table are among its pieces.
private struct BlockPieces: Sendable {
    private let pieces: ContentPieces
    private let blocks: [TableLayout.Block]
    /// Where each piece begins; then the end.
    private let starts: [Int]

    init(_ pieces: ContentPieces, _ blocks: [TableLayout.Block]) {
        self.pieces = pieces
        self.blocks = blocks
        var starts = [0]
        for piece in pieces.pieces { starts.append(starts[starts.count - 1] + piece.sizeBytes) }
        self.starts = starts
    }

    /// The pieces that a block is in, which is not empty.
    private func places(_ block: TableLayout.Block, from first: Int) -> Range<Int> {
        var first = first
        while starts[first + 1] <= block.range.lowerBound { first += 1 }
        var end = first + 1
        while starts[end] < block.range.upperBound { end += 1 }
        return first..<end
    }

    /// What the sums of each block depend on.
    func keys(_ form: BlockForm) -> [(key: Digest, rank: Int)] {
        let form = form.key
        var first = 0
        return blocks.map { block in
            let places = places(block, from: first)
            first = places.lowerBound
            var writer = ByteWriter()
            writer.append(form)
            writer.append(uint8: block.range.lowerBound == 0 ? 1 : 0)
            writer.append(length: block.range.lowerBound - starts[places.lowerBound])
            writer.append(length: block.range.count)
            for place in places { writer.append(pieces.pieces[place].id) }
            return (taggedDigest("sums block", writer.bytes), block.rank)
        }
    }

    /// The sums of a block.
    func read(_ index: Int, _ form: BlockForm) throws -> ProductSums {
        let range = blocks[index].range
        var reader = BlockReader(form, holdsHeader: range.lowerBound == 0)
        for place in places(blocks[index], from: first(before: range.lowerBound)) {
            let start = starts[place]
            let bytes = try pieces.read(place)
            let part = range.clamped(to: start..<(start + bytes.count))
            try reader.consume(bytes[(part.lowerBound - start)..<(part.upperBound - start)])
        }
        return try reader.finish()
    }

    /// A piece that begins at an offset or before it, and none of which the next one does.
    private func first(before offset: Int) -> Int {
        var (low, high) = (0, pieces.pieces.count)
        while low + 1 < high {
            let middle = (low + high) / 2
            if starts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }
}
