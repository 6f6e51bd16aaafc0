import Platform
import Vocabulary

/// The Palmer penguins, from `fixtures/data`: 344 rows, three species, some missing values. Empty
/// when the file cannot be read, which no test survives.
let penguins: String = {
    let tests = DiskPath(#filePath).parent.parent
    let path = tests.parent / "fixtures/data/penguins.csv"
    let bytes = try? LocalDisk().readFile(path, maximumBytes: 1 << 20)
    return String(decoding: bytes ?? [], as: UTF8.self)
}()
