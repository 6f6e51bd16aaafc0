import Bytes
import Testing
import Vocabulary

@testable import Commands

@Suite struct OutputTests {
    @Test func `an error is told with its hint and what is safe`() {
        let error = StoreError(
            .remoteRefused, "cannot push 'models' to 'origin': the folder is read-only",
            advice: "mount it writable", safety: "nothing was sent")
        #expect(
            ErrorPrinter().lines(for: error) == [
                "error: cannot push 'models' to 'origin': the folder is read-only",
                "hint: mount it writable",
                "safe: nothing was sent",
            ])
    }

    @Test func `causes follow, without what was said already`() {
        let inner = StoreError(.io, "the disk is gone")
        let middle = StoreError(.io, "cannot read 'a': the disk is gone", cause: inner)
        let outer = StoreError(.io, "cannot add 'a'", cause: middle)
        #expect(ErrorPrinter.causes(of: outer) == ["cannot read 'a': the disk is gone"])
    }

    @Test func `long lines break between words and stay indented`() {
        #expect(
            wrapped("aaa bbb ccc", prefix: "hint: ", width: 14) == ["hint: aaa bbb", "      ccc"])
        #expect(wrapped("one\ntwo", prefix: "- ") == ["- one", "  two"])
        #expect(
            wrapped("mark\n    a  +\n       ^", prefix: "- ") == [
                "- mark", "      a  +", "         ^",
            ])
        let long = String(repeating: "x", count: 300)
        #expect(wrapped(long, width: 10) == [long])
    }

    @Test(arguments: [
        (StoreError.Kind.badUsage, Int32(2)), (.notAWorkspace, 10), (.locked, 11),
        (.remoteUnreachable, 12), (.interrupted, 130), (.corrupt, 1), (.internalFault, 1),
    ])
    func `a kind has its exit status`(kind: StoreError.Kind, status: Int32) {
        #expect(ExitStatus(of: kind).rawValue == status)
    }

    @Test func `an error for programs leaves out what is not known`() {
        let json = ErrorPrinter().json(for: StoreError(.locked, "busy"))
        #expect(
            json == ["error": ["kind": "locked", "message": "busy", "status": 11]])
    }

    @Test func `a table aligns its columns and drops empty ones`() {
        var table = TableLayout([.left, .left, .right])
        table.add(["a", "", "1"])
        table.add(["数据", "", "1,000"])
        #expect(table.lines(indent: 1) == [" a         1", " 数据  1,000"])
        #expect(TableLayout(columns: 2).lines() == [])
    }

    @Test func `escapes take no columns`() {
        let ink = Ink(isColoured: true)
        #expect(displayWidth(ink.red("abc")) == 3)
        #expect(Ink.plain.red("abc") == "abc")
    }

    @Test func `numbers agree with their nouns`() {
        #expect(counted(1, "file") == "1 file")
        #expect(counted(12_000, "file") == "12,000 files")
        #expect(counted(2, "entry", plural: "entries") == "2 entries")
    }

    @Test func `progress tells share, rate and time left`() {
        let text = progressText(
            "storing", done: 500_000_000, total: 1_000_000_000, seconds: 2, unit: .bytes)
        #expect(text == "storing  500 MB of 1.00 GB  50 %  250 MB/s  2 s left")
        #expect(
            progressText("looking", done: 3, total: nil, seconds: 0, unit: .items("file"))
                == "looking  3 files")
    }

    @Test(arguments: [(59, "59 s"), (200, "3 min 20 s"), (7_500, "2 h 5 min")])
    func `durations read naturally`(seconds: Int, text: String) {
        #expect(durationText(seconds: seconds) == text)
    }
}
