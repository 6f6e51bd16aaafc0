import Bytes
import Transfer
import Vocabulary

/// `status --remote` in lines and in JSON.
struct RemoteStatusText {
    let found: RemoteStatusReport
    let remote: String

    var report: Report {
        Report(lines: lines, json: json, status: found.isInSync ? .done : .differences)
    }

    private var lines: [String] {
        var lines = found.paths.filter { $0.place != .both }.map { item in
            let why =
                item.place == .nowhere ? ": a part is neither here nor on '\(remote)'" : ""
            return "\(item.place.rawValue)  \(item.path)  \(ByteCount(item.sizeBytes))\(why)"
        }
        if found.isInSync {
            let all = counted(found.paths.count, "tracked path")
            lines.append("in sync with '\(remote)': \(all)")
        } else {
            let counts = [RemotePathStatus.Place.here, .there, .nowhere].compactMap { place in
                let count = found.paths.count { $0.place == place }
                return count == 0 ? nil : "\(count) \(place.rawValue)"
            }
            lines.append(
                "\(counts.joined(separator: ", ")), of \(counted(found.paths.count, "tracked path"))"
            )
        }
        return lines
    }

    private var json: JSONValue {
        [
            "remote": .string(remote), "inSync": .bool(found.isInSync),
            "sequence": JSONValue(found.sequence), "requests": JSONValue(found.requests),
            "paths": .array(
                found.paths.map { item in
                    [
                        "path": .string(item.path.description),
                        "place": .string(item.place.rawValue),
                        "bytes": JSONValue(item.sizeBytes),
                        "missingObjects": JSONValue(item.missingObjects),
                    ]
                }),
        ]
    }
}
