import Testing
import VirtKit
import VirtKitTesting

/// A hypervisor with two guests, for tests of the scope functions.
enum ScopeSubject: CaseIterable, CustomTestStringConvertible {
    case fake
    case emulator

    var testDescription: String { "\(self)" }

    var backend: any Backend { self == .fake ? FakeBackend() : EmulatorBackend() }

    /// A guest that prints "ok" and powers its machine off.
    var short: MachineConfiguration {
        configuration(
            FakeGuest(.print("ok"), .powerOff),
            [
                0xBA, 0xF8, 0x03, 0x00, 0x00,  // mov $0x3F8, %edx
                0xB0, 0x6F, 0xEE,  // mov $'o', %al; out %al, (%dx)
                0xB0, 0x6B, 0xEE,  // mov $'k', %al; out %al, (%dx)
                0xB0, 0x0A, 0xEE,  // mov $'\n', %al; out %al, (%dx)
                0xBA, 0x04, 0x06, 0x00, 0x00,  // mov $0x604, %edx: PM1 control
                0xB8, 0x00, 0x20, 0x00, 0x00,  // mov $0x2000, %eax: soft off
                0x66, 0xEF,  // out %ax, (%dx)
                0xF4, 0xEB, 0xFD,  // hlt; jmp -1
            ])
    }

    /// A guest that never ends.
    var endless: MachineConfiguration { configuration(FakeGuest(.wait), [0xEB, 0xFE]) }

    private func configuration(_ fake: FakeGuest, _ code: [UInt8]) -> MachineConfiguration {
        let image = self == .fake ? fake.image : code
        return MachineConfiguration(
            architecture: .x86_64, memory: .mebibytes(2), boot: .flat(.bytes(image), address: 0x10_0000))
    }
}
