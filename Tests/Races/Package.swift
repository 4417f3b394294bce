// swift-tools-version: 6.2

// Tests of stopping and its races for the thread sanitizer, run by Scripts/test races. A package of its own, so that only
// what they need is built again with the sanitizer.

import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "Races",
    dependencies: [.package(name: "VirtKit", path: "../..")],
    targets: [
        .target(name: "CRaceSupport"),
        .testTarget(
            name: "RaceTests",
            dependencies: ["CRaceSupport"]
                + ["VirtKitCore", "VirtKitMachine", "VirtKitEmulator", "VirtKitKVM", "VirtKitTesting"].map {
                    .product(name: $0, package: "VirtKit")
                },
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
