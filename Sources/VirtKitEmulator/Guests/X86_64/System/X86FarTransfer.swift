/// Far JMP, CALL and RET (Intel SDM volume 2A and volume 3A, 5.8). Each commits its registers only when nothing can fault
/// any more. Transfers through task gates and task state segments are refused with #GP: no system that VirtKit boots
/// switches tasks in hardware.
extension X86Guest {
    /// A code segment to continue in.
    struct CodeTarget {
        var selector: UInt16
        var base: UInt64
        var cache: X86SegmentCache
        var offset: UInt64
    }

    /// Continues in `target` at its present privilege level (the RPL of its selector).
    func enter(_ target: CodeTarget) {
        setSegment(SegmentNumber.cs, target.selector, base: target.base, target.cache)
        programCounter = target.offset
        updateMode()
    }

    /// Checks an offset against the code segment it is for, and narrows it to that segment's size.
    private func checkedOffset(
        _ offset: UInt64, _ bytes: Int, _ cache: X86SegmentCache
    ) throws(X86Fault) -> UInt64 {
        let narrowed = bytes == 2 ? offset & 0xFFFF : bytes == 4 ? offset & 0xFFFF_FFFF : offset
        if system.isLongModeActive, cache.isLong {
            guard isCanonical(narrowed) else { throw .generalProtection() }
        } else {
            guard narrowed <= UInt64(cache.limit) else { throw .generalProtection() }
        }
        return narrowed
    }

    /// JMP and CALL to a code segment: checks, and the target at the present privilege level.
    private func directTarget(
        _ selector: UInt16, _ offset: UInt64, _ bytes: Int, _ found: X86Descriptor
    ) throws(X86Fault) -> CodeTarget {
        var found = found
        let code = selectorCode(selector)
        let isAllowed =
            found.isConforming
            ? found.privilege <= privilege : UInt8(selector & 3) <= privilege && found.privilege == privilege
        guard isAllowed, !(system.isLongModeActive && found.isLong && found.isBig) else {
            throw .generalProtection(code)
        }
        guard found.isPresent else { throw .notPresent(code) }
        let place = try checkedOffset(offset, bytes, found.cache)
        try markAccessed(selector, &found)
        return CodeTarget(
            selector: selector & ~3 | UInt16(privilege), base: codeBase(found), cache: found.cache, offset: place)
    }

    /// A 64-bit code segment's base is taken as 0.
    private func codeBase(_ found: X86Descriptor) -> UInt64 {
        system.isLongModeActive && found.isLong ? 0 : found.base
    }

    private func realTarget(_ selector: UInt16, _ offset: UInt64, _ bytes: Int) throws(X86Fault) -> CodeTarget {
        let cache =
            isReal ? system.segments[SegmentNumber.cs] : X86SegmentCache(limit: 0xFFFF, access: 0xFB)
        let narrowed = bytes == 2 ? offset & 0xFFFF : offset & 0xFFFF_FFFF
        guard narrowed <= UInt64(cache.limit) else { throw .generalProtection() }
        return CodeTarget(selector: selector, base: UInt64(selector) &<< 4, cache: cache, offset: narrowed)
    }

    /// JMP far.
    func farJump(_ selector: UInt16, _ offset: UInt64, _ bytes: Int) throws(X86Fault) {
        if isReal || isVirtual8086 {
            enter(try realTarget(selector, offset, bytes))
            return
        }
        guard selector & 0xFFFC != 0 else { throw .generalProtection() }
        guard let found = try descriptor(selector) else { throw .generalProtection(selectorCode(selector)) }
        if found.isCode {
            enter(try directTarget(selector, offset, bytes, found))
            return
        }
        let gate = try callGate(selector, found)
        let (target, level) = try gateTarget(gate)
        guard level == privilege else { throw .generalProtection(selectorCode(gate.selector)) }
        enter(target)
    }

    /// CALL far; `next` is the address to return to.
    func farCall(_ selector: UInt16, _ offset: UInt64, _ bytes: Int, next: UInt64) throws(X86Fault) {
        var stack = currentStack
        let oldCode = UInt64(selectorOf(SegmentNumber.cs))
        if isReal || isVirtual8086 {
            let target = try realTarget(selector, offset, bytes)
            try push(oldCode, bytes, &stack)
            try push(next, bytes, &stack)
            stackPointer = stack.merged(into: stackPointer)
            enter(target)
            return
        }
        guard selector & 0xFFFC != 0 else { throw .generalProtection() }
        guard let found = try descriptor(selector) else { throw .generalProtection(selectorCode(selector)) }
        if found.isCode {
            let target = try directTarget(selector, offset, bytes, found)
            try push(oldCode, bytes, &stack)
            try push(next, bytes, &stack)
            stackPointer = stack.merged(into: stackPointer)
            enter(target)
            return
        }
        try callThroughGate(selector, found, next: next)
    }

