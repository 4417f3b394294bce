/// Exception vectors (Intel SDM volume 3A, table 6-1).
enum X86Vector {
    static let divideError: UInt8 = 0
    static let debug: UInt8 = 1
    static let nonMaskable: UInt8 = 2
    static let breakpoint: UInt8 = 3
    static let overflow: UInt8 = 4
    static let boundRange: UInt8 = 5
    static let invalidOpcode: UInt8 = 6
    static let deviceNotAvailable: UInt8 = 7
    static let doubleFault: UInt8 = 8
    static let invalidTSS: UInt8 = 10
    static let segmentNotPresent: UInt8 = 11
    static let stackFault: UInt8 = 12
    static let generalProtection: UInt8 = 13
    static let pageFault: UInt8 = 14
    static let x87Error: UInt8 = 16
    static let alignmentCheck: UInt8 = 17
    static let machineCheck: UInt8 = 18
    static let simdError: UInt8 = 19
}

/// An exception that an instruction, or the delivery of another event, raised.
struct X86Fault: Error, Equatable {
    var vector: UInt8
    /// Pushed by delivery where ``hasErrorCode`` says so.
    var errorCode: UInt32 = 0
    /// The linear address of a page fault, which goes to CR2.
    var address: UInt64 = 0
    /// DR6 bits of a debug exception.
    var debugStatus: UInt64 = 0
    /// A #GP of lowered code for a non-canonical address: a #SS if the access goes through SS (see `refined`).
    var isNonCanonicalAccess = false

    var hasErrorCode: Bool {
        switch vector {
        case X86Vector.doubleFault, X86Vector.invalidTSS, X86Vector.segmentNotPresent, X86Vector.stackFault,
            X86Vector.generalProtection, X86Vector.pageFault, X86Vector.alignmentCheck:
            true
        default:
            false
        }
    }

    static func generalProtection(_ errorCode: UInt32 = 0) -> X86Fault {
        X86Fault(vector: X86Vector.generalProtection, errorCode: errorCode)
    }

    static func stack(_ errorCode: UInt32 = 0) -> X86Fault {
        X86Fault(vector: X86Vector.stackFault, errorCode: errorCode)
    }

    static func notPresent(_ errorCode: UInt32) -> X86Fault {
        X86Fault(vector: X86Vector.segmentNotPresent, errorCode: errorCode)
    }

    static func invalidTSS(_ errorCode: UInt32) -> X86Fault {
        X86Fault(vector: X86Vector.invalidTSS, errorCode: errorCode)
    }

    static let invalidOpcode = X86Fault(vector: X86Vector.invalidOpcode)
    static let deviceNotAvailable = X86Fault(vector: X86Vector.deviceNotAvailable)

    static func page(_ address: UInt64, _ errorCode: UInt32) -> X86Fault {
        X86Fault(vector: X86Vector.pageFault, errorCode: errorCode, address: address)
    }

    /// What becomes of `next`, raised while this event's vector was being delivered (SDM volume 3A, table 6-5).
    /// Nil: `next` is delivered instead. A double fault: that. A fault during a double fault shuts the CPU down, which
    /// the caller sees to.
    static func combined(first: UInt8, next: UInt8) -> X86Fault? {
        let firstPage = first == X86Vector.pageFault
        let nextPage = next == X86Vector.pageFault
        let isDouble =
            (isContributory(first) && isContributory(next)) || (firstPage && (nextPage || isContributory(next)))
        return isDouble ? X86Fault(vector: X86Vector.doubleFault) : nil
    }

    private static func isContributory(_ vector: UInt8) -> Bool {
        vector == X86Vector.divideError
            || (vector >= X86Vector.invalidTSS && vector <= X86Vector.generalProtection)
    }
}

/// What is being delivered through the IDT: it decides the privilege check, the pushed RIP and RF, and the EXT bit of
/// error codes.
enum X86EventKind: UInt8 {
    /// An exception raised by the processor.
    case exception
    /// INT n, INT3 and INTO: the gate's privilege level is checked.
    case software
    /// INT1 (ICEBP): no privilege check, though the instruction raised it.
    case privilegedSoftware
    /// An external interrupt.
    case external
    case nonMaskable
}
