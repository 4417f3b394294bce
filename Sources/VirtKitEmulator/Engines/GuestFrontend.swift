/// What a memory access wants.
enum MemoryAccess: UInt8 {
    case read, write, execute
}

/// The result of a translation: what the engine may put into its TLB.
struct PageTranslation {
    /// The guest physical address of the 4 KiB page (the low 12 bits are 0).
    var physicalPage: UInt64
    /// Loads at this MMU index are allowed.
    var isReadable: Bool
    /// Stores at this MMU index are allowed, and the page is already marked dirty.
    var isWritable: Bool
    /// Instruction fetches at this MMU index are allowed.
    var isExecutable: Bool
    /// The translation survives `flushTLB(.nonGlobal)`.
    var isGlobal: Bool
    /// The guest wants to see every access to the page: the translation is not cached.
    var isWatched = false
}

/// Thrown by the engine's accesses to guest virtual memory: the guest holds a pending exception.
struct GuestFault: Error {}

/// What a helper wants the engine to do next.
enum HelperOutcome {
    /// Go on with the next operation.
    case next
    /// The instruction is complete; the helper has written the PC slot. Look at signals, mode and translation anew.
    case endBlock
    /// The guest holds a pending exception at the current instruction. The engine sets the PC slot to that instruction
    /// and calls `deliverPendingException`. The instruction does not count.
    case fault
    /// The instruction is complete; the helper has written the PC slot. Leave `run` with this code.
    case exit(UInt32)
}

/// Why `Engine.run` returned. The PC slot is that of the next instruction to run.
enum EngineExit: Equatable {
    /// At least as many instructions as asked for have run (exactly as many where the engine doesn't optimise).
    case budget
    /// A helper, the delivery of an exception or the service of signals left with this code.
    case guest(UInt32)
    /// The guest fetches instructions from a physical address that is not RAM.
    case fetchOutsideMemory(UInt64)
}

/// What a helper does, as far as passes need to know. The less it claims, the more they can do.
struct HelperEffects: OptionSet {
    let rawValue: UInt8

    /// Looks at the arithmetic flags (`Engine.flags`).
    static let readsFlags = HelperEffects(rawValue: 1)
    /// Sets the arithmetic flags.
    static let writesFlags = HelperEffects(rawValue: 2)
    /// May return `.fault`.
    static let mayFault = HelperEffects(rawValue: 4)
    /// May return `.endBlock` or `.exit`.
    static let mayEndBlock = HelperEffects(rawValue: 8)
    /// Reads or writes guest slots other than the places it is given (and the engine's words).
    static let touchesSlots = HelperEffects(rawValue: 16)
    /// Stores to guest memory.
    static let storesMemory = HelperEffects(rawValue: 32)
    /// All of them: always safe.
    static let all = HelperEffects(rawValue: 63)
}

/// The instruction bytes of a block that is being lowered.
///
/// SAFETY: the buffers are guest RAM, which the engine's `PhysicalMemory` keeps mapped while it lowers.
struct CodeWindow {
    /// The virtual (linear) address of the first byte: `GuestFrontend.fetchAddress` of the block's PC.
    let address: UInt64
    /// The bytes from there to the end of its 4 KiB page: 1 to 4,096. Valid during `lowerBlock` only. The guest may
    /// change them meanwhile: copy what is decoded.
    let bytes: UnsafeRawBufferPointer
    /// Whether `nextPageBytes` was called and gave bytes: the block depends on both pages.
    private(set) var usesNextPage = false
    /// Whether `nextPageBytes` faulted.
    private(set) var didFault = false
    private let fetchNextPage: () -> UnsafeRawBufferPointer?

    init(address: UInt64, bytes: UnsafeRawBufferPointer, fetchNextPage: @escaping () -> UnsafeRawBufferPointer?) {
        self.address = address
        self.bytes = bytes
        self.fetchNextPage = fetchNextPage
    }

