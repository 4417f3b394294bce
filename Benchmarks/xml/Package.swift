// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "XMLBenchmark",
    dependencies: [.package(name: "VirtKit", path: "../..")],
    targets: [
        .executableTarget(
            name: "XMLBenchmark",
            dependencies: [
                .product(name: "VirtKitLibvirt", package: "VirtKit"), .product(name: "VirtKitCore", package: "VirtKit"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
