/// The XSAVE area (Intel SDM volume 1, 13.4), of which the x87 and SSE components are offered.
enum XSaveLayout {
    /// XCR0 bits that may be set: x87 and SSE.
    static let supported: UInt64 = 3
    static let legacyBytes = 512
    static let headerBytes = 64
    static let mxcsrMask: UInt32 = 0xFFFF
    /// XCOMP_BV bit 63: the area is in the compacted format.
    static let compacted: UInt64 = 1 << 63

    /// The area's size for the components in `xcr0`: both offered ones lie in the legacy area.
    static func size(of xcr0: UInt64) -> UInt32 { UInt32(legacyBytes + headerBytes) }
}

/// A 512-byte FXSAVE image in private memory.
struct FXSaveImage {
    var words: InlineArray<64, UInt64> = InlineArray(repeating: 0)

    /// The aligned integer at byte `offset`, which must be a multiple of its size.
    subscript<T: FixedWidthInteger & UnsignedInteger>(offset: Int, _ type: T.Type) -> T {
        get { T(truncatingIfNeeded: words[(offset >> 3) & 63] &>> UInt64((offset & 7) * 8)) }
        set {
            let shift = UInt64((offset & 7) * 8)
            let mask = (UInt64.max &>> UInt64(64 - T.bitWidth)) &<< shift
            words[(offset >> 3) & 63] = words[(offset >> 3) & 63] & ~mask | UInt64(newValue) &<< shift
        }
    }
}

/// FXSAVE, FXRSTOR, XSAVE, XSAVEOPT and XRSTOR.
///
/// SAFETY (this file): offsets into the frame are `X86Slot` constants plus an XMM number below 16, all within the
/// architectural slots.
extension X86Guest {
    private var x87: X87State { X87State(frame + Int(X86Slot.x87)) }

    var mxcsr: UInt32 {
        get { frame.load(fromByteOffset: Int(X86Slot.vectorEnvironment), as: UInt32.self) }
        set { frame.storeBytes(of: newValue, toByteOffset: Int(X86Slot.vectorEnvironment), as: UInt32.self) }
    }

    func vectorHalf(_ number: Int, _ half: Int) -> UInt64 {
        frame.load(fromByteOffset: Int(X86Slot.vector(number)) + (half & 1) * 8, as: UInt64.self)
    }

    func setVectorHalf(_ number: Int, _ half: Int, _ value: UInt64) {
        frame.storeBytes(of: value, toByteOffset: Int(X86Slot.vector(number)) + (half & 1) * 8, as: UInt64.self)
    }

    /// The x87 part of an image. `wide`: 64-bit pointers instead of 32-bit ones with selectors.
    func saveX87(_ image: inout FXSaveImage, wide: Bool) {
        let x87 = x87
        image[0, UInt16.self] = x87.control
        image[2, UInt16.self] = x87.status
        image[4, UInt16.self] = UInt16(x87.tag)
        image[6, UInt16.self] = x87.opcode
        if wide {
            image[8, UInt64.self] = x87.instructionPointer
            image[16, UInt64.self] = x87.dataPointer
        } else {
            image[8, UInt64.self] = x87.instructionPointer & 0xFFFF_FFFF | UInt64(x87.codeSelector) &<< 32
            image[16, UInt64.self] = x87.dataPointer & 0xFFFF_FFFF | UInt64(x87.dataSelector) &<< 32
        }
        for index in 0..<8 {
            let value = x87.physical(x87.top + index)
            image[32 + index * 16, UInt64.self] = value.significand
            image[40 + index * 16, UInt64.self] = UInt64(value.signExponent)
        }
    }

    func restoreX87(_ image: FXSaveImage, wide: Bool) {
        let x87 = x87
        // Bit 6 of the control word is always 1, bits 7 and 13 to 15 always 0.
        x87.control = image[0, UInt16.self] & 0x1F3F | 0x40
        x87.status = image[2, UInt16.self]
        x87.tag = image[4, UInt8.self]
        x87.opcode = image[6, UInt16.self]
        if wide {
            x87.instructionPointer = image[8, UInt64.self]
            x87.dataPointer = image[16, UInt64.self]
            x87.codeSelector = 0
            x87.dataSelector = 0
        } else {
            x87.instructionPointer = UInt64(image[8, UInt32.self])
            x87.codeSelector = image[12, UInt16.self]
            x87.dataPointer = UInt64(image[16, UInt32.self])
            x87.dataSelector = image[20, UInt16.self]
        }
        for index in 0..<8 {
            x87.setPhysical(
                x87.top + index,
                Float80Bits(
                    signExponent: image[40 + index * 16, UInt16.self],
                    significand: image[32 + index * 16, UInt64.self]))
        }
        x87.summarize()
    }

    func saveVectors(_ image: inout FXSaveImage, count: Int = 16) {
        for number in 0..<count {
            image[160 + number * 16, UInt64.self] = vectorHalf(number, 0)
            image[168 + number * 16, UInt64.self] = vectorHalf(number, 1)
        }
    }

    func restoreVectors(_ image: FXSaveImage, count: Int = 16) {
        for number in 0..<count {
            setVectorHalf(number, 0, image[160 + number * 16, UInt64.self])
            setVectorHalf(number, 1, image[168 + number * 16, UInt64.self])
        }
    }

    private var vectorCount: Int { is64BitCode ? 16 : 8 }