    /// The 4,096 bytes of the next page, for a first instruction that runs over the end of `bytes`; nil where its
    /// fetch faults (the guest then holds a pending exception; return from `lowerBlock` at once).
    ///
    /// Call it for the first instruction of a block only. A later instruction that does not fit `bytes` ends the block
    /// before it, with `jump` to its PC. The instruction that crosses is the only one of its block.
    mutating func nextPageBytes() -> UnsafeRawBufferPointer? {
        guard let bytes = fetchNextPage() else {
            didFault = true
            return nil
        }
        usesNextPage = true
        return bytes
    }
}

/// One vCPU of a guest architecture, as an engine sees it.
///
/// All functions are called on the vCPU's own thread.
protocol GuestFrontend: AnyObject {
    /// The vCPU's frame, made by `FrameLayout.allocate()`, for as long as the guest lives.
    var frame: UnsafeMutableRawPointer { get }

    /// The slot of the 64-bit PC.
    var programCounterSlot: Place { get }

    /// All that lowering depends on besides the code (operand size, privilege, units enabled …). Changes only inside
    /// helpers that end the block, deliveries and signal service.
    var modeKey: UInt32 { get }

    /// The virtual (linear) address that instructions at `pc` are fetched from: the code segment's base added, say.
    /// Where the mapping changes without `modeKey`, call `Engine.invalidateJumpCache()`.
    func fetchAddress(_ pc: UInt64) -> UInt64

    /// Lowers the instructions at `pc` into `builder`, up to a terminator.
    ///
    /// If the fetch of the first instruction faults (see `CodeWindow.nextPageBytes`), return without a terminator.
    func lowerBlock(_ builder: inout BlockBuilder, pc: UInt64, code: inout CodeWindow)

    /// Translates a virtual (linear) address. Walks the guest's tables, sets accessed and dirty bits, checks what
    /// `access` at `mmuIndex` needs. Nil: not allowed; the guest then holds a pending exception.
    func translate(_ address: UInt64, access: MemoryAccess, mmuIndex: Int, engine: Engine) -> PageTranslation?

    /// Makes the fault of a misaligned access pending (aligned v128 accesses, 16-byte compare-exchange).
    func raiseAlignmentFault(_ address: UInt64, access: MemoryAccess)

    /// Runs a `helper` operation. Flags are reached by `Engine.flags`, memory by the engine's functions.
    func runHelper(_ operation: UnsafePointer<Operation>, frame: UnsafeMutableRawPointer, engine: Engine)
        -> HelperOutcome

    /// What helper `identifier` does.
    func helperEffects(_ identifier: UInt16) -> HelperEffects

    /// Delivers the pending exception to the guest: the PC slot holds the faulting instruction; write the handler's.
    /// Return a code to leave `run` (a shutdown, say).
    func deliverPendingException(engine: Engine) -> UInt32?

    /// The pending exception will not be delivered: the instruction is executed again later.
    func withdrawPendingException()

    /// Asked where the target of an indirect jump is new, with the target in the PC slot: true if the branch at `address`
    /// can't go there. Then the branch is undone, the PC slot is the branch's, and its exception is pending.
    func refuseTarget(ofBranchAt address: UInt64, engine: Engine) -> Bool

    /// Called between instructions, with the PC slot up to date, while the signal word is not 0: `word` holds the bits
    /// that were set, and they have been cleared. Take interrupts, or return a code to leave `run`.
    ///
    /// What can't be served yet (interrupts are off) the guest keeps in mind and looks at again when a helper changes
    /// that.
    func serviceSignals(_ word: UInt32, engine: Engine) -> UInt32?
}

extension GuestFrontend {
    func fetchAddress(_ pc: UInt64) -> UInt64 { pc }
    func helperEffects(_ identifier: UInt16) -> HelperEffects { .all }
}

extension GuestFrontend {
    func withdrawPendingException() {}
    func refuseTarget(ofBranchAt address: UInt64, engine: Engine) -> Bool { false }
}
