// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "BackendPlugin",
    products: [.library(name: "BackendPlugin", targets: ["BackendPlugin"])],
    dependencies: [.package(name: "VirtKit", path: "../..")],
    targets: [
        .target(name: "BackendPlugin", dependencies: [.product(name: "VirtKit", package: "VirtKit")]),
        .testTarget(
            name: "BackendPluginTests",
            dependencies: ["BackendPlugin", .product(name: "VirtKitTesting", package: "VirtKit")]),
    ],
    swiftLanguageModes: [.v6]
)
