import CVirtKitTestSupport

@testable import VirtKitEmulator

/// One instruction on the registers of `simd_state`: reg and rm are 0...2, memory is [rdi].
struct VectorEncoding: CustomStringConvertible {
    var map: OpcodeMap
    var prefix: MandatoryPrefix
    var opcode: UInt8
    var modRM: UInt8
    var rexW: Bool
    var form: VectorForm

    func bytes(immediate: UInt8) -> [UInt8] {
        var bytes: [UInt8] = []
        switch prefix {
        case .none: break
        case .p66: bytes.append(0x66)
        case .pF3: bytes.append(0xF3)
        case .pF2: bytes.append(0xF2)
        }
        if rexW { bytes.append(0x48) }
        bytes.append(0x0F)
        switch map {
        case .map0F: break
        case .map0F38: bytes.append(0x38)
        case .map0F3A: bytes.append(0x3A)
        }
        bytes.append(opcode)
        if form.operation != .emms { bytes.append(modRM) }
        if form.hasImmediate { bytes.append(immediate) }
        return bytes
    }

    var description: String {
        let name = form.operation.map { "\($0)" } ?? "move"
        let code = bytes(immediate: 0).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }
        return "\(name) [\(code.joined(separator: " "))]"
    }

    /// Every encoding that the tables know: registers 1 and 2, a register with itself, and memory; all reg fields in groups.
    static let all: [VectorEncoding] = {
        var all: [VectorEncoding] = []
        let maps: [OpcodeMap] = [.map0F, .map0F38, .map0F3A]
        let prefixes: [MandatoryPrefix] = [.none, .p66, .pF3, .pF2]
        for map in maps {
            for prefix in prefixes {
                for opcode in UInt8.min...UInt8.max {
                    let isGroup = map == .map0F && (0x71...0x73).contains(opcode)
                    let modRMs: [UInt8] =
                        isGroup ? (0..<8).map { 0xC2 | $0 << 3 } : [0xCA, 0xC9, 0x0F]
                    for modRM in modRMs {
                        for rexW in [false, true] {
                            guard
                                let form = vectorForm(
                                    map: map, prefix: prefix, opcode: opcode, modRM: modRM, rexW: rexW)
                            else { continue }
                            all.append(
                                VectorEncoding(
                                    map: map, prefix: prefix, opcode: opcode, modRM: modRM, rexW: rexW, form: form))
                        }
                    }
                }
            }
        }
        return all
    }()

    /// Carries out the instruction on the state as VectorForm.swift tells a lowering to.
    func execute(immediate: UInt8, on state: inout simd_state) -> Bool {
        withUnsafeMutableBytes(of: &state) { bytes in
            guard let base = bytes.baseAddress else { return true }
            return execute(immediate: immediate, base)
        }
    }

    // SAFETY: `base` addresses a simd_state, and reg and rm are at most 2, so that every offset lies in it.
    private func execute(immediate: UInt8, _ base: UnsafeMutableRawPointer) -> Bool {
        let (reg, rm) = (Int(modRM >> 3 & 7), Int(modRM & 7))
        func place(_ operand: VectorOperand) -> UnsafeMutableRawPointer {
            switch operand {
            case .xmmReg, .flags, .ecxAndFlags, .xmm0AndFlags: base + 16 + 16 * reg
            case .xmmRM: base + 16 + 16 * rm
            case .mmxReg: base + 64 + 8 * reg
            case .mmxRM: base + 64 + 8 * rm
            case .gprReg: base + 88 + 8 * reg
            case .gprRM: base + 88 + 8 * rm
            case .memory, .maskedMemory, .none: base
            }
        }
        guard form.operation != .emms else { return true }
        let target = place(form.destination)
        guard let operation = form.operation else {
            move(from: place(form.source), to: target)
            return true
        }
        var environment = VectorEnvironment(mxcsr: base.load(fromByteOffset: 120, as: UInt32.self))
        let (rax, rdx) = (
            base.load(fromByteOffset: 88, as: UInt64.self), base.load(fromByteOffset: 104, as: UInt64.self)
        )
        switch form.implicit {
        case .none: break
        case .xmm0: environment.mask = base.load(fromByteOffset: 16, as: (UInt64, UInt64).self)
        case .lengths:
            func length(_ value: UInt64) -> UInt64 {
                rexW ? value : UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: value)))
            }
            (environment.lengthA, environment.lengthB) = (length(rax), length(rdx))
        case .mask:
            let mask = place(form.isMMX ? .mmxRM : .xmmRM)
            environment.mask = mask.loadUnaligned(as: (UInt64, UInt64).self)
        }
        // Scratch is full of ones, to show that no more than the form says is read or needed.
        let scratch = UnsafeMutableRawPointer.allocate(byteCount: 32, alignment: 16)
        defer { scratch.deallocate() }
        scratch.initializeMemory(as: UInt8.self, repeating: 0xFF, count: 32)
        var source = UnsafeRawPointer(place(form.source))
        if form.source == .memory {
            scratch.copyMemory(from: source, byteCount: Int(form.sourceBytes))
            source = UnsafeRawPointer(scratch)
        } else if form.source == .none {
            source = UnsafeRawPointer(target)
        }
        var destination = target
        switch form.destination {
        case .gprReg, .gprRM, .memory: destination = scratch + 16
        case .maskedMemory:
            destination = scratch + 16
            destination.copyMemory(from: target, byteCount: Int(form.destinationBytes))
        default: break
        }
        let call = form.isMMX ? executeMMX : executeVector
        let completes = withUnsafeMutableBytes(of: &environment) { environment in
            guard let environment = environment.baseAddress else { return true }
            return call(operation, destination, source, immediate, environment)
        }
        base.storeBytes(of: environment.mxcsr, toByteOffset: 120, as: UInt32.self)
        guard completes else { return false }
        switch form.destination {
        case .gprReg, .gprRM: target.copyMemory(from: destination, byteCount: 8)
        case .memory, .maskedMemory: target.copyMemory(from: destination, byteCount: Int(form.destinationBytes))
        case .ecxAndFlags: base.storeBytes(of: environment.index, toByteOffset: 96, as: UInt64.self)
        case .xmm0AndFlags: base.storeBytes(of: environment.mask, toByteOffset: 16, as: (UInt64, UInt64).self)
        default: break
        }
        if form.writesFlags { base.storeBytes(of: UInt64(environment.flags), toByteOffset: 112, as: UInt64.self) }
        return true
    }

    private func move(from source: UnsafeMutableRawPointer, to target: UnsafeMutableRawPointer) {
        var value = [UInt8](repeating: 0, count: 16)
        for index in 0..<min(Int(form.sourceBytes), Int(form.destinationBytes)) {
            value[index] = source.load(fromByteOffset: Int(form.sourceOffset) + index, as: UInt8.self)
        }
        let size =
            switch form.destination {
            case .xmmReg, .xmmRM: 16
            case .memory: Int(form.destinationBytes)
            default: 8
            }
        for index in 0..<size {
            let offset = index - Int(form.destinationOffset)
            if offset >= 0, offset < Int(form.destinationBytes) {
                target.storeBytes(of: value[offset], toByteOffset: index, as: UInt8.self)
            } else if form.upper == .zeroed {
                target.storeBytes(of: 0, toByteOffset: index, as: UInt8.self)
            }
        }
    }
}
