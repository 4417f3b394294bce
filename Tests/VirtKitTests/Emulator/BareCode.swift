import VirtKit

/// Guests of a few bytes, entered in 64-bit mode at 1 MiB.
enum BareCode {
    /// Powers the machine off by ACPI.
    static let powerOff: [UInt8] = [
        0x66, 0xBA, 0x04, 0x06,  // mov $0x604, %dx: PM1 control
        0x66, 0xB8, 0x00, 0x20,  // mov $0x2000, %ax: soft off
        0x66, 0xEF,  // out %ax, (%dx)
        0xF4, 0xEB, 0xFD,  // hlt; jmp -1
    ]

    /// Prints "x" for ever.
    static let printForEver: [UInt8] = [
        0x66, 0xBA, 0xF8, 0x03,  // mov $0x3F8, %dx
        0xB0, 0x78,  // mov $'x', %al
        0xEE, 0xEB, 0xFD,  // out %al, (%dx); jmp -1
    ]

    /// Spins for ever.
    static let spin: [UInt8] = [0xEB, 0xFE]

    /// Halts with interrupts off.
    static let haltForEver: [UInt8] = [0xFA, 0xF4, 0xEB, 0xFD]

    /// Resets the machine by port CF9H.
    static let reset: [UInt8] = [
        0x66, 0xBA, 0xF9, 0x0C,  // mov $0xCF9, %dx
        0xB0, 0x0E, 0xEE,  // mov $0xE, %al; out %al, (%dx)
        0xF4, 0xEB, 0xFD,
    ]

    /// Faults with an interrupt descriptor table of one byte.
    static let tripleFault: [UInt8] = [
        0x48, 0x83, 0xEC, 0x10,  // sub $16, %rsp
        0x66, 0xC7, 0x04, 0x24, 0x00, 0x00,  // movw $0, (%rsp)
        0x48, 0xC7, 0x44, 0x24, 0x02, 0x00, 0x00, 0x00, 0x00,  // movq $0, 2(%rsp)
        0x0F, 0x01, 0x1C, 0x24,  // lidt (%rsp)
        0x0F, 0x0B,  // ud2
    ]

    /// Jumps to the I/O APIC's registers.
    static let jumpIntoMMIO: [UInt8] = [
        0xB8, 0x00, 0x00, 0xC0, 0xFE,  // mov $0xFEC00000, %eax
        0xFF, 0xE0,  // jmp *%rax
    ]

    /// Makes one page the table of every level of paging, its 512 entries naming itself, and turns it on.
    static let pageTableLoop: [UInt8] = [
        0xBF, 0x00, 0x00, 0x40, 0x00,  // mov $0x400000, %edi
        0xB9, 0x00, 0x02, 0x00, 0x00,  // mov $512, %ecx
        0xB8, 0x03, 0x00, 0x40, 0x00,  // mov $0x400003, %eax
        0xF3, 0x48, 0xAB,  // rep stosq
        0xB8, 0x00, 0x00, 0x40, 0x00,  // mov $0x400000, %eax
        0x0F, 0x22, 0xD8,  // mov %rax, %cr3
        0xEB, 0xFE,
    ]

    /// A machine that runs a guest.
    static func machine(_ code: [UInt8], memory: ByteCount = .mebibytes(8)) -> MachineConfiguration {
        MachineConfiguration(
            architecture: .x86_64, memory: memory, boot: .flat(.bytes(code), address: 0x10_0000))
    }
}