    private func callThroughGate(_ selector: UInt16, _ found: X86Descriptor, next: UInt64) throws(X86Fault) {
        let gate = try callGate(selector, found)
        let (target, level) = try gateTarget(gate)
        let bytes = system.isLongModeActive ? 8 : gate.type == X86SystemType.callGate16 ? 2 : 4
        let oldCode = UInt64(selectorOf(SegmentNumber.cs))
        if level == privilege {
            var stack = currentStack
            try push(oldCode, bytes, &stack)
            try push(next, bytes, &stack)
            stackPointer = stack.merged(into: stackPointer)
            enter(target)
            return
        }
        let oldStack = UInt64(selectorOf(SegmentNumber.ss))
        let oldPointer = stackPointer
        var inner = try innerFrame(level, external: 0)
        let outer = currentStack
        try push(oldStack, bytes, &inner.stack)
        try push(oldPointer, bytes, &inner.stack)
        if !system.isLongModeActive {
            // Parameters keep their order: the last is copied first.
            var index = gate.parameterCount
            while index > 0 {
                index &-= 1
                var source = outer
                source.pointer = source.pointer &+ index &* UInt64(truncatingIfNeeded: bytes)
                try push(try pop(bytes, &source), bytes, &inner.stack)
            }
        }
        try push(oldCode, bytes, &inner.stack)
        try push(next, bytes, &inner.stack)
        commit(inner)
        privilege = level
        enter(target)
    }

    /// A stack of an inner privilege level, not yet switched to.
    struct InnerFrame {
        var selector: UInt16
        var base: UInt64
        var cache: X86SegmentCache
        var stack: X86StackCursor
    }

    /// The stack for `level`, from the task state segment.
    func innerFrame(_ level: UInt8, external: UInt32) throws(X86Fault) -> InnerFrame {
        let inner = try innerStack(level, external: external)
        if system.isLongModeActive {
            guard isCanonical(inner.pointer) else { throw .stack(external) }
            return longInnerFrame(level, inner.pointer)
        }
        guard inner.selector & 0xFFFC != 0 else { throw .invalidTSS(external) }
        let (found, cache) = try checkedStack(
            inner.selector, level, fault: X86Vector.invalidTSS, external: external)
        return InnerFrame(
            selector: inner.selector, base: found.base, cache: cache,
            stack: X86StackCursor(
                pointer: inner.pointer, mask: stackMask(cache, in64BitCode: false), base: found.base,
                access: level == 3 ? .user : .supervisor, segment: cache,
                errorCode: selectorCode(inner.selector) | external))
    }

    /// In IA-32e mode SS becomes a null selector whose RPL is the new level.
    func longInnerFrame(_ level: UInt8, _ pointer: UInt64) -> InnerFrame {
        InnerFrame(
            selector: UInt16(level), base: 0,
            cache: X86SegmentCache(limit: 0, access: X86SegmentCache.unusable | UInt32(level) << 5),
            stack: X86StackCursor(
                pointer: pointer, mask: .max, base: 0, access: level == 3 ? .user : .supervisor))
    }

    /// Switches to an inner stack.
    func commit(_ frame: InnerFrame) {
        setSegment(SegmentNumber.ss, frame.selector, base: frame.base, frame.cache)
        stackPointer = frame.stack.merged(into: stackPointer)
    }

    private func callGate(_ selector: UInt16, _ found: X86Descriptor) throws(X86Fault) -> X86Gate {
        let code = selectorCode(selector)
        let isLong = system.isLongModeActive
        guard found.isSystem,
            found.type == X86SystemType.callGate || (!isLong && found.type == X86SystemType.callGate16)
        else { throw .generalProtection(code) }
        guard found.privilege >= privilege, found.privilege >= UInt8(selector & 3) else {
            throw .generalProtection(code)
        }
        var gate = X86Gate(low: found.raw)
        if isLong {
            guard let high = try descriptorHigh(selector), (high &>> 40) & 0x1F == 0 else {
                throw .generalProtection(code)
            }
            gate.high = high
        } else if gate.type == X86SystemType.callGate16 {
            gate.low &= 0x0000_FFFF_FFFF_FFFF
        }
        guard gate.isPresent else { throw .notPresent(code) }
        return gate
    }

