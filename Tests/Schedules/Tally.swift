/// What happened in some schedules.
struct Tally: CustomStringConvertible {
    var schedules = 0
    var operations = 0
    var commits = 0
    var kills = 0
    var cuts = 0
    var condemned = 0
    var rescued = 0
    var removed = 0
    var reads = 0

    mutating func add(_ other: Tally) {
        schedules += other.schedules
        operations += other.operations
        commits += other.commits
        kills += other.kills
        cuts += other.cuts
        condemned += other.condemned
        rescued += other.rescued
        removed += other.removed
        reads += other.reads
    }

    var description: String {
        "\(schedules), with \(operations) disk operations, \(commits) commits, \(kills) killed"
            + " processes, \(cuts) power cuts, \(condemned) packs condemned, \(rescued) rescued,"
            + " \(removed) removed, \(reads) refs read"
    }
}
