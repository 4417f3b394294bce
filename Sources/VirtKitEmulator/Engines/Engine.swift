internal import CVirtKit
internal import VirtKitCore

/// Runs one vCPU: translates the guest's code block by block into V-ISA and runs the blocks.
///
/// Confined to the vCPU's thread, but for `signals` and `PhysicalMemory`.
///
/// SAFETY (this file): the frame is the guest's, which the engine keeps alive; its words are at `EngineWords`' offsets, and
/// are written in `init` before anything reads them; `tlbs` has `mmuIndexCount` elements, and `mmuIndex` is below that;
/// the arena is read at block numbers of the cache only. Code is lowered from a window that ends with its page.
final class Engine {
    let guest: any GuestFrontend
    let frame: UnsafeMutableRawPointer
    let programCounterSlot: Place
    private(set) var memory: PhysicalMemory
    var bus: any GuestBus
    let vcpuIndex: Int
    /// Whether blocks go through the passes. Without, every boundary is executed: that mode is the oracle.
    let optimises: Bool
    /// What other threads use to reach the engine.
    let signals: EngineSignals
    /// Whether every new block is verified: for tests of lowerings. A bad one traps, with its text.
    var verifiesBlocks = false

    /// The bytes of the access that a translation is for, as far as it is known (else 1).
    var accessBytes = 1
    /// One for each MMU index. Raw, so that the slow paths need no checks of exclusive access.
    let tlbs: UnsafeMutablePointer<SoftTLB>
    let cache: CodeCache
    private var builder = BlockBuilder()
    private var passes = BlockPasses()
    private var contexts = JumpContexts()
    private var index = 0
    /// Instructions completed in earlier calls of `run`, and the budget of this one.
    private var completed: UInt64 = 0
    private var budget: Int64 = 0
    private var exitCode: UInt32 = 0
    /// Whether `run` used up its budget in a block whose next instruction faults: it has been tried already.
    private(set) var endedBeforeFault = false

    /// How many MMU indices there are.
    static let mmuIndexCount = 3
    private static let arenaCapacity = 4 << 20

    /// Makes an engine. The frame is the guest's, and outlives the engine.
    init(
        guest: any GuestFrontend, memory: PhysicalMemory, bus: any GuestBus, vcpuIndex: Int = 0, optimise: Bool = true,
        signals: EngineSignals = EngineSignals(), arenaCapacity: Int = Engine.arenaCapacity
    ) {
        self.guest = guest
        frame = guest.frame
        programCounterSlot = guest.programCounterSlot
        self.memory = memory
        self.bus = bus
        self.vcpuIndex = vcpuIndex
        optimises = optimise
        self.signals = signals
        tlbs = .allocate(capacity: Self.mmuIndexCount)
        for index in 0..<Self.mmuIndexCount { (tlbs + index).initialize(to: SoftTLB()) }
        cache = CodeCache(capacity: arenaCapacity, pageCount: memory.pageCount)
        memory.addListener(signals)
        frame.storeBytes(of: cache.arena, toByteOffset: EngineWords.arena, as: UnsafeMutablePointer<Operation>.self)
        frame.storeBytes(
            of: cache.jumpCache, toByteOffset: EngineWords.jumpCache, as: UnsafeMutablePointer<JumpCacheEntry>.self)
        frame.storeBytes(of: signals.word, toByteOffset: EngineWords.signal, as: UnsafeMutablePointer<UInt32>.self)
        frame.storeBytes(of: 0, toByteOffset: EngineWords.remaining, as: Int64.self)
        setSavedBlock(nil)
        mmuIndex = 0
    }

    deinit {
        memory.removeListener(signals)
        for index in 0..<Self.mmuIndexCount { tlbs[index].deallocate() }
        tlbs.deallocate()
    }

    // MARK: State

