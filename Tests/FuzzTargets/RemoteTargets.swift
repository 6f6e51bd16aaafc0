import Bytes
import Transfer
import Vocabulary

/// What a remote says.
let remoteTargets = [
    FuzzTarget("remote-format") { try RemoteParsers.format($0) },
    FuzzTarget("remote-root") { bytes in
        let again = try RemoteParsers.root(bytes)
        try require(
            try RemoteParsers.root(again) == again, "a root that is written differently again")
    },
    FuzzTarget("remote-state") { bytes in
        let again = try RemoteParsers.state(bytes, named: sha256(bytes))
        let third = try RemoteParsers.state(again, named: sha256(again))
        try require(third == again, "a state that is written differently again")
    },
    FuzzTarget("remote-index") { bytes in
        for (size, frames) in try RemoteParsers.index(bytes) {
            let isInside = frames.allSatisfy { $0.lowerBound >= 0 && $0.upperBound <= size }
            try require(isInside, "a frame outside of its pack")
        }
    },
]
