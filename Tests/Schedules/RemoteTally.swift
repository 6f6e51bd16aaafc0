/// What happened in some remote schedules.
struct RemoteTally: CustomStringConvertible {
    var schedules = 0
    var requests = 0
    var pushes = 0
    var fetches = 0
    var evictions = 0
    var condemned = 0
    var ended = 0
    var kills = 0
    var lost = 0

    mutating func add(_ other: RemoteTally) {
        schedules += other.schedules
        requests += other.requests
        pushes += other.pushes
        fetches += other.fetches
        evictions += other.evictions
        condemned += other.condemned
        ended += other.ended
        kills += other.kills
        lost += other.lost
    }

    var description: String {
        "\(schedules), with \(requests) requests, \(pushes) pushes, \(fetches) fetches,"
            + " \(evictions) evictions, \(condemned) packs that collections took out, \(ended) pushes that they ended, \(kills)"
            + " killed processes, \(lost) lost answers"
    }
}
