/// One operation of the virtual instruction set: 16 bytes of plain data.
///
/// What `d`, `a`, `b` and `immediate` mean depends on the opcode; `Documentation/VirtualISA.md` lists them. `d` is the
/// destination place as a rule (the value's place of a store).
struct Operation: Equatable {
    var opcode: Opcode
    var d: Place = 0
    var a: Place = 0
    var b: Place = 0
    var immediate: Int64 = 0

    init(_ opcode: Opcode, d: Place = 0, a: Place = 0, b: Place = 0, immediate: Int64 = 0) {
        self.opcode = opcode
        self.d = d
        self.a = a
        self.b = b
        self.immediate = immediate
    }

    /// The displacement of an indexed address: the low 32 bits of the immediate, sign-extended.
    var indexedDisplacement: Int64 { Int64(Int32(truncatingIfNeeded: immediate)) }
    /// The scale (a shift count, 0 to 3) of an indexed address.
    var indexedScale: Int64 { immediate &>> 32 }

    /// The immediate of an indexed address.
    static func indexed(displacement: Int32, scale: UInt8) -> Int64 {
        Int64(UInt32(bitPattern: displacement)) | Int64(scale & 3) &<< 32
    }

    /// Which of the guest's helpers a `helper` operation calls.
    var helperIdentifier: UInt16 { UInt16(truncatingIfNeeded: immediate &>> 48) }
    /// The immediate that a `helper` operation hands to the guest: 48 bits, sign-extended.
    var helperImmediate: Int64 { (immediate &<< 16) &>> 16 }
}

extension Opcode {
    /// The opcode's number: its position in the declaration.
    var index: UInt16 {
        // SAFETY: an enum of 257 to 65,536 cases without payloads is stored as a 2-byte tag that counts its cases in
        // the order of their declaration (checked by a test).
        unsafeBitCast(self, to: UInt16.self)
    }

    /// The opcode that stands `offset` after this one.
    func advanced(by offset: Int) -> Opcode {
        let number = Int(index) &+ offset
        precondition(number >= 0 && number <= Int(Opcode.leaveBlock.index), "opcode offset out of its family")
        // SAFETY: as above, and the number is that of a case.
        return unsafeBitCast(UInt16(truncatingIfNeeded: number), to: Opcode.self)
    }

    /// Whether the opcode lies between two others, in the order of declaration.
    func isBetween(_ first: Opcode, _ last: Opcode) -> Bool { index >= first.index && index <= last.index }
}

/// The frame: one vCPU's registers, the engine's words and a block's temporaries in one raw allocation, addressed by
/// places.
enum FrameLayout {
    /// The lazy-flags record, 32 bytes, the same place for every guest: kind and width, A, B, C.
    static let lazyFlags: Place = 144
    /// The first of the engine's own words.
    static let engineWords: Place = 1024
    /// 16 bytes that are always 0: the base of an absolute address.
    static let zero: Place = 1024
    /// The first temporary.
    static let temporaries: Place = 2048
    /// 8-byte temporaries that one block may use.
    static let temporaryCount = 2048
    /// The end of the last temporary.
    static let size = Int(temporaries) + 8 * temporaryCount

    /// Allocates a frame of zeros, aligned to 64 bytes. The caller owns it: `deallocate()` frees it.
    ///
    /// It reaches 16 bytes past the largest place, so that no operation can touch anything else.
    static func allocate() -> UnsafeMutableRawPointer {
        let bytes = Int(Place.max) + 1 + 64
        let frame = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
        frame.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
        return frame
    }
}
