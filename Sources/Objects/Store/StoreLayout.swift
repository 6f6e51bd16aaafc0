import Bytes
import Platform
import Vocabulary

/// Where the parts of a store stand below its directory.
///
///     format              canonical JSON: what this is, its version and features
///     journal             the truth about packs and refs (`JournalFormat`)
///     journal.head        how far the journal reached: shows that its end was lost (`JournalHead`)
///     lock                locked for the milliseconds of an append to the journal
///     packs/<hex>.pack    the objects (`PackFormat`)
///     packs/<hex>.plain   bytes that the pack of that name refers to (`PlainPlace`)
///     index/<hex>.idx     derived (`IndexFormat`)
///     sessions/lock       locked while a session is made or dead ones are cleaned away
///     sessions/<nonce>/   packs being written, `began`, and `lock`, held as long as their writer lives
///     scrub               derived: when each pack was last scrubbed (`ScrubLog`)
///     quarantine/         damaged packs, moved aside by a repair; an empty file where one is to be moved
///     collection.lock     locked by a collection from its beginning to its end
struct StoreLayout: Sendable {
    let root: DiskPath

    var format: DiskPath { root / "format" }
    var journal: DiskPath { root / "journal" }
    var journalHead: DiskPath { root / JournalHead.fileName }
    var lock: DiskPath { root / "lock" }
    var packs: DiskPath { root / "packs" }
    var index: DiskPath { root / "index" }
    var sessions: DiskPath { root / "sessions" }
    var quarantine: DiskPath { root / "quarantine" }
    var collectionLock: DiskPath { root / "collection.lock" }
    var sessionsLock: DiskPath { sessions / "lock" }

    func pack(_ id: PackID) -> DiskPath { packs / "\(id.digest.hex).pack" }
    func plainFile(_ id: PackID) -> DiskPath { StoreLayout.plainFile(of: pack(id)) }
    func quarantined(_ id: PackID) -> DiskPath { quarantine / "\(id.digest.hex).pack" }

    /// The plain file beside a pack.
    static func plainFile(of pack: DiskPath) -> DiskPath {
        let name = pack.lastComponent
        let stem = name.suffix(5) == Array(".pack".utf8) ? name.dropLast(5) : name[...]
        return pack.parent.appending(Array(stem) + Array(".plain".utf8))
    }

    func segment(_ name: String) -> DiskPath { index / name }

    /// The id in a pack's file name, or nil for any other name.
    static func packID(named name: [UInt8]) -> PackID? {
        let text = String(decoding: name, as: UTF8.self)
        guard text.hasSuffix(".pack") else { return nil }
        return Digest(hex: text.dropLast(5)).map { PackID($0) }
    }

    /// The id in the name of a pack's plain file, or nil for any other name.
    static func plainFileID(named name: [UInt8]) -> PackID? {
        let text = String(decoding: name, as: UTF8.self)
        guard text.hasSuffix(".plain") else { return nil }
        return Digest(hex: text.dropLast(6)).map { PackID($0) }
    }

    static func isSegment(_ name: [UInt8]) -> Bool {
        let text = String(decoding: name, as: UTF8.self)
        return text.hasSuffix(".idx") && Digest(hex: text.dropLast(4)) != nil
    }
}

/// The `format` file: `{"features":[],"format":"mlstore store","version":1}` and a newline.
///
/// A feature is a word that a reader must know to read the store rightly; none is defined yet.
enum StoreFormatFile {
    static let version: Int64 = 1
    static let name = "mlstore store"

    static var current: [UInt8] {
        let value: JSONValue = [
            "format": .string(name), "version": .integer(version), "features": [],
        ]
        return value.canonical + [0x0a]
    }

    static func check(_ bytes: [UInt8]) throws {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: bytes)
        } catch { throw StoreError.damaged("format", at: error.offset, error.reason, cause: error) }
        guard value["format"]?.stringValue == name, let found = value["version"]?.integerValue,
            let features = value["features"]?.arrayValue
        else { throw StoreError.damaged("format", at: 0, "it does not describe a store") }
        guard found == version else {
            throw StoreError.newerFormat("format", "store version \(found)")
        }
        if let feature = features.first {
            let name = feature.stringValue ?? "?"
            throw StoreError.newerFormat("format", "the feature '\(name)'")
        }
    }
}
