import Remotes
import Vocabulary

/// What object stores answer, and the files that their keys are in.
let bucketTargets = [
    FuzzTarget("xml") { bytes in
        let element = try XMLElement(parsing: bytes)
        try require(depth(of: element) <= 32, "an element below its bound")
    },
    FuzzTarget("aws-config") { bytes in
        let profiles = AWSProfiles(config: bytes, credentials: bytes)
        try require(
            profiles.profiles.values.allSatisfy { $0.keys.allSatisfy { !$0.hasPrefix(" ") } },
            "a setting with a blank before its name")
        if profiles.profiles.isEmpty { throw DecodeError(at: 0, "no profile") }
    },
]

private func depth(of element: XMLElement) -> Int {
    1 + (element.children.map(depth).max() ?? 0)
}
