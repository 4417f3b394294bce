// A device of the program's own, driven by a guest that is nothing but 24 bytes of machine code.

import VirtKit

/// The guest: gives 10, 9 ... 1 to the adder, reads the sum, and ends the machine with it.
let guest: [UInt8] = [
    0xBF, 0x00, 0x00, 0x00, 0xD0,  //       mov  $0xD0000000, %edi   the adder
    0xB9, 0x0A, 0x00, 0x00, 0x00,  //       mov  $10, %ecx
    0x89, 0x0F,  //                   next: mov  %ecx, (%rdi)        DATA
    0xFF, 0xC9,  //                         dec  %ecx
    0x75, 0xFA,  //                         jnz  next
    0x8B, 0x47, 0x08,  //                   mov  8(%rdi), %eax       SUM
    0xE7, 0xF4,  //                         out  %eax, $0xF4         the debug-exit port
    0xF4,  //                         stop: hlt
    0xEB, 0xFD,  //                         jmp  stop
]

@main
struct CustomDevice {
    static func main() async throws {
        var configuration = MachineConfiguration(architecture: .x86_64, memory: .mebibytes(2))
        configuration.boot = .flat(.bytes(guest), address: 0x10_0000)
        configuration.devices = [DeviceConfiguration(id: "example/adder0", model: "adder")]

        let backends: [any Backend] = [EmulatorBackend(deviceModels: [AdderModel()])]
        let choice = try await backends.best(for: configuration)
        let outcome = try await choice.hypervisor.withMachine(configuration) { machine in
            try await machine.start()
            return try await machine.waitUntilStopped()
        }
        print("the machine ended: \(outcome)")
        guard outcome.kind == .debugExit, outcome.code == 55 else { fatalError("1 + 2 + ... + 10 is 55") }
    }
}