    /// The PC slot. Up to date between blocks.
    var programCounter: UInt64 {
        get { frame.loadUnaligned(fromByteOffset: Int(programCounterSlot), as: UInt64.self) }
        set { frame.storeBytes(of: newValue, toByteOffset: Int(programCounterSlot), as: UInt64.self) }
    }

    /// The six arithmetic flags at the positions of `FlagBits`.
    var flags: UInt64 {
        get { LazyFlags.bits(frame) }
        set { LazyFlags.set(frame, bits: newValue) }
    }

    /// Which translations accesses use, 0 to 2. Set it only in helpers, deliveries and signal service.
    var mmuIndex: Int {
        get { index }
        set {
            index = min(max(newValue, 0), Self.mmuIndexCount - 1)
            frame.storeBytes(
                of: tlbs[index].entries, toByteOffset: EngineWords.tlb, as: UnsafeMutablePointer<SoftTLB.Entry>.self)
        }
    }

    private var remaining: Int64 {
        get { frame.load(fromByteOffset: EngineWords.remaining, as: Int64.self) }
        set { frame.storeBytes(of: newValue, toByteOffset: EngineWords.remaining, as: Int64.self) }
    }

    private var savedOperation: UnsafePointer<Operation>? {
        frame.load(fromByteOffset: EngineWords.savedOperation, as: UnsafePointer<Operation>?.self)
    }

    private func setSavedBlock(_ operation: UnsafePointer<Operation>?) {
        frame.storeBytes(of: operation, toByteOffset: EngineWords.savedBlock, as: UnsafePointer<Operation>?.self)
    }

    /// The number of the running block; nil between blocks.
    private var runningBlock: UInt32? {
        let block = frame.load(fromByteOffset: EngineWords.savedBlock, as: UnsafePointer<Operation>?.self)
        return block.map { UInt32(truncatingIfNeeded: $0 - UnsafePointer(cache.arena)) }
    }

    /// The running instruction's number in its block and its PC; nil between blocks. Right only where the running
    /// operation has been saved: in helpers and slow paths.
    private var position: (ordinal: Int, pc: UInt64)? {
        guard let block = runningBlock, let operation = savedOperation else { return nil }
        return cache.boundary(of: operation, in: block)
    }

    /// The PC of the running instruction, in helpers, translations and bus calls; between blocks the PC slot.
    var currentPC: UInt64 { position?.pc ?? programCounter }

    /// The number of instructions completed since the engine was made. Exact, in helpers and bus calls too.
    var instructionCount: UInt64 {
        let started = completed &+ UInt64(bitPattern: budget &- remaining)
        guard let position else { return started }
        return optimises ? started &+ UInt64(position.ordinal) : started &- 1
    }

    // MARK: Running

    /// Runs until at least `maximumInstructions` have completed (exactly as many, in an engine that doesn't optimise),
    /// or the guest leaves.
    func run(maximumInstructions: UInt64 = UInt64(Int64.max)) -> EngineExit {
        endedBeforeFault = false
        budget = Int64(clamping: maximumInstructions)
        remaining = budget
        defer {
            setSavedBlock(nil)
            completed &+= UInt64(bitPattern: budget &- remaining)
            budget = 0
            remaining = 0
        }
        var linkSource: LinkSource?
        // A handler that faults at once completes no instruction, and yet must not keep the caller waiting for ever.
        var deliveries = max(10_000, budget)
        while true {
            setSavedBlock(nil)
            if vk_load32_relaxed(signals.word) != 0 {
                linkSource = nil
                if let code = serveSignals() { return .guest(code) }
            }
            if remaining <= 0 || deliveries <= 0 { return .budget }
            let flushes = cache.flushCount
            let block: UInt32
            switch findBlock() {
            case .found(let number): block = number
            case .fault:
                linkSource = nil
                deliveries &-= 1
                if let code = guest.deliverPendingException(engine: self) { return .guest(code) }
                continue
            case .outside(let address): return .fetchOutsideMemory(address)
            }
            if let source = linkSource, flushes == cache.flushCount { link(source, to: block) }
            linkSource = nil
            switch Interpreter.run(self, frame, programCounterSlot, cache.arena + Int(block)) {
            case .next, .lookUp: break
            case .link:
                linkSource = currentLinkSource
                // Before anyone sees the target as the guest's PC.
                guard let source = linkSource, source.operation.pointee.opcode == .jumpIndirect,
                    guest.refuseTarget(
                        ofBranchAt: cache.boundary(of: source.operation, in: source.block).pc, engine: self)
                else { continue }
                linkSource = nil
                remaining &+= 1
                setSavedBlock(nil)
                deliveries &-= 1
                if let code = guest.deliverPendingException(engine: self) { return .guest(code) }
            case .fault:
                if let position {
                    programCounter = position.pc
                    remaining = optimises ? remaining &- Int64(position.ordinal) : remaining &+ 1
                }
                setSavedBlock(nil)
                // Beyond the budget nothing happens: the instruction will fault again.
                if remaining <= 0 {
                    guest.withdrawPendingException()
                    endedBeforeFault = true
                    return .budget
                }
                deliveries &-= 1
                if let code = guest.deliverPendingException(engine: self) { return .guest(code) }
            case .exit: return .guest(exitCode)
            }
        }
    }

