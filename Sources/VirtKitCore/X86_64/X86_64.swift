/// The x86-64 guest architecture.
public enum X86_64: GuestArchitecture {
    /// `x86_64`.
    public static let architecture = Architecture.x86_64
}

extension X86_64 {
    /// The hidden and visible parts of a segment register (Intel SDM vol. 3A, 3.4.3).
    public struct Segment: Hashable, Sendable {
        /// The selector.
        public var selector: UInt16
        /// The base address.
        public var base: UInt64
        /// The limit in bytes, after scaling by the granularity bit.
        public var limit: UInt32
        /// Type (bits 0 to 3), S (4), DPL (5, 6), P (7), AVL (12), L (13), D/B (14), G (15), and unusable (16): the
        /// format of VMX (Intel SDM vol. 3C, 25.4.1).
        public var attributes: UInt32

        /// Makes a segment.
        public init(selector: UInt16 = 0, base: UInt64 = 0, limit: UInt32 = 0, attributes: UInt32 = Self.unusable) {
            self.selector = selector
            self.base = base
            self.limit = limit
            self.attributes = attributes
        }

        /// The attribute bit that marks a segment as unusable (a null selector).
        public static let unusable: UInt32 = 1 << 16
    }

    /// A descriptor table register: GDTR or IDTR.
    public struct DescriptorTable: Hashable, Sendable {
        /// The table's linear address.
        public var base: UInt64
        /// The offset of the table's last byte.
        public var limit: UInt16
        /// Makes a descriptor table register.
        public init(base: UInt64 = 0, limit: UInt16 = 0) {
            self.base = base
            self.limit = limit
        }
    }

    /// A model-specific register that belongs to the vCPU, and its value.
    public struct ModelSpecificRegister: Hashable, Sendable {
        /// The register's number, as RDMSR takes it in ECX.
        public var number: UInt32
        /// Its value.
        public var value: UInt64
        /// Makes a register with its value.
        public init(number: UInt32, value: UInt64) {
            self.number = number
            self.value = value
        }
    }

    /// What a vCPU is doing, for start-up and halting.
    public struct Activity: RawRepresentable, Hashable, Sendable {
        /// The activity's number, as saved.
        public let rawValue: UInt8
        /// Makes an activity from its number.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// It executes instructions.
        public static let running = Activity(rawValue: 0)
        /// It has executed HLT and waits for an interrupt.
        public static let halted = Activity(rawValue: 1)
        /// It waits for a start-up IPI after INIT.
        public static let waitForSIPI = Activity(rawValue: 2)
        /// It has shut down (triple fault).
        public static let shutdown = Activity(rawValue: 3)
    }

    /// An exception or interrupt that has been raised and not yet delivered.
    public struct PendingEvent: Hashable, Sendable {
        /// The vector.
        public var vector: UInt8
        /// 0 external interrupt, 2 NMI, 3 exception, 4 software interrupt, 5 privileged software exception (INT1),
        /// 6 software exception (INT3, INTO): the types of VMX (Intel SDM vol. 3C, 25.8.3).
        public var type: UInt8
        /// The error code, for exceptions that have one.
        public var errorCode: UInt32?
        /// Makes an event.
        public init(vector: UInt8, type: UInt8, errorCode: UInt32? = nil) {
            self.vector = vector
            self.type = type
            self.errorCode = errorCode
        }
    }

    /// All architectural state of one x86-64 vCPU, apart from its local APIC.
    public struct State: VCPUState {
        /// RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 to R15, in encoding order. Always 16.
        public var general: [UInt64]
        /// RIP.
        public var rip: UInt64
        /// RFLAGS, with every flag in its place.
        public var rflags: UInt64
        /// ES, CS, SS, DS, FS, GS in encoding order. Always 6.
        public var segments: [Segment]
        /// LDTR.
        public var ldtr: Segment
        /// The task register.
        public var tr: Segment
        /// GDTR.
        public var gdtr: DescriptorTable
        /// IDTR.
        public var idtr: DescriptorTable
        /// CR0.
        public var cr0: UInt64
        /// CR2.
        public var cr2: UInt64
        /// CR3.
        public var cr3: UInt64
        /// CR4.
        public var cr4: UInt64
        /// CR8, the task priority: 0 to 15.
        public var cr8: UInt64
        /// IA32_EFER.
        public var efer: UInt64
        /// DR0 to DR3. Always 4.
        public var debugAddresses: [UInt64]
        /// DR6.
        public var dr6: UInt64
        /// DR7.
        public var dr7: UInt64
        /// XCR0.
        public var xcr0: UInt64
        /// The extended state in XSAVE's standard format (Intel SDM vol. 1, 13.4): 512 bytes of legacy area, the
        /// 64-byte header, then components at their standard offsets. At least 576 bytes.
        public var extended: ExtendedState
        /// Time-stamp counter at the saved machine time.
        public var timeStampCounter: UInt64
        /// Whether a vCPU that is given this state keeps its own counter, running as it is, instead of
        /// `timeStampCounter`: for a change made while machine time passes (INIT). Not saved; false in every state that
        /// a vCPU hands out.
        public var keepsTimeStampCounter: Bool = false
        /// Every other MSR of the vCPU, in the order of their numbers.
        public var modelSpecific: [ModelSpecificRegister]
        /// What the vCPU is doing.
        public var activity: Activity
        /// An event raised and not yet delivered.
        public var pending: PendingEvent?
        /// Interrupts are held off for one instruction by STI.
        public var blockedBySTI: Bool
        /// Interrupts are held off for one instruction by MOV SS or POP SS.
        public var blockedByMovSS: Bool
        /// NMIs are blocked until IRET.
        public var nmiBlocked: Bool
        /// An NMI waits.
        public var nmiPending: Bool
    }

