import Platform
package import Vocabulary

/// Chromium without a window.
package enum Browser {
    /// Whether it is here.
    package static let isInstalled = BuiltProgram.can("command -v chromium")

    /// The page of a file as the browser understood it, after its scripts, if it ran any.
    package static func document(of page: DiskPath, in folder: DiskPath) throws -> String {
        try run("--dump-dom", page, in: folder)
    }

    /// Opens the page of a file in a window of 800 times 1000 and looks at the picture: the numbers of its
    /// points by colour (`#rrggbb`), and how many of its rows are not of one colour.
    package static func picture(
        of page: DiskPath, in folder: DiskPath
    ) throws -> (colours: [String: Int], rows: Int) {
        let file = folder / "picture.png"
        _ = try run("--window-size=800,1000 --screenshot='\(file)'", page, in: folder)
        let result = try BuiltProgram.shell("python3 -c '\(look)' '\(file)'", in: folder)
        guard result.status == 0 else { throw StoreError(.io, result.errors) }
        var colours: [String: Int] = [:]
        var rows = 0
        for line in result.output.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let count = Int(words[1]) else { continue }
            if words[0] == "rows" { rows = count } else { colours[String(words[0])] = count }
        }
        return (colours, rows)
    }

    private static func run(
        _ options: String, _ page: DiskPath, in folder: DiskPath
    ) throws -> String {
        // In a folder of its own it neither sees nor leaves settings.
        let result = try BuiltProgram.shell(
            """
            timeout 60 chromium --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage \
            --user-data-dir=browser --no-first-run --disable-background-networking \
            --force-device-scale-factor=1 \(options) 'file://\(page)'
            """, in: folder)
        guard result.status == 0 else { throw StoreError(.io, "chromium: \(result.errors)") }
        return result.output
    }

    /// Undoes the filters of PNG (RFC 2083, section 6), of eight bits a sample.
    private static let look = """
        import collections, struct, sys, zlib
        data, at, packed = open(sys.argv[1], "rb").read(), 8, b""
        while at < len(data):
            size, = struct.unpack(">I", data[at:at + 4])
            kind, part = data[at + 4:at + 8], data[at + 8:at + 8 + size]
            if kind == b"IHDR": width, height, depth, colour = struct.unpack(">IIBB", part[:10])
            if kind == b"IDAT": packed += part
            at += size + 12
        assert depth == 8 and colour in (2, 6)
        step = 3 if colour == 2 else 4
        raw, line = zlib.decompress(packed), width * step
        before, seen, rows = bytearray(line), collections.Counter(), 0
        for row in range(height):
            kind = raw[row * (line + 1)]
            now = bytearray(raw[row * (line + 1) + 1:(row + 1) * (line + 1)])
            for i in range(line if kind else 0):
                left, up = now[i - step] if i >= step else 0, before[i]
                corner = before[i - step] if i >= step else 0
                if kind == 1: guess = left
                elif kind == 2: guess = up
                elif kind == 3: guess = (left + up) // 2
                else:
                    far = [abs(up - corner), abs(left - corner), abs(left + up - 2 * corner)]
                    guess = (left, up, corner)[far.index(min(far))]
                now[i] = (now[i] + guess) & 255
            points = collections.Counter(bytes(now[i:i + 3]) for i in range(0, line, step))
            seen += points
            rows += len(points) > 1
            before = now
        for point, count in seen.most_common(400): print("#" + point.hex(), count)
        print("rows", rows)
        """
}
