/// Instructions of the cases' guests, assembled by hand (Intel SDM vol. 2). RDX is 0E9H at entry: the port that `say`
/// uses.
enum GuestCode {
    /// `out dx, al`, `out dx, ax`, `out dx, eax`.
    static let out8: [UInt8] = [0xEE], out16: [UInt8] = [0x66, 0xEF], out32: [UInt8] = [0xEF]
    /// `in al, dx`, `in ax, dx`, `in eax, dx`.
    static let in8: [UInt8] = [0xEC], in16: [UInt8] = [0x66, 0xED], in32: [UInt8] = [0xED]
    static let halt: [UInt8] = [0xF4]
    /// Halts, and halts again after each interrupt.
    static let stay: [UInt8] = [0xF4, 0xEB, 0xFD]
    static let spin: [UInt8] = [0xEB, 0xFE]
    static let returnFromInterrupt: [UInt8] = [0x48, 0xCF]
    static let sti: [UInt8] = [0xFB], nop: [UInt8] = [0x90]
    static let undefined: [UInt8] = [0x0F, 0x0B]
    static let readRegister: [UInt8] = [0x0F, 0x32], writeRegister: [UInt8] = [0x0F, 0x30]
    static let readCounter: [UInt8] = [0x0F, 0x31]
    /// `mov al, [rdi]`, `mov [rdi], al`.
    static let loadByte: [UInt8] = [0x8A, 0x07], storeByte: [UInt8] = [0x88, 0x07]
    /// `mov cr8, rcx`.
    static let setPriority: [UInt8] = [0x44, 0x0F, 0x22, 0xC1]
    static let repeatOutputBytes: [UInt8] = [0xF3, 0x6E], repeatInputWords: [UInt8] = [0xF3, 0x66, 0x6D]

    /// `mov al, value; out dx, al`.
    static func say(_ value: UInt8) -> [UInt8] { [0xB0, value] + out8 }
    /// Some code, `dec ecx`, and back to its begin unless ECX is 0.
    static func loop(_ body: [UInt8]) -> [UInt8] {
        body + [0xFF, 0xC9, 0x75, UInt8(truncatingIfNeeded: -(body.count + 4))]
    }
    /// A handler that says a byte and returns.
    static func handler(_ value: UInt8) -> [UInt8] { say(value) + returnFromInterrupt }
}