    /// The code a gate leads to, and the privilege level it runs at.
    private func gateTarget(_ gate: X86Gate) throws(X86Fault) -> (CodeTarget, UInt8) {
        guard gate.selector & 0xFFFC != 0 else { throw .generalProtection() }
        let code = selectorCode(gate.selector)
        guard var found = try descriptor(gate.selector), found.isCode, found.privilege <= privilege else {
            throw .generalProtection(code)
        }
        if system.isLongModeActive {
            guard found.isLong, !found.isBig else { throw .generalProtection(code) }
        }
        guard found.isPresent else { throw .notPresent(code) }
        let level = found.isConforming ? privilege : found.privilege
        let offset = try checkedOffset(gate.offset, 8, found.cache)
        try markAccessed(gate.selector, &found)
        let target = CodeTarget(
            selector: gate.selector & ~3 | UInt16(level), base: codeBase(found), cache: found.cache, offset: offset)
        return (target, level)
    }

    /// The code segment a RET or IRET goes back to, checked; its selector's RPL is the new privilege level.
    func returnTarget(_ selector: UInt16, _ offset: UInt64) throws(X86Fault) -> CodeTarget {
        guard selector & 0xFFFC != 0 else { throw .generalProtection() }
        let code = selectorCode(selector)
        let level = UInt8(selector & 3)
        guard var found = try descriptor(selector), found.isCode, level >= privilege else {
            throw .generalProtection(code)
        }
        guard found.isConforming ? found.privilege <= level : found.privilege == level,
            !(system.isLongModeActive && found.isLong && found.isBig)
        else { throw .generalProtection(code) }
        guard found.isPresent else { throw .notPresent(code) }
        let place = try checkedOffset(offset, 8, found.cache)
        try markAccessed(selector, &found)
        return CodeTarget(selector: selector, base: codeBase(found), cache: found.cache, offset: place)
    }

    /// The stack a return goes back to. A null one is for 64-bit code above privilege level 3 only.
    func returnStack(
        _ selector: UInt16, for target: CodeTarget
    ) throws(X86Fault) -> (base: UInt64, cache: X86SegmentCache) {
        let level = UInt8(target.selector & 3)
        if selector & 0xFFFC == 0 {
            guard system.isLongModeActive, target.cache.isLong, level != 3, UInt8(selector & 3) == level else {
                throw .generalProtection()
            }
            return (0, X86SegmentCache(limit: 0, access: X86SegmentCache.unusable | UInt32(level) << 5))
        }
        let (found, cache) = try checkedStack(selector, level, fault: X86Vector.generalProtection)
        return (found.base, cache)
    }

    /// RET far; `drop` bytes of arguments are released.
    func farReturn(_ bytes: Int, drop: UInt64) throws(X86Fault) {
        var stack = currentStack
        let offset = try pop(bytes, &stack)
        let selector = UInt16(truncatingIfNeeded: try pop(bytes, &stack))
        if isReal || isVirtual8086 {
            let target = try realTarget(selector, offset, bytes)
            stack.pointer = (stack.pointer &+ drop) & stack.mask
            stackPointer = stack.merged(into: stackPointer)
            enter(target)
            return
        }
        let target = try returnTarget(selector, offset)
        let level = UInt8(selector & 3)
        stack.pointer = (stack.pointer &+ drop) & stack.mask
        if level == privilege {
            stackPointer = stack.merged(into: stackPointer)
            enter(target)
            return
        }
        let pointer = try pop(bytes, &stack)
        let stackSelector = UInt16(truncatingIfNeeded: try pop(bytes, &stack))
        let outer = try returnStack(stackSelector, for: target)
        setSegment(SegmentNumber.ss, stackSelector, base: outer.base, outer.cache)
        let mask = stackMask(outer.cache, in64BitCode: system.isLongModeActive && target.cache.isLong)
        let cursor = X86StackCursor(pointer: pointer &+ drop, mask: mask, base: 0, access: .user)
        stackPointer = cursor.merged(into: stackPointer)
        privilege = level
        dropInnerDataSegments(level)
        enter(target)
    }
}
