// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "LibvirtBenchmark",
    dependencies: [.package(name: "VirtKit", path: "../..")],
    targets: [
        .executableTarget(
            name: "LibvirtBenchmark", dependencies: [.product(name: "VirtKitLibvirt", package: "VirtKit")])
    ],
    swiftLanguageModes: [.v6]
)
