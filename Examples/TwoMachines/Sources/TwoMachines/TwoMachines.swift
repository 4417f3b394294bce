// Two machines at once in one process, run from the main actor: their results go into its state without any lock.

import VirtKit

/// A guest that prints a letter twenty times on the serial port, a newline, and powers the machine off.
func guest(printing letter: Character) -> [UInt8] {
    [
        0xBB, 0x14, 0x00, 0x00, 0x00,  //       mov  $20, %ebx
        0xBA, 0xFD, 0x03, 0x00, 0x00,  // next: mov  $0x3FD, %edx    line status
        0xEC,  //                         busy: in   (%dx), %al
        0xA8, 0x20,  //                         test $0x20, %al      room for a byte?
        0x74, 0xFB,  //                         jz   busy
        0xBA, 0xF8, 0x03, 0x00, 0x00,  //       mov  $0x3F8, %edx    transmitter
        0xB0, letter.asciiValue ?? 0x3F,  //    mov  $letter, %al
        0xEE,  //                               out  %al, (%dx)
        0xFF, 0xCB,  //                         dec  %ebx
        0x75, 0xEA,  //                         jnz  next
        0xB0, 0x0A,  //                         mov  $'\n', %al
        0xEE,  //                               out  %al, (%dx)
        0xBA, 0x04, 0x06, 0x00, 0x00,  //       mov  $0x604, %edx    ACPI PM1 control
        0xB8, 0x00, 0x20, 0x00, 0x00,  //       mov  $0x2000, %eax   sleep enable, type soft off
        0x66, 0xEF,  //                         out  %ax, (%dx)
        0xF4,  //                         stop: hlt
        0xEB, 0xFD,  //                         jmp  stop
    ]
}

@MainActor
final class Laboratory {
    private(set) var lines: [String: [String]] = [:]

    /// Runs one machine. `withMachine` and its closure stay on the main actor, so `lines` can be changed in it; the guest
    /// itself runs on a thread of its own.
    func run(_ name: String, _ letter: Character) async throws -> MachineOutcome {
        var configuration = MachineConfiguration(name: name, architecture: .x86_64, memory: .mebibytes(2))
        configuration.boot = .flat(.bytes(guest(printing: letter)), address: 0x10_0000)
        let choice = try await Backends.builtIn.best(for: configuration)
        return try await choice.hypervisor.withMachine(configuration) { machine in
            try await machine.start()
            for await line in machine.serial.lines() { lines[name, default: []].append(line) }
            return try await machine.waitUntilStopped()
        }
    }
}

@main
struct TwoMachines {
    @MainActor
    static func main() async throws {
        let laboratory = Laboratory()
        async let first = laboratory.run("first", "a")
        async let second = laboratory.run("second", "b")
        let outcomes = try await [first, second]
        for (name, lines) in laboratory.lines.sorted(by: { $0.key < $1.key }) { print("\(name): \(lines)") }
        let expected = [
            "first": [String(repeating: "a", count: 20)], "second": [String(repeating: "b", count: 20)],
        ]
        guard outcomes == [.poweredOff, .poweredOff], laboratory.lines == expected else {
            fatalError("the machines ended as \(outcomes)")
        }
    }
}
