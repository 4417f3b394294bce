// swift-tools-version: 6.2

// Fuzz targets, run by Scripts/fuzz. A package of its own, since libFuzzer needs compiler flags that no library may ask
// of its users.

import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "Fuzz",
    dependencies: [.package(name: "VirtKit", path: "..")],
    targets: [
        .target(name: "CLibFuzzer"),
        .executableTarget(
            name: "virtkit-fuzz",
            dependencies: [
                "CLibFuzzer", .product(name: "VirtKitCore", package: "VirtKit"),
                .product(name: "VirtKitEmulator", package: "VirtKit"),
                .product(name: "VirtKitMachine", package: "VirtKit"),
            ],
            swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
