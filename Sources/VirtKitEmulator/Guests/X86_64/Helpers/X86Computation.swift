/// The helpers that compute: division, wide shifts, strings, vectors, x87. Those of the system are X86Guest's.
///
/// SAFETY (all unsafe accesses of this folder's files): places come from lowering, which takes them from `X86Slot` and
/// from the builder's temporaries, so that they lie in the frame and are aligned for the width they are used with.
struct X86Computation {
    let frame: UnsafeMutableRawPointer
    // SAFETY: the engine calls the helper, so it outlives the call; a strong reference costs more than many helpers do.
    unowned(unsafe) let engine: Engine
    /// Who checks segments; nil in tests of lowering without a system.
    unowned(unsafe) let guest: X86Guest?
    let d: Place
    let a: Place
    let b: Place
    let immediate: X86HelperImmediate

    /// What `runHelper` does for helpers from `X86Helper.firstComputational` on. It throws an exception of its own; one
    /// of a memory access the guest knows of already: the outcome is `.fault` then.
    static func run(
        _ operation: UnsafePointer<Operation>, frame: UnsafeMutableRawPointer, engine: Engine, guest: X86Guest? = nil
    ) throws(X86Fault) -> HelperOutcome {
        let number = operation.pointee.helperIdentifier
        if number >= X86Helper.vector.rawValue && number <= X86Helper.vectorPure.rawValue {
            return try runVector(operation, frame)
        }
        guard let helper = X86Helper(rawValue: number) else { throw .invalidOpcode }
        let computation = X86Computation(
            frame: frame, engine: engine, guest: guest, d: operation.pointee.d, a: operation.pointee.a,
            b: operation.pointee.b,
            immediate: X86HelperImmediate(rawValue: operation.pointee.helperImmediate))
        do throws(Failure) {
            return try computation.run(helper)
        } catch .exception(let fault) {
            throw fault
        } catch {
            return .fault
        }
    }

    /// Why a helper could not complete.
    enum Failure: Error {
        /// A memory access faulted; the guest holds the exception.
        case access
        case exception(X86Fault)

        static func vector(_ vector: UInt8) -> Failure { .exception(X86Fault(vector: vector)) }
    }

    private func run(_ helper: X86Helper) throws(Failure) -> HelperOutcome {
        switch helper {
        case .divide: try divide(signed: false)
        case .signedDivide: try divide(signed: true)
        case .rotateCarryLeft: rotateCarry(left: true)
        case .rotateCarryRight: rotateCarry(left: false)
        case .shiftDoubleLeft: shiftDouble(left: true)
        case .shiftDoubleRight: shiftDouble(left: false)
        case .crc32: crc32()
        case .asciiAdjustAdd: asciiAdjust(adding: true)
        case .asciiAdjustSub: asciiAdjust(adding: false)
        case .asciiAdjustDivide: asciiAdjustDivide()
        case .asciiAdjustMultiply: asciiAdjustMultiply()
        case .decimalAdjustAdd: decimalAdjust(adding: true)
        case .decimalAdjustSub: decimalAdjust(adding: false)
        case .repeatMove: return try repeatMove()
        case .repeatStore: return try repeatStore()
        case .repeatLoad: return try repeatLoad()
        case .repeatScan: return try repeatScan()
        case .repeatCompare: return try repeatCompare()
        case .enterNested: try enterNested()
        case .pushAll: try pushAll()
        case .popAll: try popAll()
        case .checkBounds:
            let index = Int64(bitPattern: quad(d))
            if index < Int64(bitPattern: quad(a)) || index > Int64(bitPattern: quad(b)) {
                throw .vector(X86Vector.boundRange)
            }
        case .loadMXCSR:
            // Bits 16 … 31 are reserved.
            guard quad(a) & 0xFFFF_0000 == 0 else { throw .exception(.generalProtection()) }
            frame.storeBytes(
                of: UInt32(truncatingIfNeeded: quad(a)), toByteOffset: Int(X86Slot.vectorEnvironment), as: UInt32.self)
        case .enterMMX: X87.enterMMX(frame + Int(X86Slot.x87))
        case .emptyMMX: X87.emptyMMX(frame + Int(X86Slot.x87))
        case .checkFPU: try checkFPU()
        case .x87: try x87()
        default: throw .exception(.invalidOpcode)
        }
        return .next
    }

