import VirtKitCore

@testable import VirtKitEmulator

/// A bus without devices.
final class EmptyBus: GuestBus {
    func read(_ address: UInt64, width: Int, space: BusSpace, vcpu: Int) -> UInt64 { .max }
    func write(_ value: UInt64, to address: UInt64, width: Int, space: BusSpace, vcpu: Int) {}
    func readSystemRegister(_ number: UInt32, vcpu: Int) -> UInt64? { nil }
    func writeSystemRegister(_ number: UInt32, value: UInt64, vcpu: Int) -> Bool { false }
}

/// x86 lowering without a system around it: addresses are physical, exceptions and HLT leave the engine.
final class FlatGuest: GuestFrontend {
    static let halted: UInt32 = 1
    static let faulted: UInt32 = 2

    let frame = FrameLayout.allocate()
    let programCounterSlot = X86Slot.programCounter
    var mode: X86Mode
    var modeKey: UInt32 { mode.rawValue }
    /// The last exception.
    var fault: X86Fault?
    /// What the verifier said of a block.
    var irregularity: String?
    /// The address ranges that translate, page by page.
    let mapped: [Range<UInt64>]

    init(mode: X86Mode = .kernel64, mapped: [Range<UInt64>]) {
        self.mode = mode
        self.mapped = mapped
    }

    deinit { frame.deallocate() }

    func lowerBlock(_ builder: inout BlockBuilder, pc: UInt64, code: inout CodeWindow) {
        X86Lowering.lowerBlock(&builder, mode: mode, pc: pc, code: &code)
        if code.didFault { return }
        let verifier = BlockVerifier(programCounterSlot: programCounterSlot) { X86Helper.effects(of: $0) }
        do throws(BlockVerifier.Failure) {
            try verifier.check(builder.operations)
        } catch {
            irregularity = "\(error.fault) at \(error.index)\n" + BlockText.print(builder.operations)
        }
    }

    func helperEffects(_ identifier: UInt16) -> HelperEffects { X86Helper.effects(of: identifier) }

    func translate(_ address: UInt64, access: MemoryAccess, mmuIndex: Int, engine: Engine) -> PageTranslation? {
        guard mapped.contains(where: { $0.contains(address) }) else {
            let isCanonical = Int64(bitPattern: address << 16) >> 16 == Int64(bitPattern: address)
            fault = isCanonical ? .page(address, 0) : .generalProtection()
            return nil
        }
        return PageTranslation(
            physicalPage: address & ~0xFFF, isReadable: true, isWritable: true, isExecutable: true, isGlobal: false)
    }

    func raiseAlignmentFault(_ address: UInt64, access: MemoryAccess) { fault = .generalProtection() }

    func runHelper(
        _ operation: UnsafePointer<Operation>, frame: UnsafeMutableRawPointer, engine: Engine
    ) -> HelperOutcome {
        let number = operation.pointee.helperIdentifier
        if number >= X86Helper.firstComputational {
            do throws(X86Fault) {
                return try X86Computation.run(operation, frame: frame, engine: engine)
            } catch {
                fault = error
                return .fault
            }
        }
        let immediate = X86HelperImmediate(rawValue: operation.pointee.helperImmediate)
        switch X86Helper(rawValue: number) {
        case .raise:
            fault = X86Fault(vector: UInt8(immediate.argument), errorCode: UInt32(immediate.extra))
            return .fault
        case .halt:
            frame.storeBytes(
                of: engine.currentPC, toByteOffset: Int(X86Slot.programCounter), as: UInt64.self)
            return .exit(Self.halted)
        case .writeFlags:
            let value = frame.load(fromByteOffset: Int(operation.pointee.a), as: UInt64.self)
            engine.flags = value & FlagBits.all
            let mask: UInt64 = immediate.operandBytes == 2 ? 0x0400 : 0x20_0400
            let old = frame.load(fromByteOffset: Int(X86Slot.systemFlags), as: UInt64.self)
            frame.storeBytes(
                of: old & ~mask | value & mask, toByteOffset: Int(X86Slot.systemFlags), as: UInt64.self)
            frame.storeBytes(
                of: engine.currentPC + immediate.length, toByteOffset: Int(X86Slot.programCounter), as: UInt64.self)
            return .endBlock
        default:
            fault = .invalidOpcode
            return .fault
        }
    }

    func deliverPendingException(engine: Engine) -> UInt32? { Self.faulted }
    func serviceSignals(_ word: UInt32, engine: Engine) -> UInt32? { nil }
}
