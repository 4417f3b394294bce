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
        .executableTarget(
            name: "virtkit-fuzz",
            dependencies: [
                .product(name: "VirtKitCore", package: "VirtKit"),
                .product(name: "VirtKitEmulator", package: "VirtKit"),
                .product(name: "VirtKitMachine", package: "VirtKit"),
            ],
            path: "Sources", swiftSettings: settings)
    ],
    swiftLanguageModes: [.v6]
)