    // MARK: The frame

    var bytes: Int { immediate.operandBytes }

    func quad(_ place: Place) -> UInt64 { frame.load(fromByteOffset: Int(place), as: UInt64.self) }

    func setQuad(_ place: Place, _ value: UInt64) {
        frame.storeBytes(of: value, toByteOffset: Int(place), as: UInt64.self)
    }

    func general(_ number: Int) -> UInt64 { quad(X86Slot.general(number)) }
    func setGeneral(_ number: Int, _ value: UInt64) { setQuad(X86Slot.general(number), value) }

    /// The low `bytes` bytes at a place, zero-extended.
    func value(_ place: Place, _ bytes: Int) -> UInt64 {
        switch bytes {
        case 1: UInt64(frame.load(fromByteOffset: Int(place), as: UInt8.self))
        case 2: UInt64(frame.load(fromByteOffset: Int(place), as: UInt16.self))
        case 4: UInt64(frame.load(fromByteOffset: Int(place), as: UInt32.self))
        default: quad(place)
        }
    }

    /// Writes the low `bytes` bytes at a place; 4 clears the upper half.
    func setValue(_ place: Place, _ value: UInt64, _ bytes: Int) {
        switch bytes {
        case 1: frame.storeBytes(of: UInt8(truncatingIfNeeded: value), toByteOffset: Int(place), as: UInt8.self)
        case 2: frame.storeBytes(of: UInt16(truncatingIfNeeded: value), toByteOffset: Int(place), as: UInt16.self)
        case 4: setQuad(place, value & 0xFFFF_FFFF)
        default: setQuad(place, value)
        }
    }

    /// All bits of an operand of `bytes` bytes.
    static func mask(_ bytes: Int) -> UInt64 { UInt64.max >> UInt64((8 &- bytes) &* 8 & 63) }

    static func signExtended(_ value: UInt64, _ bytes: Int) -> Int64 {
        let shift = Int64((8 &- bytes) &* 8 & 63)
        return (Int64(bitPattern: value) << shift) >> shift
    }

    // MARK: Memory

    /// Checks an access through a segment.
    func check(_ segment: Int, _ offset: UInt64, _ count: Int, writes: Bool) throws(Failure) {
        guard let guest else { return }
        do throws(X86Fault) {
            try guest.checkSegment(segment, offset, UInt64(truncatingIfNeeded: count), writes: writes)
        } catch {
            throw .exception(error)
        }
    }

    func load<T: FixedWidthInteger & UnsignedInteger>(_ address: UInt64, as type: T.Type) throws(Failure) -> T {
        do throws(GuestFault) {
            return try engine.load(address, as: type)
        } catch {
            throw .access
        }
    }

    func store<T: FixedWidthInteger & UnsignedInteger>(_ value: T, to address: UInt64) throws(Failure) {
        do throws(GuestFault) {
            try engine.store(value, to: address)
        } catch {
            throw .access
        }
    }

    /// Loads 1, 2, 4 or 8 bytes, zero-extended.
    func loadValue(_ address: UInt64, _ bytes: Int) throws(Failure) -> UInt64 {
        switch bytes {
        case 1: UInt64(try load(address, as: UInt8.self))
        case 2: UInt64(try load(address, as: UInt16.self))
        case 4: UInt64(try load(address, as: UInt32.self))
        default: try load(address, as: UInt64.self)
        }
    }

    /// Stores the low 1, 2, 4 or 8 bytes.
    func storeValue(_ value: UInt64, to address: UInt64, _ bytes: Int) throws(Failure) {
        switch bytes {
        case 1: try store(UInt8(truncatingIfNeeded: value), to: address)
        case 2: try store(UInt16(truncatingIfNeeded: value), to: address)
        case 4: try store(UInt32(truncatingIfNeeded: value), to: address)
        default: try store(value, to: address)
        }
    }
}

extension X86Guest {
    /// The helpers from `X86Helper.firstComputational` on.
    func runX86Computation(
        _ operation: UnsafePointer<Operation>, frame: UnsafeMutableRawPointer, engine: Engine
    ) -> HelperOutcome {
        do throws(X86Fault) {
            return try X86Computation.run(operation, frame: frame, engine: engine, guest: self)
        } catch {
            pendingFault = error
            return .fault
        }
    }
}
