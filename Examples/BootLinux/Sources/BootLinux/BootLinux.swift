// Boots a Linux kernel inside this process, prints its console, and says how it ended.
//
// Usage: BootLinux KERNEL INITRD [URI]
//
// With one of libvirt's URIs (qemu:///system) the same machine runs there, on QEMU: only the line with the backends is another.

import VirtKit

@main
struct BootLinux {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard [3, 4].contains(arguments.count) else { fatalError("usage: BootLinux KERNEL INITRD [URI]") }

        var configuration = MachineConfiguration(architecture: .x86_64, cpus: 1, memory: .mebibytes(256))
        configuration.boot = .linux(
            kernel: .path(arguments[1]), initrd: .path(arguments[2]), commandLine: "console=ttyS0 panic=-1")

        var backends = Backends.builtIn
        if arguments.count == 4 {
            // QEMU translates. Without `virtualization` KVM is taken where libvirt says that it works.
            backends = [LibvirtBackend(uri: arguments[3], virtualization: .qemu)]
        }
        let choice = try await backends.best(for: configuration)
        print("running on \(choice.explanation)")
        let outcome = try await choice.hypervisor.withMachine(configuration) { machine in
            try await machine.start()
            for await line in machine.serial.lines() { print(line) }
            return try await machine.waitUntilStopped()
        }
        print("the machine ended: \(outcome)")
        guard outcome == .poweredOff else { fatalError("the guest did not power off") }
    }
}
