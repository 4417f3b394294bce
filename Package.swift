// swift-tools-version: 6.2

import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "VirtKit",
    products: [
        .library(name: "VirtKit", targets: ["VirtKit"]),
        .library(name: "VirtKitCore", targets: ["VirtKitCore"]),
        .library(name: "VirtKitMachine", targets: ["VirtKitMachine"]),
        .library(name: "VirtKitEmulator", targets: ["VirtKitEmulator"]),
        .library(name: "VirtKitKVM", targets: ["VirtKitKVM"]),
        .library(name: "VirtKitLibvirt", targets: ["VirtKitLibvirt"]),
        .library(name: "VirtKitTesting", targets: ["VirtKitTesting"]),
        .executable(name: "virtkit", targets: ["VirtKitCommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
    ],
    targets: [
        .target(name: "CVirtKit"),
        .target(name: "VirtKitCore", dependencies: ["CVirtKit"], swiftSettings: settings),
        .target(name: "VirtKitMachine", dependencies: ["VirtKitCore", "CVirtKit"], swiftSettings: settings),
        .target(name: "VirtKitEmulator", dependencies: ["VirtKitCore", "CVirtKit"], swiftSettings: settings),
        .target(name: "VirtKitKVM", dependencies: ["VirtKitCore", "CVirtKit"], swiftSettings: settings),
        .target(name: "VirtKitLibvirt", dependencies: ["VirtKitCore", "CVirtKit"], swiftSettings: settings),
        .target(
            name: "VirtKit",
            dependencies: ["VirtKitCore", "VirtKitMachine", "VirtKitEmulator", "VirtKitKVM", "VirtKitLibvirt"],
            swiftSettings: settings),
        .target(name: "VirtKitTesting", dependencies: ["VirtKitCore", "VirtKitMachine"], swiftSettings: settings),
        .executableTarget(
            name: "VirtKitCommand",
            dependencies: ["VirtKit", "CVirtKit", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            swiftSettings: settings),
        .target(name: "CVirtKitTestSupport", path: "Tests/CVirtKitTestSupport"),
        .testTarget(
            name: "VirtKitCoreTests", dependencies: ["VirtKitCore", "CVirtKit"], swiftSettings: settings),
        .testTarget(
            name: "VirtKitEmulatorTests",
            dependencies: ["VirtKitCore", "VirtKitEmulator", "CVirtKit", "CVirtKitTestSupport"],
            swiftSettings: settings),
        .testTarget(
            name: "VirtKitMachineTests",
            dependencies: ["VirtKitCore", "VirtKitMachine", "CVirtKit"], swiftSettings: settings),
        .testTarget(
            name: "VirtKitKVMTests",
            dependencies: ["VirtKitCore", "VirtKitKVM", "VirtKitMachine", "CVirtKit"], swiftSettings: settings),
        .testTarget(
            name: "VirtKitLibvirtTests",
            dependencies: ["VirtKitCore", "VirtKitLibvirt", "VirtKitTesting"], swiftSettings: settings),
        .testTarget(
            name: "VirtKitTests",
            dependencies: ["VirtKit", "VirtKitTesting"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6]
)
