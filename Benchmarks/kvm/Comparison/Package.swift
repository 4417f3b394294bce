// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "KVMBenchmark",
    dependencies: [.package(name: "VirtKit", path: "../../..")],
    targets: [
        .target(name: "CKVMLoop", cSettings: [.unsafeFlags(["-O2"], .when(configuration: .release))]),
        .executableTarget(
            name: "KVMBenchmark",
            dependencies: [
                "CKVMLoop", .product(name: "VirtKitCore", package: "VirtKit"),
                .product(name: "VirtKitKVM", package: "VirtKit"), .product(name: "VirtKitMachine", package: "VirtKit"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
