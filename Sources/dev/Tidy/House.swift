/// The house: which target may import which. Every arrow points down; nothing imports its
/// neighbour on the same line. See docs/explanation/architecture.md.
struct House {
    struct Room {
        let layer: Int
        /// Our own targets that it may import.
        let imports: Set<String>
        /// What it may import from outside, beside what everybody may.
        let outside: Set<String>

        init(_ layer: Int, _ imports: Set<String> = [], outside: Set<String> = []) {
            self.layer = layer
            self.imports = imports
            self.outside = outside
        }
    }

    let rooms: [String: Room]

    /// What everybody may import: parts of the standard library.
    static let everywhere: Set<String> = ["Swift", "Synchronization"]
    /// The system's C library, under its names.
    static let system: Set<String> = ["Glibc", "Musl", "Darwin"]
    private static let ground: Set<String> = ["Vocabulary", "Bytes", "Platform"]

    /// The plan.
    static let plan = House(rooms: [
        "Vocabulary": Room(0),
        "Bytes": Room(
            1, ["Vocabulary", "CZlib", "CZstd", "CXXHash", "CYAML"],
            outside: system.union(["CommonCrypto"])),
        "Platform": Room(1, ["Vocabulary", "CPlatform"], outside: system),
        "Kernels": Room(2, ["Vocabulary", "CKernels"]),
        "Tables": Room(2, ["Vocabulary", "Bytes", "CArrow"]),
        "Objects": Room(2, ground),
        "Remotes": Room(2, ground.union(["CCurl"])),
        "GitHistory": Room(2, ground.union(["CGit2"]), outside: system),
        "Learning": Room(3, ["Vocabulary", "Bytes", "Kernels", "Tables"]),
        "Workspaces": Room(
            3, ground.union(["Objects", "GitHistory", "Tables"]), outside: ["TOMLKit"]),
        "Pipelines": Room(
            4,
            ground.union([
                "Objects", "GitHistory", "Tables", "Kernels", "Learning", "Workspaces",
            ])),
        "Transfer": Room(
            4, ground.union(["Objects", "Remotes", "GitHistory", "Workspaces"])),
        "Diffs": Room(
            4, ground.union(["Objects", "GitHistory", "Tables", "Kernels", "Workspaces"])),
        "Lineage": Room(4, ["Vocabulary", "Bytes", "Objects", "GitHistory", "Workspaces"]),
        "Commands": Room(
            6,
            ground.union([
                "Kernels", "Tables", "Objects", "Remotes", "GitHistory", "Learning",
                "Workspaces", "Pipelines", "Transfer", "Diffs", "Lineage",
            ]), outside: ["ArgumentParser"]),
        "mlstore": Room(7, ["Commands"]),
        "Serving": Room(
            7, ground.union(["Remotes"]),
            outside: [
                "Hummingbird", "HummingbirdCore", "HummingbirdTLS", "NIOCore", "NIOPosix",
                "Logging", "HTTPTypes",
                "ServiceLifecycle", "UnixSignals",
            ]),
        "dev": Room(7, ground.union(["Kernels", "Learning"]), outside: ["ArgumentParser"]),
        "CArrow": Room(-1), "CZlib": Room(-1), "CZstd": Room(-1), "CXXHash": Room(-1),
        "CYAML": Room(-1),
        "CGit2": Room(-1),
        "CCurl": Room(-1), "CPlatform": Room(-1), "CKernels": Room(-1),
    ])

    /// The C libraries: each may be imported by one folder only.
    var libraries: Set<String> { Set(rooms.filter { $0.value.layer < 0 }.keys) }

    /// Arrows of the plan itself that do not point down: there must be none.
    func crookedArrows() -> [String] {
        rooms.sorted { $0.key < $1.key }.flatMap { name, room in
            room.imports.sorted().compactMap { imported in
                guard let other = rooms[imported] else {
                    return "\(name) may import \(imported), which does not exist"
                }
                return other.layer < room.layer
                    ? nil : "\(name) may import \(imported), which is not below it"
            }
        }
    }
}