    /// Calls a helper for the interpreter.
    func callHelper(_ operation: UnsafePointer<Operation>) -> StopReason {
        switch guest.runHelper(operation, frame: frame, engine: self) {
        case .next: return .next
        case .fault: return .fault
        case .endBlock:
            countThroughCurrent()
            return .lookUp
        case .exit(let code):
            countThroughCurrent()
            exitCode = code
            return .exit
        }
    }

    /// Counts the instructions of the running block up to and with the running one.
    private func countThroughCurrent() {
        if optimises, let position { remaining &-= Int64(position.ordinal + 1) }
    }

    private func serveSignals() -> UInt32? {
        let word = signals.take()
        if word & EngineSignals.mailbox != 0 {
            for request in signals.takeRequests() {
                switch request.kind {
                case .dropCode:
                    // Its mark may be gone already.
                    if let number = memory.pageNumber(request.address) {
                        dropBlocks(number, request.address, count: request.count)
                    }
                case .protect:
                    for index in 0..<Self.mmuIndexCount { tlbs[index].protect(physicalPage: request.address) }
                }
            }
        }
        if word & EngineSignals.dropAll != 0 { flushCode() }
        if word & EngineSignals.protectAll != 0 { flushTLB(.all) }
        guard word & EngineSignals.guestMask != 0 else { return nil }
        return guest.serviceSignals(word & EngineSignals.guestMask, engine: self)
    }

    // MARK: Blocks

    private enum Lookup {
        case found(UInt32)
        case fault
        case outside(UInt64)
    }

    /// Finds or makes the block for the PC slot.
    private func findBlock() -> Lookup {
        let pc = programCounter
        let modeKey = guest.modeKey
        let tag = contexts.tag(modeKey) { cache.clearJumpCache() }
        frame.storeBytes(of: tag, toByteOffset: EngineWords.contextTag, as: UInt32.self)
        let cached = Interpreter.cachedTarget(frame, pc)
        if cached != 0 && cache.header(cached).pointee.isLive != 0 { return .found(cached) }
        let address = guest.fetchAddress(pc)
        guard let detail = resolve(address, .execute, index) else { return .fault }
        let physical = detail & ~0xFFF | address & 0xFFF
        var block = cache.find(physical: physical, pc: pc, modeKey: modeKey)
        if block != 0, cache.header(block).pointee.secondPage != BlockHeader.none {
            // The second page may have moved since.
            guard let second = resolve((address | 0xFFF) &+ 1, .execute, index) else { return .fault }
            if second & ~0xFFF != cache.header(block).pointee.secondPage {
                dropCode(physical, count: 1, tellOthers: false)
                block = 0
            }
        }
        if block == 0 {
            switch makeBlock(pc, address, physical, modeKey) {
            case .found(let made): block = made
            case let other: return other
            }
        }
        cache.remember(block, pc: pc, tag: tag)
        return .found(block)
    }

