import Objects
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// Checkouts of more files than are written at once.
@Suite struct LargeCheckoutTests {
    /// Files before and behind what needs the folder itself in the middle: a folder inside, an empty
    /// one, and a large file.
    @Test func `a folder that fills several batches comes back whole, with what is inside it`()
        throws
    {
        let place = try WorkspaceFolder()
        let disk = LocalDisk()
        for number in 0..<9000 {
            try place.folder.write("\(number)", to: "d/f\(100_000 + number)")
        }
        for number in 0..<300 {
            try place.folder.write("\(-number)", to: "d/f104000x/g/\(number)")
        }
        try disk.makeDirectories(place.folder.path / "d/f102000-empty")
        let large = String(repeating: "0123456789abcdef", count: 80_000)
        try place.folder.write(large, to: "d/f103000-large")
        try place.folder.write("z", to: "d/z/z")
        _ = try add([place.path("d")], in: place.workspace)
        try disk.removeTree(place.folder.path / "d")

        let report = try checkout(nil, in: place.workspace)
        #expect(report.filesWritten == 9302)
        for number in [0, 1999, 2000, 3000, 4000, 4001, 8190, 8191, 8192, 8999] {
            #expect(try place.folder.read("d/f\(100_000 + number)") == "\(number)")
        }
        #expect(try place.folder.read("d/f104000x/g/299") == "-299")
        #expect(try place.folder.read("d/f103000-large") == large)
        #expect(try place.folder.has("d/f102000-empty"))
        #expect(try disk.entries(of: place.folder.path / "d").count == 9004)
        #expect(try status(in: place.workspace).isClean)
        let names = try disk.entries(of: place.folder.path).map {
            String(decoding: $0.name, as: UTF8.self)
        }
        #expect(!names.contains { $0.hasPrefix(temporaryNamePrefix) })

        // What is not wanted goes, with the folders that are empty then; what is equal stays.
        try disk.removeTree(place.folder.path / "d/f104000x")
        try place.folder.write("other", to: "d/f104000x")
        for number in 0..<40 { try place.folder.write("n", to: "d/new/\(number)/deep/n") }
        try place.folder.write("n", to: "d/f100000-new")
        var options = CheckoutOptions()
        options.force = true
        let again = try checkout(nil, in: place.workspace, options: options)
        #expect(again.saved.count == 42 && again.filesRemoved == 42 && again.filesWritten == 300)
        #expect(try !place.folder.has("d/new") && !place.folder.has("d/f100000-new"))
        #expect(try place.folder.read("d/f104000x/g/0") == "0")
        #expect(try status(in: place.workspace).isClean)

        _ = try undo(in: place.workspace)
        #expect(try place.folder.read("d/f104000x") == "other")
        #expect(try place.folder.read("d/new/39/deep/n") == "n")
        _ = try undo(in: place.workspace)
        #expect(try status(in: place.workspace).isClean)
    }
}
