/// The vector unit (SAFETY: see X86Computation.swift). These helpers are the most frequent by far, so they take a short way of their own.
extension X86Computation {
    static func runVector(
        _ operation: UnsafePointer<Operation>, _ frame: UnsafeMutableRawPointer
    ) throws(X86Fault) -> HelperOutcome {
        let call = VectorCall(rawValue: operation.pointee.immediate)
        guard let kind = call.operation else { throw .invalidOpcode }
        if call.needsPreparation { prepare(call, operation.pointee.b, frame) }
        let environment = frame + Int(X86Slot.vectorEnvironment)
        let destination = frame + Int(operation.pointee.d)
        let source = UnsafeRawPointer(frame + Int(operation.pointee.a))
        let isDone =
            call.isMMX
            ? executeMMX(
                kind, destination: destination, source: source, immediate: call.immediate, environment: environment)
            : executeVector(
                kind, destination: destination, source: source, immediate: call.immediate, environment: environment)
        // The guest makes #UD of it where CR4.OSXMMEXCPT is 0.
        if !isDone { throw X86Fault(vector: X86Vector.simdError) }
        return .next
    }

    /// Fills the environment with implicit operands, and enters MMX state.
    @inline(never)
    private static func prepare(_ call: VectorCall, _ mask: Place, _ frame: UnsafeMutableRawPointer) {
        if call.entersMMX { X87.enterMMX(frame + Int(X86Slot.x87)) }
        let environment = frame + Int(X86Slot.vectorEnvironment)
        let maskWords = environment + VectorEnvironment.maskOffset
        switch call.implicit {
        case .none: break
        case .xmm0: maskWords.copyMemory(from: frame + Int(X86Slot.vector(0)), byteCount: 16)
        case .mask: maskWords.copyMemory(from: frame + Int(mask), byteCount: 16)
        case .lengths:
            for (register, offset) in [(0, VectorEnvironment.lengthAOffset), (2, VectorEnvironment.lengthBOffset)] {
                let value = frame.load(fromByteOffset: Int(X86Slot.general(register)), as: UInt64.self)
                let length = call.rexW ? value : UInt64(bitPattern: signExtended(value, 4))
                environment.storeBytes(of: length, toByteOffset: offset, as: UInt64.self)
            }
        }
    }
}
