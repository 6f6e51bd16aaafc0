import Platform
import Testing
import Vocabulary

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct ConnectedProcessTests {
    @Test func `what is written comes back, and the end is told`() throws {
        let process = try ConnectedProcess(arguments: ["cat"], directory: DiskPath("/"))
        #expect(try process.write(Array("hello".utf8)))
        var seen: [UInt8] = []
        while seen.count < 5, let some = process.readSome(maximum: 64) { seen += some }
        #expect(seen == Array("hello".utf8))
    }

    /// In a process of its own, where nothing else has changed what the signal does.
    @Test func `a program that has ended is an answer, not our end`() async {
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_DFL)
            let process = try ConnectedProcess(arguments: ["true"], directory: DiskPath("/"))
            while process.readSome(maximum: 64) != nil {}
            #expect(try process.write(Array("hello".utf8)) == false)
        }
    }
}
