import Kernels
import Platform
import Vocabulary

/// Folders of many small files.
struct SmallFiles {
    let seed: UInt64
    /// How many are in each.
    var perFolder = 1_000

    /// `count` files of `sizeBytes` random bytes: as hard to compress as images are.
    func writeRandom(below folder: DiskPath, count: Int, sizeBytes: Int) throws {
        let source = RandomSource(seed: seed, purpose: "files")
        let blocks = (sizeBytes + 15) / 16
        try write(below: folder, count: count, suffix: "bin") { index, out in
            for block in 0..<blocks {
                let words = source.words(at: UInt64(index * blocks + block))
                out.append(words: words)
            }
            out.removeLast(out.count - sizeBytes)
        }
    }

    /// `count` records of about 440 bytes in JSON, one a file.
    func writeRecords(below folder: DiskPath, count: Int) throws {
        let source = RandomSource(seed: seed, purpose: "records")
        try write(below: folder, count: count, suffix: "json") { index, out in
            appendRecord(index, source, to: &out)
        }
    }

    /// `count` files of one short line each, all different.
    func writeLines(below folder: DiskPath, count: Int) throws {
        try write(below: folder, count: count, suffix: "txt") { index, out in
            out.append(text: "sample ")
            out.append(decimal: index)
            out.append(0x0a)
        }
    }

    private func write(
        below folder: DiskPath, count: Int, suffix: String,
        _ content: @Sendable (Int, inout [UInt8]) -> Void
    ) throws {
        let disk = LocalDisk()
        let folders = (count + perFolder - 1) / perFolder
        try disk.makeDirectories(folder)
        try WorkerPool().forEach(count: folders) { number in
            let place = folder / "d\(number)"
            try disk.makeDirectories(place)
            var bytes: [UInt8] = []
            let first = number * perFolder
            for index in first..<min(count, first + perFolder) {
                bytes.removeAll(keepingCapacity: true)
                content(index, &bytes)
                let file = try disk.openFile(
                    place / "f\(index).\(suffix)", .createNew(permissions: 0o644))
                try file.write(bytes, at: 0)
                try file.close()
            }
        }
    }

    private static let words: [StaticString] = [
        "the", "model", "answers", "a", "question", "about", "weather", "in", "spring", "and",
        "some", "other", "people", "think", "that", "it", "was", "raining", "on", "their", "way",
        "to", "work", "because", "of", "clouds", "nobody", "saw", "before", "noon", "today",
        "again",
    ]

    private func appendRecord(_ index: Int, _ source: RandomSource, to out: inout [UInt8]) {
        let base = UInt64(index) * 16
        let head = source.words(at: base)
        out.append(text: #"{"id":""#)
        out.append(hexadecimal: UInt64(head.x) << 32 | UInt64(head.y))
        out.append(text: #"","label":"#)
        out.append(decimal: Int(head.z % 12))
        out.append(text: #","score":0."#)
        out.append(decimal: Int(head.w % 1_000_000), width: 6)
        out.append(text: #","source":"crawl-"#)
        out.append(decimal: Int(head.z >> 8 % 40))
        out.append(text: #"","length":"#)
        out.append(decimal: 200 + Int(head.w >> 8 % 300))
        out.append(text: #","text":""#)
        var position = base + 1
        while out.count < 437 {
            let words = source.words(at: position)
            position += 1
            for lane in 0..<4 where out.count < 437 {
                out.append(text: SmallFiles.words[Int(words[lane] % 32)])
                out.append(0x20)
            }
        }
        out.removeLast()
        out.append(text: "\"}\n")
    }
}
