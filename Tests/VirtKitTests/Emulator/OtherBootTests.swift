import Foundation
import Testing
import VirtKit

/// Multiboot kernels and ROMs: the guests `multiboot` and `rom` of `Tests/Guests`, which check from inside what they got.
@Suite(
    .serialized,
    .enabled(
        if: ProcessInfo.processInfo.environment["VIRTKIT_TEST_GUESTS"] != nil,
        "VIRTKIT_TEST_GUESTS names no folder (Scripts/test builds the guests)"))
struct OtherBootTests {
    private let folder = ProcessInfo.processInfo.environment["VIRTKIT_TEST_GUESTS"] ?? ""
    private let hypervisor = LocalHypervisor(EmulatorAccelerator())

    private func run(_ configuration: MachineConfiguration) async throws -> (outcome: MachineOutcome, output: String) {
        try await hypervisor.withMachine(configuration) { machine in
            try await machine.start()
            let watchdog = Task {
                try await Task.sleep(for: .seconds(120))
                await machine.stop()
            }
            defer { watchdog.cancel() }
            let outcome = try await machine.waitUntilStopped()
            return (outcome, String(decoding: machine.serial.recentOutput, as: UTF8.self))
        }
    }

    /// A machine that runs the multiboot guest, and tells it what to expect.
    private func multiboot(_ file: String, mebibytes: UInt64) -> MachineConfiguration {
        func module(_ count: Int, _ name: String) -> BootModule {
            BootModule(.bytes((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }), commandLine: name)
        }
        let kib = mebibytes << 10
        let upper = min(kib, 0xB000_0000 >> 10) - 1024
        var configuration = MachineConfiguration(
            architecture: .x86_64, memory: .mebibytes(mebibytes),
            boot: .multiboot(
                .path(folder + "/" + file), modules: [module(5, "x first"), module(5000, "y second")],
                commandLine: "guest cpus=1 memory=\(kib & 0x3F_FFFF) upper=\(upper) modules=2 testdev"))
        configuration.devices = [DeviceConfiguration(id: "testdev", model: "pc-testdev")]
        return configuration
    }

    @Test(arguments: ["multiboot.elf", "multiboot.bin"], [8, 256] as [UInt64])
    func aMultibootKernelFindsWhatItWasPromised(_ file: String, _ mebibytes: UInt64) async throws {
        let (outcome, output) = try await run(multiboot(file, mebibytes: mebibytes))
        #expect(outcome.kind == .debugExit && outcome.code == 0, "\(output)")
        #expect(output.contains("multiboot: PASS"), "\(output)")
    }

    private func rom() -> MachineConfiguration {
        MachineConfiguration(
            architecture: .x86_64, memory: .mebibytes(4), boot: .firmware(.path(folder + "/rom.bin")))
    }

    @Test func aROMStartsAtTheResetVector() async throws {
        let (outcome, output) = try await run(rom())
        #expect(outcome.kind == .debugExit && outcome.code == 0, "\(output)")
        #expect(output == "rom: PASS\n")
    }

    @Test func aROMMachineIsSavedAndRestored() async throws {
        let scratch = try ScratchFolder()
        let path = scratch("saved")
        let configuration = rom()
        // The guest may be done before it is paused.
        var isSaved = false
        for _ in 0..<50 where !isSaved {
            isSaved = try await hypervisor.withMachine(configuration) { machine in
                try await machine.start()
                do { try await machine.pause() } catch let error as VirtKitError where error.code == .invalidState {
                    return false
                }
                try await machine.snapshots?.save(to: path)
                return true
            }
        }
        try #require(isSaved)
        let outcome = try await hypervisor.withRestoredMachine(configuration, from: path) { machine in
            try await machine.resume()
            return try await machine.waitUntilStopped()
        }
        #expect(outcome.kind == .debugExit && outcome.code == 0)
    }

    @Test func aROMOfABadSizeIsRefused() async throws {
        let configuration = MachineConfiguration(
            architecture: .x86_64, memory: .mebibytes(4), boot: .firmware(.bytes([0xF4])))
        let error = await #expect(throws: VirtKitError.self) { _ = try await hypervisor.makeMachine(configuration) }
        #expect(error?.code == .invalidImage && error?.remedy != nil)
    }

    @Test func aTestDeviceTakesNoProperties() async throws {
        var configuration = rom()
        configuration.devices = [DeviceConfiguration(id: "t", model: "pc-testdev", properties: ["a": "b"])]
        let error = await #expect(throws: VirtKitError.self) { _ = try await hypervisor.makeMachine(configuration) }
        #expect(error?.code == .invalidConfiguration)
    }
}
