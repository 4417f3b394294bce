import CVirtKitTestSupport
import VirtKitCore

@testable import VirtKitEmulator

#if canImport(Glibc)
    import Glibc
#endif

/// Runs cases on the emulator: a CPU with paging on at privilege level 3, whose exceptions go through an IDT to handlers
/// that halt. Descriptor tables and mappings are those of a Linux program, as far as it can see them.
///
/// SAFETY (this file): host addresses are those of the machine's 1 MiB of memory, and all offsets below it.
final class EmulatedRunner {
    /// Physical addresses.
    private enum Place {
        static let size: UInt64 = 1 << 20
        static let pml4: UInt64 = 0x1000
        static let lowPointers: UInt64 = 0x2000
        static let lowDirectory: UInt64 = 0x3000
        static let dataTable: UInt64 = 0x4000
        static let codeTable: UInt64 = 0x5000
        static let highPointers: UInt64 = 0x6000
        static let highDirectory: UInt64 = 0x7000
        static let descriptors: UInt64 = 0x8000
        static let interrupts: UInt64 = 0x9000
        static let task: UInt64 = 0xA000
        /// One halt every 16 bytes.
        static let handlers: UInt64 = 0xB000
        static let stack: UInt64 = 0xD000
        static let code: UInt64 = 0x1_0000
        static let data: UInt64 = 0x2_0000
        static let constant: UInt64 = 0x2_3000
    }

    /// Where physical address 0 is mapped for the supervisor.
    private static let supervisor: UInt64 = 0xFFFF_9000_0000_0000

    /// The registers after the last case.
    let after: StateView
    private let result = UnsafeMutablePointer<native_state>.allocate(capacity: 1)
    private let memory: GuestMemory
    private let guest: X86Guest
    private let engine: Engine
    private let base: UnsafeMutableRawPointer
    private var lastCode: (offset: Int, count: Int) = (0, 0)
    private var template = X86_64.State.reset
    private let bus = RecordingBus()

    /// The data window after the last case.
    var data: UnsafeMutableRawPointer { base + Int(Place.data) }

    init(optimise: Bool) throws {
        memory = try GuestMemory(regions: [GuestMemoryRegion(guestAddress: 0, size: Place.size)])
        guest = X86Guest(
            index: 0, cpuid: CPUIDTable(model: .init()), clock: MachineClock(), timeStampFrequency: 1_000_000_000)
        let physical = PhysicalMemory(memory)
        engine = Engine(guest: guest, memory: physical, bus: bus, vcpuIndex: 0, optimise: optimise)
        engine.verifiesBlocks = !optimise
        guest.attach(engine)
        guard let host = physical.host(0) else {
            throw VirtKitError(.invalidState, operation: "map", message: "no RAM")
        }
        base = host
        result.initialize(to: native_state())
        after = StateView(pointer: result)
        buildTables()
        try guest.importState(initialState())
    }

    deinit { result.deallocate() }

    private func put(_ value: UInt64, _ address: UInt64) {
        base.storeBytes(of: value, toByteOffset: Int(address), as: UInt64.self)
    }

    private func get(_ address: UInt64) -> UInt64 { base.load(fromByteOffset: Int(address), as: UInt64.self) }

