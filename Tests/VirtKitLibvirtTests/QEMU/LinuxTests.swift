import Foundation
import Testing
import VirtKitCore
import VirtKitLibvirt

extension RealQEMU {
    /// Debian's kernel on QEMU under libvirt, by the contract that local machines have.
    @Suite("Linux under libvirt")
    struct LinuxTests {
        private static let kernel = ProcessInfo.processInfo.environment["VIRTKIT_TEST_KERNEL"]
        private static let initrd = ProcessInfo.processInfo.environment["VIRTKIT_TEST_INITRD"]

        private func configuration(_ extra: String) throws -> MachineConfiguration {
            guard let kernel = Self.kernel, let initrd = Self.initrd else {
                try Test.cancel("needs VIRTKIT_TEST_KERNEL and VIRTKIT_TEST_INITRD")
            }
            var configuration = MachineConfiguration(name: "linux", architecture: .x86_64, memory: .mebibytes(256))
            configuration.boot = .linux(
                kernel: .path(kernel), initrd: .path(initrd), commandLine: "console=ttyS0 panic=-1 \(extra)")
            return configuration
        }

        @Test func bootsAndPowersOff() async throws {
            let configuration = try configuration("vk.nonce=libvirt")
            let connection = try await EmbeddedQEMU.connect()
            let (text, outcome) = try await promptly("a boot of Linux", within: .seconds(240)) {
                try await LibvirtHypervisor(connection).withMachine(configuration) { machine in
                    try await machine.start()
                    let outcome = try await machine.waitUntilStopped()
                    return (String(decoding: machine.serial.recentOutput, as: UTF8.self), outcome)
                }
            }
            #expect(outcome == .poweredOff)
            // SHA-256 of "libvirt"
            #expect(text.contains("vk.nonce sha256: "), "\(text.suffix(2000))")
        }

        @Test func talksAndIsSavedInMidConversation() async throws {
            let configuration = try configuration("vk.shell")
            let connection = try await EmbeddedQEMU.connect()
            let hypervisor = LibvirtHypervisor(connection)
            let path = EmbeddedQEMU.path("linux")
            defer { unlink(path) }
            try await promptly("a conversation with Linux", within: .seconds(300)) {
                try await hypervisor.withMachine(configuration) { machine in
                    try await machine.start()
                    try await expectText("busybox in the guest", machine)
                    try await machine.serial.send("x=$((6 * 7)); echo answer-$x\n")
                    try await expectText("answer-42", machine)
                    try await machine.pause()
                    try await machine.snapshots?.save(to: path)
                }
                try await hypervisor.withRestoredMachine(configuration, from: path) { machine in
                    try await machine.resume()
                    try await machine.serial.send("echo still-$((x + 1))\n")
                    try await expectText("still-43", machine)
                    try await machine.serial.send("exit\n")
                    let outcome = try await machine.waitUntilStopped()
                    #expect(outcome == .poweredOff)
                }
            }
        }
    }
}

/// Waits until the guest has printed something.
private func expectText(_ text: String, _ machine: any Machine) async throws {
    try await eventually("\"\(text)\" on the console", within: .seconds(200)) {
        String(decoding: machine.serial.recentOutput, as: UTF8.self).contains(text)
    }
}
