// swift-tools-version: 6.2

import PackageDescription

/// Settings of every target of ours: see docs/STYLE.md.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// Tests leave out the two settings that Swift Testing's macros do not compile under.
let strictTests: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

/// Optimised in debug builds too, where the tests pass most of their time: all that computes.
let optimised: [SwiftSetting] = [.unsafeFlags(["-O"], .when(configuration: .debug))]

let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let tomlKit = Target.Dependency.product(name: "TOMLKit", package: "TOMLKit")

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict + optimised)
}

func tests(
    _ name: String, _ dependencies: [Target.Dependency], pages: [String] = [],
    settings: [SwiftSetting] = strictTests
) -> Target {
    .testTarget(
        name: name, dependencies: ["TestSupport"] + dependencies, exclude: pages,
        swiftSettings: settings)
}

let package = Package(
    name: "mlstore",
    platforms: [.macOS(.v15)],
    products: [
        .executable(name: "mlstore", targets: ["mlstore"]),
        .executable(name: "mlstore-serve", targets: ["Serving"]),
    ],
    traits: [
        .trait(name: "Fuzz", description: "Make 'fuzz' the program that 'dev fuzz' runs.")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/LebJe/TOMLKit", from: "0.6.0"),
        // Of the server alone.
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.16.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.81.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.3.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
    ],
    targets: [
        // C: each imported by exactly one folder of ours.
        .systemLibrary(
            name: "CZstd", pkgConfig: "libzstd",
            providers: [.apt(["libzstd-dev"]), .brew(["zstd"])]),
        .systemLibrary(
            name: "CXXHash", pkgConfig: "libxxhash",
            providers: [.apt(["libxxhash-dev"]), .brew(["xxhash"])]),
        .systemLibrary(
            name: "CYAML", pkgConfig: "yaml-0.1",
            providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
        // Headers only: these libraries are opened when a command needs them.
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CArrow"),
        .systemLibrary(name: "CGit2", providers: [.apt(["libgit2-dev"]), .brew(["libgit2"])]),
        .systemLibrary(
            name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
        .target(name: "CPlatform"),
        // Optimised in debug builds too: nothing steps through these loops, and all trainers wait.
        .target(
            name: "CKernels", cSettings: [.unsafeFlags(["-O2"], .when(configuration: .debug))]),

        // 0
        module("Vocabulary"),
        module("Bytes", ["Vocabulary", "CZlib", "CZstd", "CXXHash", "CYAML"]),
        module("Platform", ["Vocabulary", "CPlatform"]),

        // 1
        module("Kernels", ["Vocabulary", "CKernels"]),
        module("Tables", ["Vocabulary", "Bytes", "CArrow"]),
        module("Objects", ["Vocabulary", "Bytes", "Platform"]),
        module("Remotes", ["Vocabulary", "Bytes", "Platform", "CCurl"]),
        module("GitHistory", ["Vocabulary", "Bytes", "Platform", "CGit2"]),

        // 2
        module("Learning", ["Vocabulary", "Bytes", "Kernels", "Tables"]),
        module(
            "Workspaces",
            ["Vocabulary", "Bytes", "Platform", "Objects", "GitHistory", "Tables", tomlKit]),

        // 3
        module(
            "Pipelines",
            [
                "Vocabulary", "Bytes", "Platform", "Objects", "GitHistory", "Tables", "Kernels",
                "Learning", "Workspaces",
            ]),
        module(
            "Transfer",
            ["Vocabulary", "Bytes", "Platform", "Objects", "Remotes", "GitHistory", "Workspaces"]),
        module(
            "Diffs",
            [
                "Vocabulary", "Bytes", "Platform", "Objects", "GitHistory", "Tables", "Kernels",
                "Workspaces",
            ]),
        module("Lineage", ["Vocabulary", "Bytes", "Objects", "GitHistory", "Workspaces"]),

        // 5, 6
        .target(
            name: "Commands",
            dependencies: [
                "Vocabulary", "Bytes", "Platform", "Kernels", "Tables", "Objects", "Remotes",
                "GitHistory", "Learning", "Workspaces", "Pipelines", "Transfer", "Diffs",
                "Lineage", argumentParser,
            ],
            swiftSettings: strict),
        .executableTarget(name: "mlstore", dependencies: ["Commands"], swiftSettings: strict),
        // The program of 'mlstore serve', apart: see docs/decisions.
        .executableTarget(
            name: "Serving",
            dependencies: [
                "Vocabulary", "Bytes", "Platform", "Remotes",
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "HummingbirdTLS", package: "hummingbird"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            // Hummingbird's writers belong to where its own tasks run.
            swiftSettings: strictTests + [.strictMemorySafety()]),
        .executableTarget(
            name: "dev",
            dependencies: [
                "Vocabulary", "Bytes", "Platform", "Kernels", "Learning", argumentParser,
            ],
            swiftSettings: strict),

        // Tests
        .target(
            name: "TestSupport", dependencies: ["Vocabulary", "Bytes", "Platform", "Remotes"],
            path: "Tests/TestSupport", swiftSettings: strictTests + optimised),
        .target(
            name: "TransferSupport",
            dependencies: [
                "TestSupport", "Vocabulary", "Bytes", "Platform", "Objects", "Remotes", "Transfer",
            ],
            path: "Tests/TransferSupport", swiftSettings: strictTests + optimised),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "TestSupport", "Vocabulary", "Bytes", "Platform", "Objects", "Tables", "Learning",
                "Kernels", "Workspaces", "Pipelines", "Transfer", "Remotes", "Diffs",
            ],
            path: "Tests/FuzzTargets", swiftSettings: strictTests),
        // A line of text, unless it is built for libFuzzer.
        .executableTarget(
            name: "fuzz",
            dependencies: [.target(name: "FuzzTargets", condition: .when(traits: ["Fuzz"]))],
            path: "Tests/Fuzz", swiftSettings: strictTests),
        .executableTarget(
            name: "schedules",
            dependencies: [
                "TestSupport", "TransferSupport", "Vocabulary", "Bytes", "Platform", "Objects",
                "Remotes", "Transfer",
            ],
            path: "Tests/Schedules", swiftSettings: strictTests),
        tests("VocabularyTests", ["Vocabulary"]),
        tests("BytesTests", ["Vocabulary", "Bytes"]),
        tests("PlatformTests", ["Vocabulary", "Platform"]),
        tests("KernelsTests", ["Vocabulary", "Kernels"]),
        tests("TablesTests", ["Vocabulary", "Bytes", "Tables"]),
        tests("ObjectsTests", ["Vocabulary", "Bytes", "Platform", "Objects"]),
        tests(
            "RemotesTests", ["Vocabulary", "Bytes", "Platform", "Remotes", "mlstore", "Serving"]),
        tests("GitHistoryTests", ["Vocabulary", "Bytes", "Platform", "GitHistory"]),
        tests(
            "LearningTests", ["Vocabulary", "Bytes", "Platform", "Kernels", "Tables", "Learning"]),
        tests(
            "WorkspacesTests",
            ["Vocabulary", "Bytes", "Platform", "Objects", "GitHistory", "Tables", "Workspaces"]),
        tests(
            "PipelinesTests",
            [
                "Vocabulary", "Bytes", "Platform", "Objects", "GitHistory", "Tables", "Kernels",
                "Learning", "Workspaces", "Pipelines",
            ]),
        tests(
            "TransferTests",
            [
                "TransferSupport", "Vocabulary", "Bytes", "Platform", "Objects", "Remotes",
                "Workspaces", "Transfer",
            ]),
        tests(
            "DiffsTests",
            ["Vocabulary", "Bytes", "Platform", "Objects", "Tables", "Workspaces", "Diffs"]),
        tests(
            "LineageTests",
            ["Vocabulary", "Bytes", "Platform", "Objects", "Workspaces", "Lineage"]),
        tests("CommandsTests", ["Vocabulary", "Bytes", "Platform", "Commands", argumentParser]),
        tests("TidyTests", ["Vocabulary", "Platform", "dev"]),
        // The real binary and whole stores.
        tests(
            "TranscriptTests", ["Vocabulary", "Bytes", "Platform", "Commands", "mlstore"],
            pages: ["Transcripts"]),
        tests(
            "FormatTests",
            ["Vocabulary", "Bytes", "Platform", "Objects", "Workspaces", "FuzzTargets"]),
        tests(
            "CrashTests",
            [
                "Vocabulary", "Bytes", "Platform", "Objects", "Remotes", "Workspaces", "Pipelines",
                "Transfer", "Tables", "Learning", "schedules",
            ],
            settings: strictTests + optimised),
        tests("ProcessTests", ["Vocabulary", "Platform", "Remotes", "mlstore", "Serving"]),
        tests("DamageTests", ["Vocabulary", "Bytes", "Platform", "Objects", "Workspaces"]),
    ],
    cLanguageStandard: .c17
)
