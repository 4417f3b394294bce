import VirtKitCore

@testable import VirtKitEmulator

/// A guest whose "code" is Swift: a block for each PC, and a page table in a dictionary.
final class VISATestGuest: GuestFrontend {
    let frame = FrameLayout.allocate()
    let programCounterSlot: Place = 128
    var modeKey: UInt32 = 1
    /// The blocks by PC.
    var blocks: [UInt64: (inout BlockBuilder) -> Void] = [:]
    /// Lowering from memory, where no block is set: called with the window.
    var lower: ((inout BlockBuilder, UInt64, inout CodeWindow) -> Void)?
    /// Translations by virtual page; nil as a whole: identity, all allowed.
    var pages: [UInt64: PageTranslation]?
    /// What a helper does.
    var helper: (UnsafePointer<Operation>, Engine) -> HelperOutcome = { _, _ in .exit(1) }
    var effects: HelperEffects = .all
    var translations = 0
    var lowered: [UInt64] = []
    /// The faults that were raised: address and access.
    var faults: [(address: UInt64, access: MemoryAccess)] = []
    /// The PCs that exceptions were delivered at.
    var delivered: [UInt64] = []
    var onSignal: (UInt32) -> UInt32? = { 1000 + $0 }
    var onDeliver: (Engine) -> UInt32? = { _ in 99 }

    deinit { frame.deallocate() }

    func lowerBlock(_ builder: inout BlockBuilder, pc: UInt64, code: inout CodeWindow) {
        lowered.append(pc)
        if let block = blocks[pc] { block(&builder) } else { lower?(&builder, pc, &code) }
    }

    func translate(_ address: UInt64, access: MemoryAccess, mmuIndex: Int, engine: Engine) -> PageTranslation? {
        translations += 1
        let page = address & ~0xFFF
        guard let pages else {
            return PageTranslation(
                physicalPage: page, isReadable: true, isWritable: true, isExecutable: true, isGlobal: false)
        }
        if let found = pages[page] {
            switch access {
            case .read where found.isReadable: return found
            case .write where found.isWritable: return found
            case .execute where found.isExecutable: return found
            default: break
            }
        }
        faults.append((address, access))
        return nil
    }

    func raiseAlignmentFault(_ address: UInt64, access: MemoryAccess) { faults.append((address, access)) }

    func runHelper(_ operation: UnsafePointer<Operation>, frame: UnsafeMutableRawPointer, engine: Engine)
        -> HelperOutcome
    { helper(operation, engine) }

    func helperEffects(_ identifier: UInt16) -> HelperEffects { effects }

    func deliverPendingException(engine: Engine) -> UInt32? {
        delivered.append(engine.programCounter)
        return onDeliver(engine)
    }

    func serviceSignals(_ word: UInt32, engine: Engine) -> UInt32? { onSignal(word) }

    subscript(_ place: Place) -> UInt64 {
        get { frame.loadUnaligned(fromByteOffset: Int(place), as: UInt64.self) }
        set { frame.storeBytes(of: newValue, toByteOffset: Int(place), as: UInt64.self) }
    }
}

/// A bus that remembers.
final class VISATestBus: GuestBus {
    var reads: [(address: UInt64, width: Int)] = []
    var writes: [(value: UInt64, address: UInt64, width: Int)] = []
    var onRead: (UInt64) -> UInt64 = { $0 & 0xFF }

    func read(_ address: UInt64, width: Int, space: BusSpace, vcpu: Int) -> UInt64 {
        reads.append((address, width))
        return onRead(address)
    }
    func write(_ value: UInt64, to address: UInt64, width: Int, space: BusSpace, vcpu: Int) {
        writes.append((value, address, width))
    }
    func readSystemRegister(_ number: UInt32, vcpu: Int) -> UInt64? { nil }
    func writeSystemRegister(_ number: UInt32, value: UInt64, vcpu: Int) -> Bool { false }
}

/// A guest with an engine and 256 KiB of RAM at 0.
final class VISATestMachine {
    let guest = VISATestGuest()
    let bus = VISATestBus()
    let ram: UnsafeMutableRawPointer
    let memory: PhysicalMemory
    let engine: Engine
    static let size = 256 << 10

    init(optimise: Bool = true, arenaCapacity: Int = 1 << 16) {
        ram = .allocate(byteCount: Self.size, alignment: 4096)
        ram.initializeMemory(as: UInt8.self, repeating: 0, count: Self.size)
        memory = PhysicalMemory(ranges: [.init(base: 0, size: UInt64(Self.size), host: ram, isWritable: true)])
        engine = Engine(
            guest: guest, memory: memory, bus: bus, optimise: optimise, arenaCapacity: arenaCapacity)
        engine.verifiesBlocks = true
    }

    deinit { ram.deallocate() }

    /// Sets one block at 0x1000 that ends by leaving with code 1, and runs it.
    @discardableResult
    func runOnce(_ body: @escaping (inout BlockBuilder) -> Void) -> EngineExit {
        guest.blocks[0x1000] = { builder in
            builder.boundary(pc: 0x1000)
            body(&builder)
            if !builder.isTerminated {
                builder.boundary(pc: 0x1004)
                builder.helper(0)
                builder.exitDynamic()
            }
        }
        engine.programCounter = 0x1000
        engine.invalidateCode()
        return engine.run(maximumInstructions: 1000)
    }
}

/// A small generator of numbers, the same in every run.
struct VISARandom: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
    /// A value that is often an edge case.
    mutating func edge() -> UInt64 {
        switch next() % 8 {
        case 0: return 0
        case 1: return 1
        case 2: return .max
        case 3: return 1 << (next() % 64)
        case 4: return (1 << (next() % 64)) &- 1
        case 5: return next() & 0xFF
        default: return next()
        }
    }
}
