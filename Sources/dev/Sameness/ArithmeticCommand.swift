import ArgumentParser
import Platform
import Vocabulary

struct ArithmeticCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "arithmetic",
        abstract: "Check that the compiled numeric core leaves no operation to others.",
        discussion: """
            Reads the objects of Kernels, Learning and CKernels with nm and objdump. None may call a \
            function of the C library's mathematics that rounds as it likes, or hold a fused \
            multiply-add.
            """)

    @Argument(help: "The folder that 'swift build -c release --show-bin-path' prints.")
    var build = ".build/release"

    func run() throws {
        let here = try Environment.currentDirectory()
        let folder = build.hasPrefix("/") ? DiskPath(build) : here / build
        var findings: [String] = []
        var count = 0
        for module in ["CKernels", "Kernels", "Learning"] {
            let objects = try objects(folder / "\(module).build")
            count += objects.count
            findings += Arithmetic.calls(
                try output(of: ["nm", "--undefined-only", "--format=posix"] + objects, in: here))
            findings += Arithmetic.fusedOperations(
                try output(of: ["objdump", "-d", "--no-show-raw-insn"] + objects, in: here))
        }
        for finding in findings { print(finding) }
        print("\(count) objects, \(findings.count) findings")
        if !findings.isEmpty { throw ExitCode.failure }
    }

    private func objects(_ folder: DiskPath) throws -> [String] {
        let disk = LocalDisk()
        let names =
            try disk.status(of: folder, followingLinks: true) == nil
            ? [] : disk.entries(of: folder).map { String(decoding: $0.name, as: UTF8.self) }
        let objects = names.filter { $0.hasSuffix(".o") }.sorted()
        guard !objects.isEmpty else {
            throw StoreError(
                .notFound, "cannot check the arithmetic: '\(folder)' has no objects",
                advice: "run 'swift build -c release --product mlstore'")
        }
        return objects.map { "\(folder / $0)" }
    }
}

/// What compiled code may not do.
enum Arithmetic {
    /// Functions whose last bits differ between libraries and processors. Those that are exact or
    /// rounded by IEEE 754 (floor, round, trunc, sqrt, fmod) are not among them.
    private static let functions: Set<String> = [
        "exp", "exp2", "exp10", "expm1", "log", "log2", "log10", "log1p", "pow", "sin", "cos",
        "tan", "sincos", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh",
        "acosh", "atanh", "cbrt", "hypot", "erf", "erfc", "tgamma", "lgamma", "fma",
    ]

    /// What `nm` says is called and may not be. In single precision names end in f, in others in l;
    /// a version stands behind an @.
    static func calls(_ symbols: String) -> [String] {
        let called = symbols.split(separator: "\n").compactMap { line in
            line.split(whereSeparator: { $0 == " " || $0 == "@" }).first.map(String.init)
        }
        return Set(called).sorted().filter { name in
            functions.contains(name)
                || (name.last.map { "fl".contains($0) } ?? false)
                    && functions.contains(String(name.dropLast()))
        }.map { "'\($0)' of the C library is called" }
    }

    /// The fused multiply-adds of x86-64 and arm64 in what `objdump` prints.
    static func fusedOperations(_ listing: String) -> [String] {
        let prefixes = [
            "vfm", "vfnm", "fmadd", "fmsub", "fnmadd", "fnmsub", "fmla", "fmls",
        ].map { Array($0.utf8) }
        var function = ""
        var findings: [String] = []
        for line in listing.utf8.split(separator: 0x0a) {
            if line.first == 0x30 {
                // 0000000000000000 <name>:
                function = String(decoding: line, as: UTF8.self)
                continue
            }
            // Address, tab, instruction.
            guard let tab = line.firstIndex(of: 0x09) else { continue }
            let instruction = line[line.index(after: tab)...]
            for prefix in prefixes where instruction.starts(with: prefix) {
                findings.append(
                    "'\(String(decoding: instruction, as: UTF8.self))' in \(function)")
            }
        }
        return findings
    }
}
