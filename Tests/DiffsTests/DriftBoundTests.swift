import Diffs
import Platform
import Tables
import TestSupport
import Testing
import Vocabulary
import Workspaces

/// What is said of a version that is not read must hold of it.
@Suite struct DriftBoundTests {
    private static let header = "id,few,many,small,skewed,day,moment,mixed,rare"

    /// A profile that counts only some values exactly, so that both ways of counting come up.
    private func profile(_ rows: [String], valueLimit: Int? = nil) throws -> TableProfile {
        let text = DriftBoundTests.header + "\n" + rows.map { $0 + "\n" }.joined()
        let source = TableSource(name: "t.csv", format: CSVFormat.csv, bytes: Array(text.utf8))
        var profile = TableProfile(
            columnNames: try source.header().columnNames, valueLimit: valueLimit)
        try source.forEachBatch { profile.observe($0) }
        profile.settle()
        return profile
    }

    private func row(_ random: inout SmallRandom, _ number: Int, wild: Bool) -> String {
        func integer(_ range: Range<Int>) -> Int { random.integer(in: range) }
        func two(_ range: Range<Int>) -> String {
            let number = integer(range)
            return number < 10 ? "0\(number)" : "\(number)"
        }
        let scale = [1, 1000, 1_000_000][integer(0..<3)]
        let few = wild && random.once(in: 3) ? "new\(integer(0..<20))" : "w\(integer(0..<6))"
        let small =
            wild && random.once(in: 20)
            ? ["inf", "1e300", "-1e9", "x", ""][integer(0..<5)] : "\(integer(-20..<20))"
        let cells = [
            "\(number)", few, "t\(integer(0..<200))", small,
            "\(Double(integer(1..<1000) * scale) / 7)", "20\(two(10..<30))-\(two(1..<13))-01",
            "2013-01-\(two(1..<28))T\(two(0..<24)):00:00Z",
            random.once(in: 2) ? "\(integer(0..<9))" : "text",
            random.once(in: 40) ? "\(integer(0..<50))" : "",
        ]
        return cells.joined(separator: ",")
    }

    @Test func `a version that cannot have drifted has not`() throws {
        var random = SmallRandom(seed: 5)
        var answers = [true: 0, false: 0]
        for _ in 0..<150 {
            let count = random.integer(in: 50..<900)
            var rows = (0..<count).map { row(&random, $0, wild: false) }
            if random.once(in: 3) { rows[0] = row(&random, 0, wild: true) }
            var new = rows
            var (removed, added): ([String], [String]) = ([], [])
            for _ in 0..<random.integer(in: 0..<max(2, count / 40)) {
                let other = row(&random, random.integer(in: 0..<5000), wild: random.once(in: 4))
                switch random.integer(in: 0..<6) {
                case 0:
                    new.append(other)
                    added.append(other)
                case 1: removed.append(new.remove(at: random.integer(in: 0..<new.count)))
                default:
                    let place = random.integer(in: 0..<new.count)
                    removed.append(new[place])
                    added.append(other)
                    new[place] = other
                }
            }
            let limit = [8, 64, 4096][random.integer(in: 0..<3)]
            let before = try profile(rows, valueLimit: limit)
            let after = try profile(new, valueLimit: limit)
            let shift = TableShift(
                old: try profile(removed, valueLimit: limit),
                new: try profile(added, valueLimit: limit))
            var options = DriftOptions()
            let most = [0.02, 0.05, 0.1, 0.2, 0.4][random.integer(in: 0..<5)]
            options.limits = [.wasserstein: most, .jensenShannon: most]
            options.missingLimit = [0.001, 0.01, 0.05][random.integer(in: 0..<3)]
            let answer = canDrift(from: before, by: shift, options)
            answers[answer, default: 0] += 1
            guard !answer else { continue }
            let found = try drift(DriftPair(old: before, new: after), options, blocks: { _ in [] })[
                0]
            #expect(found.columns.count == 9)
            for column in found.columns {
                #expect(column.deciding?.value ?? 0 <= most, "\(column.name) \(count)")
                let missing = (column.missing.new - column.missing.old).magnitude
                #expect(missing <= options.missingLimit, "\(column.name) \(missing)")
                #expect(column.note == nil || column.deciding == nil, "\(column.note ?? "")")
            }
        }
        #expect(answers[true, default: 0] > 20, "\(answers)")
        #expect(answers[false, default: 0] > 20, "\(answers)")
    }

