// swift-tools-version: 6.2
import PackageDescription

/// The language settings of every target: Swift 6 mode, everything upcoming that the language already has, strict
/// memory safety, and no warning left standing.
///
/// `scripts/check-features` holds the names against the compiler, which accepts a misspelt one in silence.
let settings: [SwiftSetting] = [
    // Swift Evolution proposals 335, 444, 409, 461, 470 and 481, in this order.
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
]

/// A program that loads libraries of actions lets them find what it is made of.
let loadsLibraries: [LinkerSetting] = [.unsafeFlags(["-Xlinker", "--export-dynamic"], .when(platforms: [.linux]))]

let package = Package(
    name: "penstock",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "Penstock", targets: ["Penstock"]),
        .library(name: "PenstockSQLite", targets: ["PenstockSQLite"]),
        .library(name: "PenstockPostgres", targets: ["PenstockPostgres"]),
        .library(name: "PenstockFlow", targets: ["PenstockFlow"]),
        .library(name: "PenstockTesting", targets: ["PenstockTesting"]),
        .library(name: "PenstockSQLiteTesting", targets: ["PenstockSQLiteTesting"]),
        .library(name: "PenstockCommands", targets: ["PenstockCommands"]),
        .executable(name: "penstock", targets: ["PenstockCLI"]),
    ],
    traits: [
        .default(enabledTraits: ["Postgres"]),
        .trait(name: "Postgres", description: "The store in PostgreSQL, which takes libpq to build"),
    ],
    targets: [
        .target(name: "Penstock"),
        .target(name: "PenstockThreads", dependencies: ["CLinux"]),
        .target(name: "PenstockSQLite", dependencies: ["Penstock", "PenstockThreads", "CSQLite", "CLinux"]),
        .target(
            name: "PenstockPostgres",
            dependencies: [
                "Penstock", "PenstockThreads", "CLinux",
                .target(name: "CPostgres", condition: .when(traits: ["Postgres"])),
            ]
        ),
        .target(name: "PenstockFlow", dependencies: ["Penstock", "PenstockThreads", "CLinux"]),
        .target(name: "PenstockTesting", dependencies: ["Penstock"]),
        .target(
            name: "PenstockSQLiteTesting",
            dependencies: ["Penstock", "PenstockSQLite", "PenstockTesting", "CSQLite"]
        ),
        .target(
            name: "PenstockCommands",
            dependencies: [
                "Penstock", "PenstockSQLite", "PenstockPostgres", "PenstockFlow", "PenstockThreads", "CSQLite",
                "CLinux",
            ]
        ),
        // Not named after its product: on a disk that ignores case it would collide with the library.
        .executableTarget(
            name: "PenstockCLI",
            dependencies: ["PenstockCommands", "Intake", "Text", "CAllocations"],
            linkerSettings: loadsLibraries
        ),
        .target(name: "Intake", dependencies: ["Penstock", "PenstockSQLite"], path: "Examples/Intake"),
        .executableTarget(
            name: "Quickstart",
            dependencies: ["Penstock", "PenstockSQLite"],
            path: "Examples/Quickstart"
        ),
        .executableTarget(name: "Segments", dependencies: ["PenstockFlow"], path: "Examples/Segments"),
        .executableTarget(
            name: "Words",
            dependencies: ["PenstockFlow"],
            path: "Examples/Words",
            exclude: ["words.json"]
        ),
        .target(name: "Text", dependencies: ["PenstockFlow"], path: "Examples/Text"),
        .systemLibrary(
            name: "CSQLite",
            pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"]), .brew(["sqlite"])]
        ),
        .systemLibrary(
            name: "CPostgres",
            pkgConfig: "libpq",
            providers: [.apt(["libpq-dev"]), .brew(["libpq"])]
        ),
        .target(name: "CLinux"),
        .target(name: "CAllocations", dependencies: ["CLinux"]),
        .testTarget(name: "PenstockTests", dependencies: ["Penstock", "PenstockTesting"]),
        .target(
            name: "DiskWorkload",
            dependencies: ["Penstock", "PenstockSQLite", "PenstockTesting", "PenstockSQLiteTesting", "CSQLite"],
            path: "Tests/DiskWorkload"
        ),
        .testTarget(
            name: "PenstockSQLiteTests",
            dependencies: [
                "DiskWorkload", "Penstock", "PenstockSQLite", "PenstockTesting", "PenstockSQLiteTesting", "CSQLite",
            ]
        ),
        .target(name: "PostgresCluster", path: "Tests/PostgresCluster"),
        .testTarget(
            name: "PenstockPostgresTests",
            dependencies: ["Penstock", "PenstockPostgres", "PenstockTesting", "PenstockThreads", "PostgresCluster"]
        ),
        .target(
            name: "CrashWorkload",
            dependencies: ["Penstock", "PenstockFlow", "PenstockSQLite"],
            path: "Tests/CrashWorkload"
        ),
        .executableTarget(
            name: "CrashWorker",
            dependencies: ["CrashWorkload", "Penstock", "PenstockFlow", "PenstockSQLite", "PenstockTesting"],
            path: "Tests/CrashWorker"
        ),
        .testTarget(
            name: "CrashTests",
            dependencies: ["CrashWorkload", "CrashWorker", "PenstockFlow", "PenstockSQLite", "PenstockTesting"]
        ),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "Penstock", "PenstockCommands", "PenstockFlow", "PenstockSQLite", "PenstockCLI", "Intake", "Text",
            ]
        ),
        .target(
            name: "SimulationWorkload",
            dependencies: ["Penstock", "PenstockTesting"],
            path: "Tests/SimulationWorkload"
        ),
        .executableTarget(
            name: "Simulate",
            dependencies: ["SimulationWorkload", "PenstockSQLiteTesting", "PenstockTesting"],
            path: "Tests/Simulate"
        ),
        .testTarget(
            name: "SimulationTests",
            dependencies: [
                "Penstock", "PenstockSQLite", "PenstockSQLiteTesting", "PenstockTesting", "SimulationWorkload",
                "Simulate",
            ]
        ),
        .testTarget(
            name: "PenstockFlowTests",
            dependencies: [
                "CrashWorkload", "Penstock", "PenstockFlow", "PenstockSQLite", "PenstockSQLiteTesting",
                "PenstockTesting",
            ],
            linkerSettings: loadsLibraries
        ),
        .testTarget(name: "TidyTests"),
    ],
    swiftLanguageModes: [.v6]
)

// Built with libFuzzer by scripts/fuzz, and not otherwise.
if Context.environment["PENSTOCK_FUZZ"] != nil {
    package.targets.append(
        .executableTarget(
            name: "Fuzz",
            dependencies: ["Penstock", "PenstockCommands", "PenstockSQLite", "PenstockTesting", "CLinux"],
            path: "Tests/Fuzz"
        )
    )
}

// It does to processes what only Linux can do to them.
#if os(Linux)
package.targets.append(
    .executableTarget(
        name: "Faults",
        dependencies: [
            "CLinux", "CrashWorkload", "DiskWorkload", "Penstock", "PenstockCommands", "PenstockSQLite",
            "PenstockSQLiteTesting", "PenstockTesting", "SimulationWorkload",
        ],
        path: "Tests/Faults"
    )
)
#endif

for target in package.targets where target.type != .system && !["CLinux", "CAllocations"].contains(target.name) {
    target.swiftSettings = (target.swiftSettings ?? []) + settings
}
