import Foundation
import Testing
import VirtKitCore

struct ConfigurationTests {
    private func roundTrip(_ configuration: MachineConfiguration) throws -> MachineConfiguration {
        try JSONDecoder().decode(MachineConfiguration.self, from: JSONEncoder().encode(configuration))
    }

    private func decode(_ json: String) throws -> MachineConfiguration {
        try JSONDecoder().decode(MachineConfiguration.self, from: Data(json.utf8))
    }

    /// What the decoder says against a text; nil where it takes it.
    private func complaint(_ json: String) -> String? {
        do {
            _ = try decode(json)
            return nil
        } catch let error as DecodingError {
            switch error {
            case .dataCorrupted(let context), .typeMismatch(_, let context), .valueNotFound(_, let context):
                return context.debugDescription
            case .keyNotFound(let key, _): return "missing \(key.stringValue)"
            @unknown default: return "\(error)"
            }
        } catch {
            return "\(error)"
        }
    }

    @Test(arguments: [
        BootSource.linux(kernel: "vmlinuz", initrd: "initrd", commandLine: "console=ttyS0"),
        .linux(kernel: .bytes([1, 2, 255]), initrd: nil),
        .elf("vmlinux", commandLine: "a b"),
        .flat(.bytes([0xF4]), address: 0x10_0000),
        .flat("image", address: .max),
        .linux(kernel: "vmlinuz", entry: .bits16),
        .multiboot("kernel"),
        .multiboot(
            .bytes([1]), modules: [BootModule("disk", commandLine: "disk a"), BootModule(.bytes([2]))],
            commandLine: "kernel b"),
        .firmware("OVMF.fd"),
    ])
    func roundTripsAsJSON(_ boot: BootSource) throws {
        var configuration = MachineConfiguration(
            name: "one", architecture: .x86_64, cpus: 3, cpuModel: .x86_64v2, memory: .mebibytes(96), boot: boot)
        configuration.serial = SerialConfiguration(outputCapacity: 8192, inputCapacity: 32)
        configuration.onReset = .restart
        configuration.timerFrequency = 2_000_000_000
        configuration.placement = MachinePlacement(
            vcpus: ThreadPlacement(cpus: [0, 1, 2, 5], scheduling: ThreadScheduling(.other, nice: -3), name: "guest"),
            vcpu: [2: ThreadPlacement(scheduling: ThreadScheduling(.fifo, priority: 7))],
            io: ThreadPlacement(cpus: [3]))
        configuration.memoryPolicy = MemoryPolicy(
            hugePages: .size2M, numa: NUMAPolicy(.interleave, nodes: [0, 1]))
        configuration.cpuFeatures = X86_64.Features(words: [1 << 26, 1 << 25])
        configuration.devices = [DeviceConfiguration(id: "d", model: "m", properties: ["a": "b"])]
        #expect(try roundTrip(configuration) == configuration)
    }

