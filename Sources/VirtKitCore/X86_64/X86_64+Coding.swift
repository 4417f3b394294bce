extension X86_64.State {
    /// The version of the encoding: 1.
    public static let encodingVersion: UInt32 = 1

    /// Writes all state.
    public func encode(into encoder: inout StateEncoder) {
        for value in general { encoder.encode(value) }
        encoder.encode(rip)
        encoder.encode(rflags)
        for segment in segments { segment.encode(into: &encoder) }
        ldtr.encode(into: &encoder)
        tr.encode(into: &encoder)
        for table in [gdtr, idtr] {
            encoder.encode(table.base)
            encoder.encode(table.limit)
        }
        for value in [cr0, cr2, cr3, cr4, cr8, efer] + debugAddresses + [dr6, dr7, xcr0, timeStampCounter] {
            encoder.encode(value)
        }
        encoder.encode(extended.area)
        encoder.encode(UInt64(modelSpecific.count))
        for register in modelSpecific {
            encoder.encode(register.number)
            encoder.encode(register.value)
        }
        encoder.encode(activity.rawValue)
        encoder.encode(pending != nil)
        if let pending {
            encoder.encode(pending.vector)
            encoder.encode(pending.type)
            encoder.encode(pending.errorCode != nil)
            encoder.encode(pending.errorCode ?? 0)
        }
        for flag in [blockedBySTI, blockedByMovSS, nmiBlocked, nmiPending] { encoder.encode(flag) }
    }

    /// Reads what `encode` wrote.
    public init(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        guard version == Self.encodingVersion else { throw StateError("x86-64 state of version \(version)") }
        self = .reset
        for index in 0..<16 { general[index] = try decoder.decode(UInt64.self) }
        rip = try decoder.decode(UInt64.self)
        rflags = try decoder.decode(UInt64.self)
        for index in 0..<6 { segments[index] = try X86_64.Segment(from: &decoder) }
        ldtr = try X86_64.Segment(from: &decoder)
        tr = try X86_64.Segment(from: &decoder)
        gdtr = try X86_64.DescriptorTable(
            base: decoder.decode(UInt64.self), limit: decoder.decode(UInt16.self))
        idtr = try X86_64.DescriptorTable(
            base: decoder.decode(UInt64.self), limit: decoder.decode(UInt16.self))
        cr0 = try decoder.decode(UInt64.self)
        cr2 = try decoder.decode(UInt64.self)
        cr3 = try decoder.decode(UInt64.self)
        cr4 = try decoder.decode(UInt64.self)
        cr8 = try decoder.decode(UInt64.self)
        efer = try decoder.decode(UInt64.self)
        for index in 0..<4 { debugAddresses[index] = try decoder.decode(UInt64.self) }
        dr6 = try decoder.decode(UInt64.self)
        dr7 = try decoder.decode(UInt64.self)
        xcr0 = try decoder.decode(UInt64.self)
        timeStampCounter = try decoder.decode(UInt64.self)
        extended = X86_64.ExtendedState(area: try decoder.decodeBytes(limit: 1 << 16))
        let count = try decoder.decode(UInt64.self)
        guard count <= 4096 else { throw StateError("\(count) model-specific registers") }
        for _ in 0..<count {
            modelSpecific.append(
                X86_64.ModelSpecificRegister(
                    number: try decoder.decode(UInt32.self), value: try decoder.decode(UInt64.self)))
        }
        activity = X86_64.Activity(rawValue: try decoder.decode(UInt8.self))
        guard activity.rawValue <= X86_64.Activity.shutdown.rawValue else {
            throw StateError("activity \(activity.rawValue)")
        }
        if try decoder.decode(Bool.self) {
            let vector = try decoder.decode(UInt8.self)
            let type = try decoder.decode(UInt8.self)
            let hasCode = try decoder.decode(Bool.self)
            let code = try decoder.decode(UInt32.self)
            pending = X86_64.PendingEvent(vector: vector, type: type, errorCode: hasCode ? code : nil)
        }
        blockedBySTI = try decoder.decode(Bool.self)
        blockedByMovSS = try decoder.decode(Bool.self)
        nmiBlocked = try decoder.decode(Bool.self)
        nmiPending = try decoder.decode(Bool.self)
    }
}

extension X86_64.Segment {
    fileprivate func encode(into encoder: inout StateEncoder) {
        encoder.encode(selector)
        encoder.encode(base)
        encoder.encode(limit)
        encoder.encode(attributes)
    }

    fileprivate init(from decoder: inout StateDecoder) throws(StateError) {
        self.init(
            selector: try decoder.decode(UInt16.self), base: try decoder.decode(UInt64.self),
            limit: try decoder.decode(UInt32.self), attributes: try decoder.decode(UInt32.self))
    }
}
