// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "CustomDevice",
    dependencies: [.package(name: "VirtKit", path: "../..")],
    targets: [.executableTarget(name: "CustomDevice", dependencies: [.product(name: "VirtKit", package: "VirtKit")])],
    swiftLanguageModes: [.v6]
)