    @Test func theShortestTextHasDefaults() throws {
        let configuration = try decode(#"{"version": 1, "architecture": "x86_64", "memory": 268435456}"#)
        #expect(configuration == MachineConfiguration(architecture: .x86_64, memory: .mebibytes(256)))
        #expect(configuration.board == .pc1)
    }

    @Test func everyFieldIsWritten() throws {
        let data = try JSONEncoder().encode(MachineConfiguration(architecture: .x86_64, memory: .mebibytes(1)))
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object["version"] as? Int == MachineConfiguration.encodingVersion)
        #expect(
            Set(object.keys) == [
                "version", "name", "architecture", "board", "cpus", "cpuModel", "memory", "serial", "onReset",
                "devices",
            ])
    }

    @Test func unknownKeysAreRefusedAtEveryLevel() {
        let start = #"{"version": 1, "architecture": "x86_64", "memory": 1048576"#
        #expect(complaint(start + "}") == nil)
        let texts = [
            #", "turbo": true}"#, #", "serial": {"baud": 9600}}"#,
            #", "devices": [{"id": "a", "model": "b", "colour": "red"}]}"#,
            #", "boot": {"linux": {"kernel": "k", "dtb": "d"}}}"#,
            #", "boot": {"elf": {"image": "k", "initrd": "d"}}}"#,
            #", "boot": {"flat": {"image": "k", "address": 0, "size": 1}}}"#,
            #", "boot": {"flat": {"image": {"base64": "AA=="}, "address": 0}}}"#, #", "boot": {"uefi": {}}}"#,
        ]
        for text in texts { #expect(complaint(start + text)?.hasPrefix("unknown key") == true, "\(text)") }
        let two = complaint(start + #", "zeta": 1, "alpha": 2}"#)
        #expect(two?.hasPrefix(#"unknown keys "alpha", "zeta"; known are architecture"#) == true)
    }

    @Test func otherVersionsAreRefused() {
        for version in ["0", "2", "-1"] {
            let text = #"{"version": \#(version), "architecture": "x86_64", "memory": 1048576}"#
            #expect(complaint(text) == "version \(version) is not known; this VirtKit reads version 1")
        }
        #expect(complaint(#"{"architecture": "x86_64", "memory": 1048576}"#) == "missing version")
        #expect(complaint(#"{"version": 1, "architecture": "x86_64"}"#) == "missing memory")
    }

    @Test func exactlyOneBootSource() {
        let start = #"{"version": 1, "architecture": "x86_64", "memory": 1048576, "boot": "#
        #expect(complaint(start + "{}}") != nil)
        let both = #"{"elf": {"image": "a"}, "flat": {"image": "a", "address": 0}}}"#
        #expect(complaint(start + both)?.hasPrefix("exactly one of") == true)
    }

    @Test(arguments: [#""256M""#, "-1", "1.5", "1e30", "null", "18446744073709551616"])
    func memoryMustBeANumberOfBytes(_ value: String) {
        #expect(complaint(#"{"version": 1, "architecture": "x86_64", "memory": \#(value)}"#) != nil)
    }

    // MARK: Faults

    private func valid() -> MachineConfiguration {
        MachineConfiguration(architecture: .x86_64, memory: .mebibytes(64), boot: .linux(kernel: "k"))
    }

    @Test func aGoodConfigurationHasNoFaults() throws {
        #expect(valid().faults.isEmpty)
        try valid().validate()
    }

    @Test(arguments: [Int.min, -1, 0, 256, 10_000, Int.max] as [Int])
    func badNumbersOfCPUs(_ cpus: Int) {
        var configuration = valid()
        configuration.cpus = cpus
        #expect(configuration.faults == ["cpus is \(cpus), and must be 1 to 255"])
    }

    private static let badAmounts: [UInt64] = [
        0, 1, 4096, (1 << 20) - 1, (1 << 20) + 1, (1 << 40) + 4096, 1 << 60, .max,
    ]

    @Test(arguments: badAmounts)
    func badMemory(_ bytes: UInt64) {
        var configuration = valid()
        configuration.memory = .bytes(bytes)
        #expect(configuration.faults.count == 1)
        #expect(configuration.faults.first?.hasPrefix("memory is ") == true)
    }

    @Test func goodMemory() {
        var configuration = valid()
        for memory in [ByteCount.mebibytes(1), .bytes((1 << 20) + 4096), MachineConfiguration.maximumMemory] {
            configuration.memory = memory
            #expect(configuration.faults.isEmpty)
        }
    }

    @Test func everyFaultIsNamedAtOnce() {
        var configuration = MachineConfiguration(name: "", architecture: .x86_64, cpus: 0, memory: .bytes(1))
        configuration.board = BoardModel(rawValue: "pc-0")
        configuration.serial = SerialConfiguration(outputCapacity: 1, inputCapacity: -1)
        configuration.onReset = ResetPolicy(rawValue: "explode")
        configuration.timerFrequency = 3
        configuration.devices = [
            DeviceConfiguration(id: "", model: "a"), DeviceConfiguration(id: "d", model: "a"),
            DeviceConfiguration(id: "d", model: "b"),
        ]
        #expect(configuration.faults.count == 11)
        let error = #expect(throws: VirtKitError.self) { try configuration.validate() }
        #expect(error?.code == .invalidConfiguration)
        for word in [
            "name", "board", "cpus", "memory", "outputCapacity", "inputCapacity", "onReset", "timerFrequency", "boot",
            "empty id", "two devices",
        ] {
            #expect(error?.message.contains(word) == true, "\(word)")
        }
    }

    @Test(arguments: [Architecture.aarch64, .riscv64, Architecture(rawValue: "vax")])
    func architecturesWithoutABoard(_ architecture: Architecture) {
        let configuration = MachineConfiguration(architecture: architecture, memory: .mebibytes(64), boot: .elf("k"))
        #expect(configuration.faults == ["architecture \(architecture) has no board in this version of VirtKit"])
    }

    @Test func badBootSources() {
        var configuration = valid()
        configuration.boot = .linux(kernel: "k", commandLine: String(repeating: "a", count: 65536))
        #expect(configuration.faults.count == 1)
        configuration.boot = .elf("k", commandLine: "a\u{0}b")
        #expect(configuration.faults == ["the command line has a zero byte"])
        configuration.boot = .flat("k", address: 64 << 20)
        #expect(configuration.faults == ["the flat image's address is beyond the machine's memory"])
        configuration.boot = .flat("k", address: .max)
        #expect(configuration.faults.count == 1)
    }
}