    private func buildTables() {
        let noExecute: UInt64 = 1 << 63
        put(Place.lowPointers | 7, Place.pml4)
        put(Place.highPointers | 3, Place.pml4 + (Self.supervisor >> 39 & 511) * 8)
        put(Place.lowDirectory | 7, Place.lowPointers)
        put(Place.dataTable | 7, Place.lowDirectory + (Window.data >> 21) * 8)
        put(Place.codeTable | 7, Place.lowDirectory + (Window.code >> 21) * 8)
        for page in UInt64(0)..<2 {
            put(Place.data + page << 12 | 0x67 | noExecute, Place.dataTable + (Window.data >> 12 & 511 + page) * 8)
            put(Place.code + page << 12 | 0x65, Place.codeTable + ((Window.code >> 12 & 511) + page) * 8)
        }
        put(Place.constant | 0x65 | noExecute, Place.dataTable + (Window.constant >> 12 & 511) * 8)
        put(Place.highDirectory | 3, Place.highPointers)
        put(0x83, Place.highDirectory)
        // As Linux has it: kernel code and data, user code and data, the task (2 entries), the CPU's number.
        let descriptors: [UInt64] = [
            0, 0x00CF_9B00_0000_FFFF, 0x00AF_9B00_0000_FFFF, 0x00CF_9300_0000_FFFF, 0x00CF_FB00_0000_FFFF,
            0x00CF_F300_0000_FFFF, 0x00AF_FB00_0000_FFFF, 0,
        ]
        for (index, value) in descriptors.enumerated() { put(value, Place.descriptors + UInt64(index) * 8) }
        let task = Self.supervisor + Place.task
        put(0x8B00_0000_0067 | (task & 0xFF_FFFF) << 16 | (task >> 24 & 0xFF) << 56, Place.descriptors + 0x40)
        put(task >> 32, Place.descriptors + 0x48)
        // The CPU's number is this segment's limit: data to read, expanding downwards.
        put(0x0040_F500_0000_0000, Place.descriptors + 0x78)
        put(Self.supervisor + Place.stack + 0x1000, Place.task + 4)
        // No map of I/O ports: it would begin behind the limit.
        base.storeBytes(of: 0x68, toByteOffset: Int(Place.task) + 102, as: UInt16.self)
        for vector in UInt64(0)..<256 {
            let handler = Self.supervisor + Place.handlers + vector * 16
            // Linux lets programs raise 3 and 4; its 0x80 is a system call, which nobody generates.
            let privilege: UInt64 = vector == 3 || vector == 4 ? 3 : 0
            let gate =
                handler & 0xFFFF | UInt64(LinuxSegments.kernelCode) << 16 | 0xE << 40 | privilege << 45 | 1 << 47
                | (handler >> 16 & 0xFFFF) << 48
            put(gate, Place.interrupts + vector * 16)
            put(handler >> 32, Place.interrupts + vector * 16 + 8)
        }
        memset(base + Int(Place.handlers), 0xF4, 0x1000)
        memset(base + Int(Place.code), 0xCC, Int(Window.codeSize))
        for offset in UInt32(0)..<4096 {
            base.storeBytes(
                of: native_constant(offset), toByteOffset: Int(Place.constant) + Int(offset), as: UInt8.self)
        }
    }

    private func initialState() -> X86_64.State {
        var state = X86_64.State.reset
        for number in 0..<6 { state.segments[number] = segment(0) }
        state.segments[1] = segment(LinuxSegments.userCode)
        state.segments[2] = segment(LinuxSegments.userData)
        state.tr = X86_64.Segment(
            selector: LinuxSegments.task, base: Self.supervisor + Place.task, limit: 0x67, attributes: 0x8B)
        state.ldtr = X86_64.Segment()
        state.gdtr = X86_64.DescriptorTable(base: Self.supervisor + Place.descriptors, limit: 0x7F)
        state.idtr = X86_64.DescriptorTable(base: Self.supervisor + Place.interrupts, limit: 0xFFF)
        state.cr0 =
            CR0.protection | CR0.monitorCoprocessor | CR0.extensionType | CR0.numericError | CR0.writeProtect
            | CR0.alignmentMask | CR0.paging
        state.cr3 = Place.pml4
        state.cr4 =
            CR4.physicalAddressExtension | CR4.fxsr | CR4.simdExceptions | CR4.fsgsbase | CR4.xsave
            | CR4.machineCheck
        state.efer = EFER.syscall | EFER.longModeEnable | EFER.longModeActive | EFER.noExecute
        state.xcr0 = 3
        state.rflags = 0x202
        state.rip = Window.code
        return state
    }

    private func segment(_ selector: UInt16) -> X86_64.Segment {
        switch selector {
        case LinuxSegments.userCode32: X86_64.Segment(selector: selector, limit: .max, attributes: 0xC0FB)
        case LinuxSegments.userCode: X86_64.Segment(selector: selector, limit: .max, attributes: 0xA0FB)
        case LinuxSegments.userData: X86_64.Segment(selector: selector, limit: .max, attributes: 0xC0F3)
        default: X86_64.Segment(selector: selector)
        }
    }