    /// Marks that code is about to be read from a page of RAM, before it is read.
    private func markCode(_ page: UInt64, _ number: Int) {
        if memory.markCode(number, vcpu: vcpuIndex, page: page, signals: signals) {
            for index in 0..<Self.mmuIndexCount { tlbs[index].protect(physicalPage: page) }
        }
    }

    private func makeBlock(_ pc: UInt64, _ address: UInt64, _ physical: UInt64, _ modeKey: UInt32) -> Lookup {
        let page = physical & ~0xFFF
        guard let host = memory.host(physical), let number = memory.pageNumber(physical) else {
            return .outside(physical)
        }
        markCode(page, number)
        builder.reset()
        var second: (page: UInt64, number: Int)?
        var isOutside: UInt64?
        let bytes = UnsafeRawBufferPointer(start: host, count: 4096 &- Int(truncatingIfNeeded: physical & 0xFFF))
        var window = CodeWindow(address: address, bytes: bytes) { [self] in
            guard let detail = resolve((address | 0xFFF) &+ 1, .execute, index) else { return nil }
            let nextPage = detail & ~0xFFF
            guard let nextHost = memory.host(nextPage), let nextNumber = memory.pageNumber(nextPage) else {
                isOutside = nextPage
                return nil
            }
            markCode(nextPage, nextNumber)
            second = (nextPage, nextNumber)
            return UnsafeRawBufferPointer(start: nextHost, count: 4096)
        }
        guest.lowerBlock(&builder, pc: pc, code: &window)
        if let isOutside { return .outside(isOutside) }
        guard builder.isTerminated, builder.instructionCount > 0 else { return .fault }
        if verifiesBlocks { verify() }
        passes.run(builder, pc: pc, optimise: optimises, guest: guest)
        if !cache.hasRoom(operations: passes.operations.count, boundaries: passes.boundaries.count) { flushCode() }
        let last = passes.boundaries.last.map { Int($0.pcDelta) } ?? 0
        let covered = min(max(last, 0) &+ 16, bytes.count)
        let header = BlockHeader(
            pc: pc, physical: physical, secondPage: second?.page ?? BlockHeader.none, modeKey: modeKey, hashNext: 0,
            pageNext: 0, secondPageNext: 0, operationCount: 0, boundaryCount: 0,
            codeBytes: UInt32(truncatingIfNeeded: second == nil ? covered : bytes.count), isLive: 0)
        return .found(
            cache.install(
                passes.operations, passes.boundaries, header: header, page: number, secondPage: second?.number))
    }

    private func verify() {
        let verifier = BlockVerifier(programCounterSlot: programCounterSlot) { [guest] in guest.helperEffects($0) }
        do throws(BlockVerifier.Failure) {
            try verifier.check(builder.operations)
        } catch {
            fatalError("bad block: \(error.fault) at operation \(error.index)\n\(BlockText.print(builder.operations))")
        }
    }

    /// An operation that came out for a look-up, and the block that it is in.
    private struct LinkSource {
        var operation: UnsafeMutablePointer<Operation>
        var block: UInt32
    }

    private var currentLinkSource: LinkSource? {
        guard let operation = savedOperation, let block = runningBlock else { return nil }
        return LinkSource(operation: UnsafeMutablePointer(mutating: operation), block: block)
    }