    private func checkAlignment(_ address: UInt64) throws(X86Fault) {
        guard address & 15 == 0 else { throw .generalProtection() }
    }

    func fxsave(_ address: UInt64, wide: Bool) throws(X86Fault) {
        try checkAlignment(address)
        try probeLinear(address, XSaveLayout.legacyBytes, .write)
        var image = FXSaveImage()
        saveX87(&image, wide: wide)
        image[24, UInt32.self] = mxcsr
        image[28, UInt32.self] = XSaveLayout.mxcsrMask
        saveVectors(&image, count: vectorCount)
        // Bytes 464 to 511 are the software's.
        let last = vectorCount == 16 ? 52 : 36
        for index in 0..<last { try storeLinear(address &+ UInt64(index * 8), image.words[index], currentAccess) }
    }

    func fxrstor(_ address: UInt64, wide: Bool) throws(X86Fault) {
        try checkAlignment(address)
        let image = try loadImage(address)
        let newMXCSR = image[24, UInt32.self]
        guard newMXCSR & ~XSaveLayout.mxcsrMask == 0 else { throw .generalProtection() }
        restoreX87(image, wide: wide)
        mxcsr = newMXCSR
        restoreVectors(image, count: vectorCount)
    }

    private func loadImage(_ address: UInt64) throws(X86Fault) -> FXSaveImage {
        var image = FXSaveImage()
        for index in 0..<64 {
            image.words[index] = try loadLinear(address &+ UInt64(index * 8), as: UInt64.self, currentAccess)
        }
        return image
    }

    /// The components an XSAVE instruction is about: EDX:EAX of those enabled.
    private var requestedComponents: UInt64 {
        (general(2) &<< 32 | general(0) & 0xFFFF_FFFF) & system.xcr0
    }

    /// XSAVE and XSAVEOPT, which never finds a component unmodified: both are always taken as in use. The address is aligned
    /// to 64 bytes.
    func xsave(_ address: UInt64, wide: Bool, isCompacted: Bool = false) throws(X86Fault) {
        try probeLinear(address, XSaveLayout.legacyBytes + XSaveLayout.headerBytes, .write)
        let components = requestedComponents
        let access = currentAccess
        var image = FXSaveImage()
        if components & 1 != 0 {
            saveX87(&image, wide: wide)
            for index in 0..<3 { try storeLinear(address &+ UInt64(index * 8), image.words[index], access) }
            for index in 4..<20 { try storeLinear(address &+ UInt64(index * 8), image.words[index], access) }
        }
        if components & 2 != 0 {
            try storeLinear(address &+ 24, mxcsr, access)
            try storeLinear(address &+ 28, XSaveLayout.mxcsrMask, access)
            saveVectors(&image, count: vectorCount)
            for index in 20..<(20 + vectorCount * 2) {
                try storeLinear(address &+ UInt64(index * 8), image.words[index], access)
            }
        }
        if isCompacted {
            try storeLinear(address &+ 512, components, access)
            try storeLinear(address &+ 520, components | XSaveLayout.compacted, access)
        } else {
            let old = try loadLinear(address &+ 512, as: UInt64.self, access)
            try storeLinear(address &+ 512, old & ~components | components, access)
        }
    }

    /// XSAVEC. Both components lie in the legacy area, so the compacted format differs in its header alone.
    func xsavec(_ address: UInt64, wide: Bool) throws(X86Fault) {
        try xsave(address, wide: wide, isCompacted: true)
    }

    /// XRSTOR. The address is aligned to 64 bytes.
    func xrstor(_ address: UInt64, wide: Bool) throws(X86Fault) {
        let components = requestedComponents
        let access = currentAccess
        let present = try loadLinear(address &+ 512, as: UInt64.self, access)
        let compaction = try loadLinear(address &+ 520, as: UInt64.self, access)
        let reserved = try loadLinear(address &+ 528, as: UInt64.self, access)
        let isCompacted = compaction & XSaveLayout.compacted != 0
        guard present & ~system.xcr0 == 0, reserved == 0 else { throw .generalProtection() }
        if isCompacted {
            let held = compaction & ~XSaveLayout.compacted
            guard held & ~system.xcr0 == 0, present & ~held == 0 else { throw .generalProtection() }
            for offset in stride(from: UInt64(536), to: 576, by: 8) {
                let word = try loadLinear(address &+ offset, as: UInt64.self, access)
                guard word == 0 else { throw .generalProtection() }
            }
        } else if compaction != 0 {
            throw .generalProtection()
        }
        let image = try loadImage(address)
        // In the compacted format MXCSR goes with the registers; in the standard one it is always loaded.
        let newMXCSR = isCompacted && present & 2 == 0 ? 0x1F80 : image[24, UInt32.self]
        if components & 2 != 0, newMXCSR & ~XSaveLayout.mxcsrMask != 0 { throw .generalProtection() }
        if components & 1 != 0 {
            if present & 1 != 0 { restoreX87(image, wide: wide) } else { initializeX87() }
        }
        if components & 2 != 0 {
            mxcsr = newMXCSR
            restoreVectors(present & 2 != 0 ? image : FXSaveImage(), count: vectorCount)
        }
    }

    /// The x87 component's initial configuration: FNINIT, and registers of zeros.
    func initializeX87() {
        let x87 = x87
        X87.initialize(frame + Int(X86Slot.x87))
        for index in 0..<8 { x87.setPhysical(index, Float80Bits(signExponent: 0, significand: 0)) }
    }
}
