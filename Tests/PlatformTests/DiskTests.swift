import Platform
import TestSupport
import Testing
import Vocabulary

@Suite struct DiskTests {
    @Test(arguments: diskConformance)
    func `the real disk keeps the rules`(rule: ConformanceCheck<DiskUnderTest>) throws {
        try withTemporaryFolder { try rule.run(DiskUnderTest(LocalDisk(), $0)) }
    }

    @Test(arguments: diskConformance)
    func `the simulated disk keeps the rules`(rule: ConformanceCheck<DiskUnderTest>) throws {
        let disk = SimulatedDisk()
        try disk.makeDirectories(DiskPath("/work/dir"))
        try rule.run(DiskUnderTest(disk, DiskPath("/work/dir")))
    }
}
