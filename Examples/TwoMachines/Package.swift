// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "TwoMachines",
    dependencies: [.package(name: "VirtKit", path: "../..")],
    targets: [.executableTarget(name: "TwoMachines", dependencies: [.product(name: "VirtKit", package: "VirtKit")])],
    swiftLanguageModes: [.v6]
)
