import Platform
import Vocabulary

/// What of the machine can reach results without being named anywhere: its processor, its system's
/// release, its graphics processors and their driver. Asked once a run; what cannot be told is nil
/// or empty. No name of a host or user is among it.
struct MachineFacts: Sendable {
    /// The release of the operating system's kernel.
    let systemRelease: String?
    /// The processor's model.
    let processor: String?
    /// The models of graphics processors, sorted.
    let accelerators: [String]
    /// The version of their driver.
    let acceleratorDriver: String?

    init(disk: any Disk) {
        func text(_ path: String, atMost count: Int) -> String? {
            // Files of the system say that they are empty, so they are read, not asked.
            guard let file = try? disk.openFile(DiskPath(path), .read) else { return nil }
            defer { try? file.close() }  // only read
            guard let bytes = try? file.read(at: 0, count: count), !bytes.isEmpty else {
                return nil
            }
            return String(decoding: bytes, as: UTF8.self)
        }
        let release = Environment.systemName.release
        systemRelease = release.isEmpty ? nil : release
        processor = text("/proc/cpuinfo", atMost: 4096).flatMap {
            MachineFacts.value(of: "model name", in: $0)
        }
        acceleratorDriver = text("/proc/driver/nvidia/version", atMost: 4096).flatMap {
            MachineFacts.driverVersion(in: $0)
        }
        let folder = DiskPath("/proc/driver/nvidia/gpus")
        let cards = acceleratorDriver == nil ? nil : try? disk.entries(of: folder)
        accelerators = (cards ?? []).compactMap { card in
            text(
                "\(folder)/\(String(decoding: card.name, as: UTF8.self))/information", atMost: 4096
            )
            .flatMap { MachineFacts.value(of: "Model", in: $0) }
        }.sorted()
    }

    /// The value of a line `name : value`.
    static func value(of name: String, in text: String) -> String? {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, trimmed(parts[0]) == name else { continue }
            let value = trimmed(parts[1])
            return value.isEmpty ? nil : printable(Array(value.prefix(200).utf8))
        }
        return nil
    }

    /// `535.183.01` of `NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.183.01  Wed …`.
    static func driverVersion(in text: String) -> String? {
        let line = text.split(separator: "\n").first { $0.hasPrefix("NVRM version:") }
        return line?.split(separator: " ").first { word in
            word.contains(".") && word.allSatisfy { $0.isNumber || $0 == "." }
        }.map(String.init)
    }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank: (Character) -> Bool = { $0 == " " || $0 == "\t" }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text = text.dropLast() }
        return String(text)
    }
}