    /// The x87, SSE, AVX … state of a vCPU, by XSAVE component.
    public struct ExtendedState: Hashable, Sendable {
        /// The XSAVE area in the standard format.
        public var area: [UInt8]

        /// Makes a state from an XSAVE area; missing bytes are zero.
        public init(area: [UInt8]) {
            self.area = area
            if area.count < 576 { self.area += [UInt8](repeating: 0, count: 576 - area.count) }
        }

        /// The state after reset: x87 control word 037FH, MXCSR 1F80H, all registers zero (Intel SDM vol. 3A, 9.1.1).
        public static var initial: ExtendedState {
            var state = ExtendedState(area: [])
            state.controlWord = 0x037F
            state.mxcsr = 0x1F80
            return state
        }

        /// The x87 control word (FCW).
        public var controlWord: UInt16 {
            get { UInt16(truncatingIfNeeded: read(0, 2)) }
            set { write(UInt64(newValue), 0, 2) }
        }
        /// The x87 status word (FSW).
        public var statusWord: UInt16 {
            get { UInt16(truncatingIfNeeded: read(2, 2)) }
            set { write(UInt64(newValue), 2, 2) }
        }
        /// The abridged x87 tag word: bit i is 1 where physical register i is not empty.
        public var abridgedTag: UInt8 {
            get { UInt8(truncatingIfNeeded: read(4, 1)) }
            set { write(UInt64(newValue), 4, 1) }
        }
        /// MXCSR.
        public var mxcsr: UInt32 {
            get { UInt32(truncatingIfNeeded: read(24, 4)) }
            set { write(UInt64(newValue), 24, 4) }
        }
        /// XSTATE_BV: which components are not in their initial state.
        public var components: UInt64 {
            get { read(512, 8) }
            set { write(newValue, 512, 8) }
        }

        /// The low and high half of XMM register `number` (0 to 15).
        public subscript(xmm number: Int) -> (low: UInt64, high: UInt64) {
            get {
                let offset = 160 + (number & 15) * 16
                return (read(offset, 8), read(offset + 8, 8))
            }
            set {
                let offset = 160 + (number & 15) * 16
                write(newValue.low, offset, 8)
                write(newValue.high, offset + 8, 8)
            }
        }

        /// The significand and the sign and exponent of x87 stack register ST(`number`), 0 to 7.
        public subscript(st number: Int) -> (significand: UInt64, signExponent: UInt16) {
            get {
                let offset = 32 + (number & 7) * 16
                return (read(offset, 8), UInt16(truncatingIfNeeded: read(offset + 8, 2)))
            }
            set {
                let offset = 32 + (number & 7) * 16
                write(newValue.significand, offset, 8)
                write(UInt64(newValue.signExponent), offset + 8, 2)
            }
        }

        private func read(_ offset: Int, _ size: Int) -> UInt64 {
            var value: UInt64 = 0
            for index in (0..<size).reversed() { value = value << 8 | UInt64(area[offset + index]) }
            return value
        }

        private mutating func write(_ value: UInt64, _ offset: Int, _ size: Int) {
            for index in 0..<size { area[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * UInt64(index))) }
        }
    }
}

extension X86_64.State {
    /// The state after power-up or RESET (Intel SDM vol. 3A, table 9-1): real mode, at the reset vector FFFFFFF0H.
    public static var reset: X86_64.State {
        let data = X86_64.Segment(base: 0, limit: 0xFFFF, attributes: 0x93)
        var segments = [X86_64.Segment](repeating: data, count: 6)
        segments[1] = X86_64.Segment(selector: 0xF000, base: 0xFFFF_0000, limit: 0xFFFF, attributes: 0x9B)
        var general = [UInt64](repeating: 0, count: 16)
        general[2] = 0x0001_06A3
        return X86_64.State(
            general: general, rip: 0xFFF0, rflags: 2, segments: segments,
            ldtr: X86_64.Segment(limit: 0xFFFF, attributes: 0x82), tr: X86_64.Segment(limit: 0xFFFF, attributes: 0x8B),
            gdtr: X86_64.DescriptorTable(limit: 0xFFFF), idtr: X86_64.DescriptorTable(limit: 0xFFFF),
            cr0: 0x6000_0010, cr2: 0, cr3: 0, cr4: 0, cr8: 0, efer: 0, debugAddresses: [0, 0, 0, 0], dr6: 0xFFFF_0FF0,
            dr7: 0x400, xcr0: 1, extended: .initial, timeStampCounter: 0, modelSpecific: [], activity: .running,
            pending: nil, blockedBySTI: false, blockedByMovSS: false, nmiBlocked: false, nmiPending: false)
    }
}
