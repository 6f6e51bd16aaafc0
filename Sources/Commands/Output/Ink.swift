/// Colour, or none: every styled word goes through here, so that a pipe never sees an escape.
package struct Ink: Sendable {
    /// Whether escapes are written.
    package let isColoured: Bool

    /// Ink that colours, or ink that leaves words as they are.
    package init(isColoured: Bool) { self.isColoured = isColoured }

    /// Plain ink.
    package static let plain = Ink(isColoured: false)

    func bold(_ text: String) -> String { styled(text, "1") }
    func dim(_ text: String) -> String { styled(text, "2") }
    func red(_ text: String) -> String { styled(text, "31") }
    func green(_ text: String) -> String { styled(text, "32") }
    func yellow(_ text: String) -> String { styled(text, "33") }
    func cyan(_ text: String) -> String { styled(text, "36") }

    private func styled(_ text: String, _ code: String) -> String {
        isColoured && !text.isEmpty ? "\u{1b}[\(code)m\(text)\u{1b}[0m" : text
    }
}

/// How many columns a terminal gives `text`: escapes count nothing, East Asian wide letters two.
func displayWidth(_ text: String) -> Int {
    var width = 0
    var insideEscape = false
    for scalar in text.unicodeScalars {
        if insideEscape {
            if scalar == "m" { insideEscape = false }
        } else if scalar == "\u{1b}" {
            insideEscape = true
        } else {
            width += columns(of: scalar)
        }
    }
    return width
}

private func columns(of scalar: Unicode.Scalar) -> Int {
    switch scalar.value {
    case 0x300...0x36f, 0x200b...0x200f, 0xfe00...0xfe0f: 0
    case 0x1100...0x115f, 0x2e80...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
        0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1faff, 0x20000...0x3fffd:
        2
    default: 1
    }
}