    /// Links a jump to a block in the same page, or a dropped block's head to what took its place.
    private func link(_ source: LinkSource, to block: UInt32) {
        let from = cache.header(source.block)
        let to = cache.header(block)
        // An instruction that crosses a page is always looked up: its second page may move.
        guard UInt64(bitPattern: source.operation.pointee.immediate) == to.pointee.pc,
            to.pointee.secondPage == BlockHeader.none, from.pointee.modeKey == to.pointee.modeKey
        else { return }
        switch source.operation.pointee.opcode {
        case .jump:
            // Both lie in one virtual and one physical page: as long as the one runs, the other is mapped.
            guard from.pointee.physical & ~0xFFF == to.pointee.physical & ~0xFFF,
                guest.fetchAddress(from.pointee.pc) & ~0xFFF == guest.fetchAddress(to.pointee.pc) & ~0xFFF
            else { return }
            source.operation.pointee.link = block
        case .droppedBlock:
            guard from.pointee.physical == to.pointee.physical else { return }
            source.operation.pointee.link = block
        default: break
        }
    }

    // MARK: Translations

    enum TLBScope {
        case all
        /// All but the translations that are marked global.
        case nonGlobal
        /// The page of an address.
        case page(UInt64)
    }

    /// Drops cached translations. In helpers (that end the block), deliveries and signal service.
    func flushTLB(_ scope: TLBScope) {
        for index in 0..<Self.mmuIndexCount {
            switch scope {
            case .all: tlbs[index].flush(keepingGlobal: false)
            case .nonGlobal: tlbs[index].flush(keepingGlobal: true)
            case .page(let address): tlbs[index].flush(page: address)
            }
        }
        invalidateJumpCache()
    }

    /// To be called when what `fetchAddress` answers has changed without the mode key.
    func invalidateJumpCache() {
        contexts.renew()
        // No entry carries 0: until the next look-up, which finds the new tag, nothing is taken from the cache.
        frame.storeBytes(of: 0, toByteOffset: EngineWords.contextTag, as: UInt32.self)
    }

    /// Drops every translated block, at the next block border.
    func invalidateCode() { signals.raise(EngineSignals.dropAll) }

    private func flushCode() {
        cache.flush()
        invalidateJumpCache()
        // The pages stay marked as code: stores to them find no block and clear the mark.
    }

    /// Puts another physical memory in place. Not while running.
    func setMemory(_ memory: PhysicalMemory) {
        self.memory.removeListener(signals)
        self.memory = memory
        memory.addListener(signals)
        cache.flush(pageCount: memory.pageCount)
        flushTLB(.all)
    }

    /// Drops the code lowered from bytes of guest physical memory that are about to be, or have just been, written. A
    /// running block among it ends at its next boundary.
    func dropCode(_ address: UInt64, count: Int, tellOthers: Bool) {
        guard let number = memory.pageNumber(address), memory.hasCode(number) else { return }
        dropBlocks(number, address, count: count)
        if tellOthers && memory.hasCode(number) {
            memory.noteStore(address, number: number, vcpu: vcpuIndex, by: signals)
        }
    }

    private func dropBlocks(_ number: Int, _ address: UInt64, count: Int) {
        let page = address & ~0xFFF
        let offset = Int(truncatingIfNeeded: address & 0xFFF)
        let running = runningBlock
        var hitRunning = false
        let remain = cache.drop(page: number, physical: page, offset: offset, count: min(count, 4096 - offset)) {
            if $0 == running { hitRunning = true }
        }
        if hitRunning, let running { endEarly(running) }
        if !remain { memory.unmarkCode(number, vcpu: vcpuIndex) }
    }

    /// Makes the running (dropped) block end after the running instruction.
    private func endEarly(_ block: UInt32) {
        guard let operation = savedOperation else { return }
        let position = cache.boundary(of: operation, in: block)
        let next = position.ordinal + 1
        let header = cache.header(block)
        guard next < Int(header.pointee.boundaryCount) else { return }
        let entry = cache.boundaries(block)[next]
        guard entry.operationIndex < header.pointee.operationCount else { return }
        let pc = header.pointee.pc &+ UInt64(bitPattern: Int64(entry.pcDelta))
        cache.arena[Int(block) + Int(entry.operationIndex)] = Operation(
            .leaveBlock, d: optimises ? Place(truncatingIfNeeded: next) : 0, immediate: Int64(bitPattern: pc))
    }
}