    // MARK: - What must be looked at

    private func can(_ old: [String], _ removed: [String], _ added: [String]) throws -> Bool {
        canDrift(
            from: try profile(old, valueLimit: 16),
            by: TableShift(
                old: try profile(removed, valueLimit: 16), new: try profile(added, valueLimit: 16)))
    }

    @Test func `a change of few rows can be a drift where it changes what a column is`() throws {
        func line(
            few: String = "a", many: String = "b", small: String = "1", skewed: String = "2",
            rare: String = ""
        ) -> String { "1,\(few),\(many),\(small),\(skewed),2020-01-01,,x,\(rare)" }
        let old = (0..<2000).map {
            line(
                few: "w\($0 % 16)", small: "\($0 % 9)", skewed: "\($0 % 700)",
                rare: $0 < 4 ? "\($0)" : "")
        }
        let first = old[5]
        #expect(try !can(old, [], []))
        #expect(try !can(old, [first], [line(few: "", small: "2", skewed: "30")]))
        // One text more than are counted.
        #expect(try can(old, [first], [line(few: "w99")]))
        // A text among numbers; a number far from all others; one that is no number.
        #expect(try can(old, [first], [line(small: "x")]))
        #expect(try can(old, [first], [line(small: "1e9")]))
        #expect(try can(old, [first], [line(skewed: "1e300")]))
        // Beside four values one is a fifth.
        #expect(try can(old, [first], [line(rare: "1000")]))
        // A column of one value has no deviation to measure by: days are measured in seconds then.
        #expect(try can(old, [], [first.replacing("2020-01-01", with: "2020-01-02")]))
        // Rows that the table does not have.
        #expect(try can(Array(old[..<1]), [first, first], []))
        // A measure that nothing is known of.
        var options = DriftOptions()
        options.limits = [.psi: 1]
        let shift = TableShift(old: try profile([first]), new: try profile([first]))
        #expect(canDrift(from: try profile(old), by: shift, options))
    }

    // MARK: - Versions in the store

    @Test func `a diff tells what rows are like that only one version has, where they are few`()
        throws
    {
        let folder = try TemporaryFolder()
        let workspace = try Workspace.create(at: folder.path, on: .local(threads: 2)).workspace
        let path = try RepoPath("t.csv")
        func track(_ edited: Range<Int>) throws -> TrackedVersion {
            var text = "id,name,v\n"
            for row in 0..<60_000 {
                text +=
                    edited.contains(row) ? "\(row),new,7\n" : "\(row),n \(row % 97),\(row % 9)\n"
            }
            try folder.write(text, to: "t.csv")
            _ = try add([path], in: workspace)
            let pointer = try #require(try workspace.pointer(of: path))
            return TrackedVersion(content: pointer.content, sizeBytes: pointer.sizeBytes)
        }
        func shift(
            _ old: TrackedVersion, _ new: TrackedVersion, isWanted: Bool = true
        ) throws -> TableShift? {
            var options = DatasetDiffOptions()
            options.table.tellsShift = isWanted
            let changes = try diffVersions(
                from: [path: old], to: [path: new], in: workspace, options: options)
            guard case .table(let diff) = try #require(changes.first).detail else { return nil }
            return diff.shift
        }
        let old = try track(0..<0)
        let some = try track(30_000..<30_100)
        #expect(try shift(old, some, isWanted: false) == nil)
        let found = try #require(try shift(old, some))
        let profile = try #require(try profileStoredTable(old.content, at: path, in: workspace))
        #expect(!canDrift(from: profile, by: found))
        #expect(try shift(old, track(30_000..<40_000)) == nil)
    }
}
