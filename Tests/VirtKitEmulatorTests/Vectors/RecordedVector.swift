/// One instruction as a real processor executed it: registers and memory before, and what had changed after.
struct RecordedVector {
    /// The registers of the 8086, in the order in which MOO files have them.
    enum Register: Int, CaseIterable {
        case ax, bx, cx, dx, cs, ss, ds, es, sp, bp, si, di, ip, flags
    }

    enum Processor: Sendable {
        case i8086, i80286
    }

    struct Byte: Equatable {
        var address: UInt32
        var value: UInt8
    }

    var processor: Processor
    var name: String
    var bytes: [UInt8]
    /// By `Register`; all of them.
    var initial: [UInt16]
    var initialMemory: [Byte]
    /// By `Register`; nil where nothing has changed.
    var final: [UInt16?]
    var finalMemory: [Byte]
    /// The exception or interrupt that was taken, where the file says so.
    var exception: UInt8?
    /// Where the flags lie on the stack then.
    var flagsAddress: UInt32?
    /// Flags that are defined after the instruction, where the set's metadata.json says so.
    var definedFlags: UInt16?

    func before(_ register: Register) -> UInt16 { initial[register.rawValue] }
    func after(_ register: Register) -> UInt16 { final[register.rawValue] ?? initial[register.rawValue] }
}

/// Why a file of vectors can't be read.
struct VectorFileError: Error, CustomStringConvertible {
    var description: String
}