    // MARK: Running

    /// Runs a case from its state before; the results are in ``after`` and ``data``.
    func run(_ test: CaseView) {
        placeCode(test)
        memcpy(data, test.dataBefore, Int(Window.dataSize))
        load(test.before)
        capture(engine.run(maximumInstructions: 50_000))
    }

    /// Whether the last case has not come to an end.
    var isUnfinished: Bool { after.pointer.pointee.signal == UInt32(NATIVE_HANG) }

    /// Goes on with the last case, which is unfinished.
    func goOn() { capture(engine.run(maximumInstructions: 20_000_000)) }

    private func placeCode(_ test: CaseView) {
        let code = base + Int(Place.code)
        memset(code + lastCode.offset, 0xCC, lastCode.count)
        lastCode = (Int(test.codeAddress - Window.code), Int(test.pointer.pointee.code_bytes))
        memcpy(code + lastCode.offset, test.code, lastCode.count)
        engine.memory.noteExternalWrite(Place.code, count: Int(Window.codeSize))
    }

    private func load(_ before: StateView) {
        for number in 0..<16 { guest.setGeneral(number, before[general: number]) }
        guest.programCounter = before.pointer.pointee.rip
        for number in 0..<6 {
            let segment = segment(before[selector: number])
            guest.setSelector(number, segment.selector)
            guest.system.segments[number] = X86SegmentCache(limit: segment.limit, access: segment.attributes)
            guest.setSegmentBase(number, 0)
        }
        guest.setSegmentBase(4, before.pointer.pointee.fs_base)
        guest.setSegmentBase(5, before.pointer.pointee.gs_base)
        guest.flags = before.pointer.pointee.rflags
        guest.privilege = 3
        guest.system.isHalted = false
        guest.isShutDown = false
        guest.interruptShadow = 0
        guest.pendingFault = nil
        var image = FXSaveImage()
        for index in 0..<64 { image.words[index] = before.image.load(fromByteOffset: index * 8, as: UInt64.self) }
        guest.restoreX87(image, wide: true)
        guest.restoreVectors(image)
        guest.mxcsr = before.mxcsr
        guest.updateMode()
    }

    private func capture(_ exit: EngineExit) {
        after.pointer.pointee = native_state()
        let vector = (guest.programCounter &- Self.supervisor &- Place.handlers) / 16
        guard exit == .guest(X86ExitCode.halted), vector < 256 else {
            // No exception: it doesn't end, or the emulator is broken.
            after.pointer.pointee.signal = exit == .budget ? UInt32(NATIVE_HANG) : UInt32(NATIVE_LOST)
            after.pointer.pointee.rip = guest.programCounter
            return
        }
        let hasErrorCode = X86Fault(vector: UInt8(vector)).hasErrorCode
        let frame = Place.stack + 0x1000 - (hasErrorCode ? 48 : 40)
        let start = hasErrorCode ? frame + 8 : frame
        after.pointer.pointee.signal = 1
        after.pointer.pointee.vector = UInt32(vector)
        after.pointer.pointee.error = hasErrorCode ? get(frame) : 0
        after.pointer.pointee.address = guest.system.cr2
        after.pointer.pointee.rip = get(start)
        after.pointer.pointee.rflags = get(start + 16)
        for number in 0..<16 { after[general: number] = guest.general(number) }
        after[general: 4] = get(start + 24)
        for number in 0..<6 { after[selector: number] = guest.selectorOf(number) }
        after[selector: 1] = UInt16(truncatingIfNeeded: get(start + 8))
        after[selector: 2] = UInt16(truncatingIfNeeded: get(start + 32))
        after.pointer.pointee.fs_base = guest.segmentBase(4)
        after.pointer.pointee.gs_base = guest.segmentBase(5)
        var image = FXSaveImage()
        guest.saveX87(&image, wide: true)
        guest.saveVectors(&image)
        for index in 0..<64 { after.image.storeBytes(of: image.words[index], toByteOffset: index * 8, as: UInt64.self) }
        after.mxcsr = guest.mxcsr
    }
}
