import Platform
import TestSupport
import Testing
import Vocabulary

/// Fills a real file system.
///
/// The workspace lies on a tmpfs that is made as small as what is on it and a little more, a
/// little more each time, so that every command runs out of space at another place.
@Suite(
    .serialized,
    .enabled(
        if: BuiltProgram.can("d=$(mktemp -d) && mount -t tmpfs tmpfs $d && umount $d; rmdir $d"),
        "a tmpfs cannot be mounted here (that needs root on Linux): no disk is filled"))
struct FullDiskTests {
    @Test(.tags(.crash), arguments: Deed.allCases)
    func `a disk that is full at any moment is told, and the command goes on later`(
        deed: Deed
    ) throws {
        let folder = try TemporaryFolder()
        let volume = folder.path / "volume"
        try LocalDisk().makeDirectory(volume)
        #expect(BuiltProgram.can("mount -t tmpfs -o size=64m tmpfs '\(volume)'"))
        defer { #expect(BuiltProgram.can("umount '\(volume)'")) }
        let bench = try Bench(in: volume, hasRemote: true)
        var refused = 0
        var free = 0
        while true {
            try deed.prepare(bench, version: refused + 1)
            let comment: Comment = "\(deed) with \(free) KiB left"
            try resize(volume, leaving: free)
            let ended = try bench.run(deed.line)
            let full = try bench.run("mlstore fsck -q && mlstore status")
            #expect([0, 3].contains(full.status), "\(comment): \(full.errors)\(full.output)")
            #expect(BuiltProgram.can("mount -o remount,size=64m '\(volume)'"))
            try bench.checkSound(comment)
            try deed.complete(bench, comment)
            if ended.status == 0 { break }
            #expect(ended.errors.contains("no space left on device"), "\(comment)")
            #expect(ended.errors.contains("\nhint: free some space"), "\(comment): \(ended.errors)")
            refused += 1
            free += 4 << refused / 2
        }
        #expect(refused > 0)
        print("full disks tried, \(deed): \(refused)")
    }

    private func resize(_ volume: DiskPath, leaving kibibytes: Int) throws {
        #expect(
            BuiltProgram.can(
                """
                used=$(df -k --output=used '\(volume)' | tail -n 1)
                mount -o remount,size=$((used + \(kibibytes)))k '\(volume)'
                """))
    }
}
