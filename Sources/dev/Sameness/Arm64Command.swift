import ArgumentParser
import Bytes
import Kernels
import Platform
import Vocabulary

struct Arm64Command: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "arm64",
        abstract: "Compile the kernels for arm64, run them, and compare the bits with those here.",
        discussion: """
            All of Kernels and CKernels, by the Swift and C compilers of this toolchain as Embedded \
            Swift, without a C library, and run by QEMU. Each digest that they print must be the one \
            of this processor. Skipped, and said so, where QEMU or the standard library for arm64 is \
            not installed.
            """)

    func run() throws {
        let tree = try SourceTree.current()
        let emulators = ["qemu-aarch64-static", "qemu-aarch64"]
        guard let emulator = emulators.first(where: { has([$0, "--version"], in: tree.root) })
        else { return skip("QEMU is not here (Debian: qemu-user-static)") }
        let toolchain = try Toolchain(in: tree.root)
        guard try toolchain.hasEmbedded(Arm64Program.target) else {
            return skip("this toolchain has no standard library for \(Arm64Program.target)")
        }
        let folder = tree.root / ".build/arm64"
        let program = try Arm64Program(tree, toolchain).build(in: folder)
        let found = try KernelDigestList(
            lines: output(of: [emulator, "\(program)"], in: tree.root))
        let expected = KernelDigestList(.serial)
        let differences = expected.differences(found)
        for name in differences { print("'\(name)' has other bits on arm64") }
        print("\(expected.digests.count) digests of kernels on arm64: \(differences.count) differ")
        if !differences.isEmpty { throw ExitCode.failure }
    }

    private func has(_ command: [String], in folder: DiskPath) -> Bool {
        (try? output(of: command, in: folder)) != nil
    }

    private func skip(_ why: String) {
        print("SKIPPED, the kernels were not tried on arm64: \(why)")
    }
}

/// The compilers of the Swift toolchain in use.
private struct Toolchain {
    private let resources: DiskPath

    init(in folder: DiskPath) throws {
        let told = try JSONValue(
            parsing: Array(output(of: ["swiftc", "-print-target-info"], in: folder).utf8))
        guard let path = told["paths"]?["runtimeResourcePath"]?.stringValue else {
            throw StoreError(.malformed, "'swiftc -print-target-info' does not say where it is")
        }
        resources = DiskPath(path)
    }

    func hasEmbedded(_ target: String) throws -> Bool {
        try LocalDisk().status(of: resources / "embedded" / target, followingLinks: true) != nil
    }

    /// A program beside the compiler.
    func program(_ name: String) -> String { "\(resources.parent.parent / "bin" / name)" }
}

/// The kernels as a program for Linux on arm64 that prints their digests.
private struct Arm64Program {
    static let target = "aarch64-none-none-elf"

    private let tree: SourceTree
    private let toolchain: Toolchain

    init(_ tree: SourceTree, _ toolchain: Toolchain) {
        self.tree = tree
        self.toolchain = toolchain
    }

    /// Compiles and links it in a folder, which is made anew.
    func build(in folder: DiskPath) throws -> DiskPath {
        let disk = LocalDisk()
        try disk.removeTree(folder)
        try disk.makeDirectories(folder)
        let header = tree.root / "Sources/CKernels/include/CKernels.h"
        try writeAtomically(
            Array("module CKernels { header \"\(header)\" export * }\n".utf8),
            to: folder / "module.modulemap", on: disk, durable: false)
        let swift = tree.paths.filter {
            ($0.hasPrefix("Sources/Kernels/") || $0.hasPrefix("Tests/Arm64/")
                || $0 == "Sources/dev/Sameness/KernelDigests.swift") && $0.hasSuffix(".swift")
        }
        _ = try output(
            of: [
                toolchain.program("swiftc"), "-target", Arm64Program.target,
                "-enable-experimental-feature", "Embedded", "-swift-version", "6", "-O", "-wmo",
                // What it warns of is what this standard library lacks and the program does not use.
                "-suppress-warnings", "-parse-as-library", "-module-name", "Kernels",
                "-package-name", "mlstore", "-I", "\(folder)", "-Xcc", "-ffreestanding",
                "-c", "-o", "\(folder / "swift.o")",
            ] + swift, in: tree.root)
        for (source, object) in [
            ("Tests/Arm64/Runtime.c", "runtime.o"), ("Sources/CKernels/Levels.c", "levels.o"),
        ] {
            _ = try output(
                of: [
                    toolchain.program("clang"), "--target=\(Arm64Program.target)", "-O2",
                    "-ffreestanding", "-fno-builtin", "-ISources/CKernels/include", "-c", source,
                    "-o", "\(folder / object)",
                ], in: tree.root)
        }
        let program = folder / "kernels"
        _ = try output(
            of: [toolchain.program("ld.lld"), "-static", "-o", "\(program)"]
                + ["swift.o", "runtime.o", "levels.o"].map { "\(folder / $0)" }, in: tree.root)
        return program
    }
}
