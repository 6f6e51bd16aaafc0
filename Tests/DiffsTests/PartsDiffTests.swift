import Diffs
import Platform
import TestSupport
import Testing
import Vocabulary
import Workspaces

@Suite struct PartsDiffTests {
    private let folder: TemporaryFolder
    private let workspace: Workspace

    init() throws {
        folder = try TemporaryFolder()
        workspace = try Workspace.create(at: folder.path, on: .local(threads: 1)).workspace
    }

    /// The lines of the difference, below its title: between two stored versions, which must be that
    /// between the stored one and a file.
    private func lines(
        _ name: String, _ old: [UInt8], _ new: [UInt8], hidingValues: Bool = false
    ) throws -> [String] {
        let path = try RepoPath(name)
        var versions: [TrackedVersion] = []
        for bytes in [new, old] {
            try folder.write(bytes, to: name)
            _ = try add([path], in: workspace)
            let pointer = try #require(try workspace.pointer(of: path))
            versions.append(
                TrackedVersion(content: pointer.content, sizeBytes: pointer.sizeBytes))
        }
        try folder.write(new, to: name)
        var options = DatasetDiffOptions()
        options.paths = [path]
        let onDisk = try diffDatasets(
            from: .pointers, to: .files, in: workspace, options: options)
        let stored = try diffVersions(
            from: [path: versions[1]], to: [path: versions[0]], in: workspace)
        let lines = stored.flatMap { $0.textLines(hidingValues: hidingValues) }
        if !name.hasSuffix("safetensors") {
            #expect(lines == onDisk.flatMap { $0.textLines(hidingValues: hidingValues) })
        }
        return Array(lines.dropFirst())
    }

    private func lines(_ name: String, _ old: String, _ new: String) throws -> [String] {
        try lines(name, Array(old.utf8), Array(new.utf8))
    }

