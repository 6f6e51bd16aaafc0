import Bytes
import Platform
import Vocabulary

/// The files that the demo needs: they are installed beside the program, under `share/mlstore`.
struct DemoFiles {
    private let directory: DiskPath
    private let disk: any Disk

    /// Finds the files: where `MLSTORE_SHARE` says, else at `../share/mlstore` from the program.
    init(on disk: any Disk) throws {
        self.disk = disk
        if let place = Environment.variable("MLSTORE_SHARE") {
            directory = DiskPath(place)
        } else {
            directory = try Environment.executablePath().parent.parent / "share/mlstore"
        }
    }

    /// The tutorial's text.
    func tutorial() throws -> Transcript {
        let bytes = try read("getting-started.md")
        return Transcript(markdown: String(decoding: bytes, as: UTF8.self))
    }

    /// The two tables by name, unpacked.
    func tables() throws -> [(name: String, bytes: [UInt8])] {
        let packed = try read("flights.csv.zst")
        let length = 30_884_571
        do {
            let flights = try Zstd.decompress(packed, plainLength: length)
            return [("flights.csv", flights), ("airports.csv", try read("airports.csv"))]
        } catch let error as DecodeError {
            throw StoreError(
                .corrupt, "cannot unpack the demo's table: \(error)",
                advice: "run './install.sh' again")
        }
    }

    private func read(_ name: String) throws -> [UInt8] {
        do {
            return try disk.readFile(directory / name, maximumBytes: 64 << 20)
        } catch let error as StoreError where error.kind == .notFound {
            throw StoreError(
                .notFound, "cannot find the demo's file '\(directory / name)'",
                subject: name,
                advice: "install mlstore with './install.sh', or set MLSTORE_SHARE to the folder "
                    + "that holds it",
                safety: "nothing was written", cause: error)
        }
    }
}
