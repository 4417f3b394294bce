// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "BootLinux",
    dependencies: [.package(name: "VirtKit", path: "../..")],
    targets: [.executableTarget(name: "BootLinux", dependencies: [.product(name: "VirtKit", package: "VirtKit")])],
    swiftLanguageModes: [.v6]
)
