import Platform
import TestSupport
import Testing
import Vocabulary

/// What a user may not read or write, for a user who is not root, or on a read-only mount.
@Suite struct AccessTests {
    /// The beginning of a line that a user without rights runs: nothing for such a user, a change
    /// of user for root.
    private static let asNobody =
        BuiltProgram.can("test $(id -u) -ne 0")
        ? "" : "exec setpriv --reuid=65534 --regid=65534 --clear-groups "
    private static let hasNobody = BuiltProgram.can("\(asNobody)true")

    @Test(
        .enabled(
            if: hasNobody, "this root cannot become another user: no file is unreadable here"))
    func `an unreadable file is named, and nothing is changed`() throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path)
        try bench.change(1)
        try bench.succeed("chmod 755 .. && chmod 000 d/f2")
        if Self.asNobody != "" { try bench.succeed("chown -R 65534:65534 .") }
        let before = try bench.succeed("cat d.mlstore")
        let ended = try bench.run("\(Self.asNobody)mlstore add d")
        #expect(ended.status == 1)
        #expect(ended.errors.contains("d/f2': permission denied"), "\(ended.errors)")
        #expect(ended.errors.contains("\nhint: check who owns it"), "\(ended.errors)")
        #expect(try bench.succeed("cat d.mlstore") == before)
        try bench.succeed("chmod 644 d/f2")
        try bench.checkSound("after an unreadable file")
        try bench.succeed("mlstore add -q d && mlstore status -q d")
    }

    @Test(
        .enabled(if: hasNobody, "this root cannot become another user: nothing is unwritable here"))
    func `in a store of somebody else everything can be read and nothing written`() throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path)
        try bench.succeed("chmod 755 ..")
        if Self.asNobody == "" { try bench.succeed("chmod -R a-w .") }
        defer { _ = try? bench.run("chmod -R u+w .") }
        try check(bench, Self.asNobody, saying: "permission denied")
    }

    @Test(
        .enabled(
            if: BuiltProgram.can(
                "d=$(mktemp -d) && mount --bind -o ro $d $d && umount $d; rmdir $d"),
            "nothing can be mounted read-only here (that needs root on Linux)"))
    func `on a read-only file system everything can be read and nothing written`() throws {
        let folder = try TemporaryFolder()
        let bench = try Bench(in: folder.path)
        let place = "'\(bench.root)'"
        #expect(
            BuiltProgram.can("mount --bind \(place) \(place) && mount -o remount,bind,ro \(place)"))
        defer { #expect(BuiltProgram.can("umount \(place)")) }
        try check(bench, "", saying: "read-only file system")
    }

    private func check(_ bench: Bench, _ user: String, saying why: String) throws {
        for line in [
            "status", "fsck", "log", "lineage work/train.csv", "runs", "diff", "repro --dry-run",
        ] {
            let ended = try bench.run("\(user)mlstore \(line)")
            #expect(ended.status == 0, "\(line): \(ended.errors)\(ended.output)")
        }
        for line in [
            "add d", "commit -m x", "checkout d", "repro --force", "undo", "rm d", "mv d e",
        ] {
            let ended = try bench.run("\(user)mlstore \(line)")
            #expect(ended.status == 1, "\(line)")
            #expect(ended.errors.contains(why), "\(line): \(ended.errors)")
            #expect(ended.errors.contains("\nhint: "), "\(line): \(ended.errors)")
        }
    }
}