    @Test func `documents differ by the paths of their values`() throws {
        #expect(
            try lines(
                "a.json", #"{"a":{"b":1,"c":[1,2]},"x":"y"}"#, #"{"a":{"b":1.5,"c":[1]},"z.w":{}}"#)
                == [
                    "  JSON   4 changed, 1 equal", #"  + "z.w"  {}"#, "  ~ a.b  1 -> 1.5  (+0.5)",
                    "  - a.c[1]  2", #"  - x  "y""#,
                ])
        #expect(
            try lines("a.yaml", "a: 1\nb: [x, 'y']\n", "a: 2\nb: [x, y]\n") == [
                "  YAML   2 changed, 1 equal", "  ~ a  1 -> 2  (+1)", #"  ~ b[1]  "y" -> y"#,
            ])
        let hidden = try lines(
            "h.json", Array(#"{"a":"secret"}"#.utf8), Array(#"{"a":"other"}"#.utf8),
            hidingValues: true)
        #expect(hidden == ["  JSON   1 changed, 0 equal", "  ~ a"])
        // How far a number moved would tell it to who knows one of both.
        let (low, high) = (Array(#"{"pay":1000}"#.utf8), Array(#"{"pay":1700}"#.utf8))
        #expect(try lines("p.json", low, high).last == "  ~ pay  1000 -> 1700  (+700)")
        #expect(try lines("q.json", low, high, hidingValues: true).last == "  ~ pay")
        #expect(try page("r.json", low, high).contains("+700"))
        #expect(!(try page("s.json", low, high, hidingValues: true)).contains("700"))
        // What only says that it is a document is a text.
        #expect(
            try lines("b.json", "{\nx", "{\ny") == [
                "  text   2 changed, 1 equal", "  - line 2  x", "  + line 2  y",
            ])
    }

    @Test func `texts differ by lines, large ones as bags of lines`() throws {
        #expect(
            try lines("a.md", "a\nb\nc\n", "a\nx\nc\nd\n") == [
                "  text   3 changed, 3 equal", "  - line 2  b", "  + line 2  x", "  + line 4  d",
            ])
        let many = (0..<6000).map { "line \($0)" }
        let text = try lines(
            "b.txt", many.joined(separator: "\n"),
            (many.reversed() + ["more"]).joined(separator: "\n"))
        #expect(text == ["  text   1 changed, 6,000 equal", "  + line 6001  more"])
        #expect(
            try lines("c.bin", [0, 1, 2], [0, 1, 3])
                == ["  content differs (not a table, document, text, image or model)"])
    }

    /// The section of a page about a file that was replaced.
    private func page(_ name: String, _ old: [UInt8], _ new: [UInt8], hidingValues: Bool = false)
        throws -> String
    {
        let path = try RepoPath(name)
        try folder.write(old, to: name)
        _ = try add([path], in: workspace)
        try folder.write(new, to: name)
        var options = DatasetDiffOptions()
        options.paths = [path]
        return try diffDatasets(from: .pointers, to: .files, in: workspace, options: options)
            .map { $0.html(hidingValues: hidingValues) }.joined()
    }

    @Test func `a page shows both versions of an image, if they are small`() throws {
        func gif(_ width: UInt8, _ rest: Int, high: UInt8 = 0) -> [UInt8] {
            Array("GIF89a".utf8) + [width, high, 2, high] + Array(repeating: 0x3c, count: rest)
        }
        let shown = try page("<a\">.gif", gif(3, 2), gif(4, 2))
        #expect(
            shown.contains(
                "<img src=\"data:image/gif;base64,R0lGODlhAwACADw8\" alt=\"the old picture\">"))
        #expect(shown.contains("base64,R0lGODlhBAACADw8\" alt=\"the new picture\">"))
        #expect(!shown.contains("<a\""))
        #expect(!(try page("b.gif", gif(3, 2), gif(4, 2), hidingValues: true)).contains("<img"))
        #expect(!(try page("c.gif", gif(3, 2), gif(4, 256 << 10))).contains("<img"))
        #expect(!(try page("d.gif", gif(3, 2), gif(4, 2, high: 0xff))).contains("<img"))
    }

    @Test func `a page shows some images and not a thousand`() throws {
        for round in 0..<2 {
            for number in 0..<20 {
                try folder.write(
                    Array("GIF89a".utf8) + [1, 0, UInt8(1 + round), 0]
                        + Array(repeating: UInt8(number), count: 200 << 10), to: "\(number).gif")
            }
            if round == 0 {
                _ = try add(try (0..<20).map { try RepoPath("\($0).gif") }, in: workspace)
            }
        }
        let changes = try diffDatasets(from: .pointers, to: .files, in: workspace)
        #expect(changes.count == 20)
        #expect(changes.count { $0.html().contains("<img") } == 10)
    }

    @Test func `images differ by what their headers say`() throws {
        func png(_ width: UInt8, _ type: UInt8) -> [UInt8] {
            [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13] + Array("IHDR".utf8)
                + [0, 0, 1, width, 0, 0, 0, 9, 8, type, 0, 0, 0]
        }
        #expect(
            try lines("a.png", png(0, 2), png(4, 6)) == [
                "  PNG image   2 changed", "  ~ size  256 x 9 -> 260 x 9",
                "  ~ pixels  RGB, 8 bits -> RGBA, 8 bits",
            ])
        #expect(
            try lines("b.png", png(0, 2), png(0, 2) + [7]) == [
                "  PNG image   1 changed",
                "  ~ content  256 x 9 -> 256 x 9  (size and format are equal)",
            ])
        let gif = Array("GIF89a".utf8) + [3, 0, 2, 1]
        let bmp: [UInt8] =
            Array("BM".utf8) + Array(repeating: 0, count: 12) + [
                40, 0, 0, 0, 5, 0, 0, 0, 0xfe, 0xff,
            ]
            + [0xff, 0xff, 1, 0, 24, 0]
        #expect(
            try lines("c.img", gif, bmp) == [
                "  BMP image   3 changed", "  ~ format  GIF -> BMP", "  ~ size  3 x 258 -> 5 x 2",
                "  + pixels  24 bits",
            ])
        let jpeg: [UInt8] = [
            0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xff, 0xc2, 0, 11, 8, 0, 16, 0, 32, 3, 1,
            0x11, 0,
        ]
        let head = Array("RIFF".utf8) + [0, 0, 0, 0] + Array("WEBP".utf8)
        let webp = head + Array("VP8X".utf8) + Array(repeating: 0, count: 8) + [31, 0, 0, 15, 0, 0]
        #expect(
            try lines("d.img", jpeg, webp) == [
                "  WebP image   2 changed", "  ~ format  JPEG -> WebP",
                "  - pixels  colour, progressive",
            ])
    }

    @Test(arguments: 0..<22)
    func `an image that is cut off is no image`(count: Int) throws {
        let whole: [UInt8] = [
            0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0, 0xff, 0xff, 0xc2, 0, 11, 8, 0, 16, 0, 32, 3, 1,
            0x11, 0,
        ]
        let text = try lines("a.jpg", Array(whole.prefix(min(count, 18))), [0, 1])
        #expect(text.first?.contains("content differs") == true)
    }

    // MARK: - Tensors

    private func safetensors(_ header: String, _ data: [UInt8]) -> [UInt8] {
        let text = Array(header.utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) } + text + data
    }

    private func floats(_ values: [Float]) -> [UInt8] {
        values.flatMap { value in
            (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> (8 * $0)) }
        }
    }

    @Test func `tensors differ by shape, and by how much their numbers changed`() throws {
        let header =
            #"{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"#
            + #""b":{"dtype":"F32","shape":[1],"data_offsets":[16,20]}}"#
        let other =
            #"{"a":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"#
            + #""c":{"dtype":"F32","shape":[1],"data_offsets":[16,20]}}"#
        let old = safetensors(header, floats([3, 4, 0, 0, 1]))
        #expect(
            try lines("m.safetensors", old, safetensors(other, floats([3, 4, 3, -4, 1]))) == [
                "  safetensors   3 changed, 0 equal",
                "  ~ a  F32 [2, 2] -> F32 [2, 2]  (2 numbers changed, norm of the change 5 (of 5), "
                    + "largest -4 at [1, 1])",
                "  - b  F32 [1]", "  + c  F32 [1]",
            ])
        let odd = try lines(
            "n.safetensors", old, safetensors(header, floats([3, 4, .infinity, 0.5, 1])))
        #expect(odd[0] == "  safetensors   1 changed, 1 equal")
        #expect(odd[1].hasSuffix("largest +0.5 at [1, 1], 1 to or from what is no finite number)"))
        // A header that contradicts the data is not believed.
        let lying = safetensors(header, floats([3, 4]))
        #expect(try lines("l.safetensors", old, lying)[0].contains("content differs"))
    }

    @Test func `NumPy arrays are compared as one tensor`() throws {
        func npy(_ shape: String, _ data: [UInt8]) -> [UInt8] {
            let text = Array("{'descr': '<f2', 'fortran_order': False, 'shape': \(shape), }\n".utf8)
            return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(text.count), 0] + text + data
        }
        // 1.0 and 1.5 as halves.
        let text = try lines(
            "a.npy", npy("(2,)", [0, 0x3c, 0, 0x3c]), npy("(2,)", [0, 0x3c, 0, 0x3e]))
        #expect(
            text == [
                "  NPY   1 changed, 1 equal",
                "  ~ array  <f2 [2] -> <f2 [2]  (1 number changed, norm of the change 0.5 (of "
                    + "1.414214), largest +0.5 at [1])",
            ])
        let shape = try lines("b.npy", npy("(2,)", [0, 0, 0, 0]), npy("(1, 1)", [0, 0]))
        #expect(shape.contains("  ~ array  <f2 [2] -> <f2 [1, 1]"))
    }
}
