// The rows of the decode table, by family (Intel SDM volume 2, appendix A, tables ).

extension VectorTable {
    mutating func addMoves() {
        // movaps, movapd, movdqa; movups, movupd, movdqu; and their stores.
        let load = VectorForm.move(to: .xmmReg, 16, from: .xmmRM, 16)
        let store = VectorForm.move(to: .xmmRM, 16, from: .xmmReg, 16)
        for prefix in [MandatoryPrefix.none, .p66] {
            add(.map0F, prefix, 0x10, register: load, memory: load.inUnalignedMemory)
            add(.map0F, prefix, 0x11, register: store, memory: store.inUnalignedMemory)
            add(.map0F, prefix, 0x28, load)
            add(.map0F, prefix, 0x29, store)
            // movntps, movntpd.
            add(.map0F, prefix, 0x2B, register: nil, memory: store.inMemory)
        }
        add(.map0F, .p66, 0x6F, load)
        add(.map0F, .p66, 0x7F, store)
        add(.map0F, .pF3, 0x6F, register: load, memory: load.inUnalignedMemory)
        add(.map0F, .pF3, 0x7F, register: store, memory: store.inUnalignedMemory)
        // lddqu, movntdqa, movntdq.
        add(.map0F, .pF2, 0xF0, register: nil, memory: load.inUnalignedMemory)
        add(.map0F38, .p66, 0x2A, register: nil, memory: load.inMemory)
        add(.map0F, .p66, 0xE7, register: nil, memory: store.inMemory)

        // movss, movsd: registers merge, a load zeroes.
        for (prefix, bytes) in [(MandatoryPrefix.pF3, UInt8(4)), (.pF2, 8)] {
            add(
                .map0F, prefix, 0x10,
                register: .move(to: .xmmReg, bytes, from: .xmmRM, bytes, .kept),
                memory: VectorForm.move(to: .xmmReg, bytes, from: .xmmRM, bytes).inMemory)
            add(.map0F, prefix, 0x11, .move(to: .xmmRM, bytes, from: .xmmReg, bytes, .kept))
        }

        // movlps, movhps, movlpd, movhpd; movhlps and movlhps in the register forms of two of them.
        let low = VectorForm.move(to: .xmmReg, 8, from: .xmmRM, 8, .kept)
        let high = VectorForm.move(to: .xmmReg, 8, at: 8, from: .xmmRM, 8, .kept)
        add(
            .map0F, .none, 0x12,
            register: .move(to: .xmmReg, 8, from: .xmmRM, 8, skipping: 8, .kept), memory: low.inMemory)
        add(.map0F, .none, 0x16, register: high, memory: high.inMemory)
        add(.map0F, .p66, 0x12, register: nil, memory: low.inMemory)
        add(.map0F, .p66, 0x16, register: nil, memory: high.inMemory)
        for prefix in [MandatoryPrefix.none, .p66] {
            add(
                .map0F, prefix, 0x13,
                register: nil, memory: VectorForm.move(to: .xmmRM, 8, from: .xmmReg, 8).inMemory)
            add(
                .map0F, prefix, 0x17,
                register: nil, memory: VectorForm.move(to: .xmmRM, 8, from: .xmmReg, 8, skipping: 8).inMemory)
        }

        // movq between xmm registers and memory; movq mm; movntq; movq2dq; movdq2q.
        add(.map0F, .pF3, 0x7E, .move(to: .xmmReg, 8, from: .xmmRM, 8))
        add(.map0F, .p66, 0xD6, .move(to: .xmmRM, 8, from: .xmmReg, 8))
        add(.map0F, .none, 0x6F, .move(to: .mmxReg, 8, from: .mmxRM, 8))
        let storeMMX = VectorForm.move(to: .mmxRM, 8, from: .mmxReg, 8)
        add(.map0F, .none, 0x7F, storeMMX)
        add(.map0F, .none, 0xE7, register: nil, memory: storeMMX.inMemory)
        add(.map0F, .pF3, 0xD6, register: .move(to: .xmmReg, 8, from: .mmxRM, 8), memory: nil)
        add(.map0F, .pF2, 0xD6, register: .move(to: .mmxReg, 8, from: .xmmRM, 8), memory: nil)

        // maskmovq, maskmovdqu.
        let masked = VectorForm(
            operation: .maskmovdqu, destination: .maskedMemory, source: .xmmReg, sourceBytes: 16,
            destinationBytes: 16, readsDestination: true, implicit: .mask)
        add(.map0F, .p66, 0xF7, register: masked, memory: nil)
        let maskedMMX = masked.with {
            ($0.source, $0.sourceBytes, $0.destinationBytes) = (.mmxReg, 8, 8)
            ($0.isMMX, $0.usesMMXState) = (true, true)
        }
        add(.map0F, .none, 0xF7, register: maskedMMX, memory: nil)

        let emms = VectorForm(operation: .emms)
        add(.map0F, .none, 0x77, register: emms, memory: emms)
    }

    mutating func addMovesWithGeneralRegisters() {
        // movd, movq.
        add(
            .map0F, .none, 0x6E,
            .move(to: .mmxReg, 8, from: .gprRM, 4), wide: .move(to: .mmxReg, 8, from: .gprRM, 8))
        add(
            .map0F, .none, 0x7E,
            .move(to: .gprRM, 4, from: .mmxReg, 4), wide: .move(to: .gprRM, 8, from: .mmxReg, 8))
        add(
            .map0F, .p66, 0x6E,
            .move(to: .xmmReg, 4, from: .gprRM, 4), wide: .move(to: .xmmReg, 8, from: .gprRM, 8))
        add(
            .map0F, .p66, 0x7E,
            .move(to: .gprRM, 4, from: .xmmReg, 4), wide: .move(to: .gprRM, 8, from: .xmmReg, 8))
        // movnti.
        let store = [UInt8(4), 8].map { VectorForm.move(to: .gprRM, $0, from: .gprReg, $0).inMemory }
        add(.map0F, .none, 0xC3, Cell(memory: store[0], wideMemory: store[1]))

        // Masks to general registers.
        func mask(_ operation: VectorOperation) -> VectorForm {
            VectorForm(
                operation: operation, destination: .gprReg, source: .xmmRM, sourceBytes: 16, destinationBytes: 4)
        }
        add(.map0F, .none, 0x50, register: mask(.movmskps), memory: nil)
        add(.map0F, .p66, 0x50, register: mask(.movmskpd), memory: nil)
        add(.map0F, .p66, 0xD7, register: mask(.pmovmskb), memory: nil)
        let maskMMX = mask(.pmovmskb).with {
            ($0.source, $0.sourceBytes, $0.isMMX, $0.usesMMXState) = (.mmxRM, 8, true, true)
        }
        add(.map0F, .none, 0xD7, register: maskMMX, memory: nil)

        // Inserts.
        func insert(_ operation: VectorOperation, register: UInt8, memory: UInt8) -> Cell {
            let form = VectorForm(
                operation: operation, destination: .xmmReg, source: .gprRM, sourceBytes: register,
                destinationBytes: 16, readsDestination: true, hasImmediate: true)
            let load = form.with { $0.sourceBytes = memory }.inMemory
            return Cell(register: form, memory: load, wideRegister: form, wideMemory: load)
        }
        func insertMMX(_ cell: Cell) -> Cell {
            func change(_ form: inout VectorForm) {
                (form.destination, form.destinationBytes, form.isMMX, form.usesMMXState) = (.mmxReg, 8, true, true)
            }
            let (form, load) = (cell.register?.with(change), cell.memory?.with(change))
            return Cell(register: form, memory: load, wideRegister: form, wideMemory: load)
        }
        add(.map0F, .p66, 0xC4, insert(.pinsrw, register: 4, memory: 2))
        add(.map0F, .none, 0xC4, insertMMX(insert(.pinsrw, register: 4, memory: 2)))
        add(.map0F3A, .p66, 0x20, insert(.pinsrb, register: 4, memory: 1))
        let (double, quad) = (insert(.pinsrd, register: 4, memory: 4), insert(.pinsrq, register: 8, memory: 8))
        add(
            .map0F3A, .p66, 0x22,
            Cell(
                register: double.register, memory: double.memory, wideRegister: quad.register,
                wideMemory: quad.memory))
        let insertps = VectorForm.xmm(.insertps, immediate: true)
        let load = insertps.with { ($0.operation, $0.sourceBytes) = (.insertpsm, 4) }.inMemory
        add(.map0F3A, .p66, 0x21, register: insertps, memory: load)

        // Extracts. extractps is pextrd without the REX.W form.
        func extract(_ operation: VectorOperation, register: UInt8, memory: UInt8) -> Cell {
            let form = VectorForm(
                operation: operation, destination: .gprRM, source: .xmmReg, sourceBytes: 16,
                destinationBytes: register, hasImmediate: true)
            let store = form.with { $0.destinationBytes = memory }.inMemory
            return Cell(register: form, memory: store, wideRegister: form, wideMemory: store)
        }
        add(.map0F3A, .p66, 0x14, extract(.pextrb, register: 4, memory: 1))
        add(.map0F3A, .p66, 0x15, extract(.pextrw, register: 4, memory: 2))
        add(.map0F3A, .p66, 0x17, extract(.pextrd, register: 4, memory: 4))
        let (extractDouble, extractQuad) = (
            extract(.pextrd, register: 4, memory: 4), extract(.pextrq, register: 8, memory: 8)
        )
        add(
            .map0F3A, .p66, 0x16,
            Cell(
                register: extractDouble.register, memory: extractDouble.memory, wideRegister: extractQuad.register,
                wideMemory: extractQuad.memory))
        let word = VectorForm(
            operation: .pextrw, destination: .gprReg, source: .xmmRM, sourceBytes: 16, destinationBytes: 4,
            hasImmediate: true)
        add(.map0F, .p66, 0xC5, register: word, memory: nil)
        let wordMMX = word.with {
            ($0.source, $0.sourceBytes, $0.isMMX, $0.usesMMXState) = (.mmxRM, 8, true, true)
        }
        add(.map0F, .none, 0xC5, register: wordMMX, memory: nil)
    }

    mutating func addInteger() {
        // Both MMX (no prefix) and SSE2 (66).
        let both: [(UInt8, VectorOperation)] = [
            (0x64, .pcmpgtb), (0x65, .pcmpgtw), (0x66, .pcmpgtd), (0x74, .pcmpeqb), (0x75, .pcmpeqw), (0x76, .pcmpeqd),
            (0xD1, .psrlw), (0xD2, .psrld), (0xD3, .psrlq), (0xD4, .paddq), (0xD5, .pmullw), (0xD8, .psubusb),
            (0xD9, .psubusw), (0xDA, .pminub), (0xDB, .pand), (0xDC, .paddusb), (0xDD, .paddusw), (0xDE, .pmaxub),
            (0xDF, .pandn), (0xE0, .pavgb), (0xE1, .psraw), (0xE2, .psrad), (0xE3, .pavgw), (0xE4, .pmulhuw),
            (0xE5, .pmulhw), (0xE8, .psubsb), (0xE9, .psubsw), (0xEA, .pminsw), (0xEB, .por), (0xEC, .paddsb),
            (0xED, .paddsw), (0xEE, .pmaxsw), (0xEF, .pxor), (0xF1, .psllw), (0xF2, .pslld), (0xF3, .psllq),
            (0xF4, .pmuludq), (0xF5, .pmaddwd), (0xF6, .psadbw), (0xF8, .psubb), (0xF9, .psubw), (0xFA, .psubd),
            (0xFB, .psubq), (0xFC, .paddb), (0xFD, .paddw), (0xFE, .paddd),
        ]
        for (opcode, operation) in both {
            add(.map0F, .none, opcode, .mmx(operation))
            add(.map0F, .p66, opcode, .xmm(operation))
        }
        // SSSE3, also in both.
        let ssse3: [(UInt8, VectorOperation)] = [
            (0x00, .pshufb), (0x01, .phaddw), (0x02, .phaddd), (0x03, .phaddsw), (0x04, .pmaddubsw), (0x05, .phsubw),
            (0x06, .phsubd), (0x07, .phsubsw), (0x08, .psignb), (0x09, .psignw), (0x0A, .psignd), (0x0B, .pmulhrsw),
        ]
        for (opcode, operation) in ssse3 {
            add(.map0F38, .none, opcode, .mmx(operation))
            add(.map0F38, .p66, opcode, .xmm(operation))
        }
        for (opcode, operation) in [(UInt8(0x1C), VectorOperation.pabsb), (0x1D, .pabsw), (0x1E, .pabsd)] {
            add(.map0F38, .none, opcode, .mmx(operation, reads: false))
            add(.map0F38, .p66, opcode, .fresh(operation))
        }
        // SSE4.1 and SSE4.2.
        let sse4: [(UInt8, VectorOperation)] = [
            (0x28, .pmuldq), (0x29, .pcmpeqq), (0x37, .pcmpgtq), (0x38, .pminsb), (0x39, .pminsd), (0x3A, .pminuw),
            (0x3B, .pminud), (0x3C, .pmaxsb), (0x3D, .pmaxsd), (0x3E, .pmaxuw), (0x3F, .pmaxud), (0x40, .pmulld),
        ]
        for (opcode, operation) in sse4 { add(.map0F38, .p66, opcode, .xmm(operation)) }
        add(.map0F38, .p66, 0x41, .fresh(.phminposuw))
        add(.map0F3A, .p66, 0x42, .xmm(.mpsadbw, immediate: true))
        let ptest = VectorForm(
            operation: .ptest, destination: .flags, source: .xmmRM, sourceBytes: 16, readsDestination: true,
            writesFlags: true)
        add(.map0F38, .p66, 0x17, ptest)

        // Bitwise operations under their floating-point names.
        let bitwise: [(UInt8, VectorOperation)] = [(0x54, .pand), (0x55, .pandn), (0x56, .por), (0x57, .pxor)]
        for (opcode, operation) in bitwise {
            add(.map0F, .none, opcode, .xmm(operation))
            add(.map0F, .p66, opcode, .xmm(operation))
        }
    }

    mutating func addShuffles() {
        // The low interleaves of MMX read 4 bytes of memory; those of SSE read all 16.
        let low: [(UInt8, VectorOperation)] = [(0x60, .punpcklbw), (0x61, .punpcklwd), (0x62, .punpckldq)]
        for (opcode, operation) in low {
            let form = VectorForm.mmx(operation)
            add(.map0F, .none, opcode, register: form, memory: form.with { $0.sourceBytes = 4 }.inMemory)
            add(.map0F, .p66, opcode, .xmm(operation))
        }
        let both: [(UInt8, VectorOperation)] = [
            (0x63, .packsswb), (0x67, .packuswb), (0x68, .punpckhbw), (0x69, .punpckhwd), (0x6A, .punpckhdq),
            (0x6B, .packssdw),
        ]
        for (opcode, operation) in both {
            add(.map0F, .none, opcode, .mmx(operation))
            add(.map0F, .p66, opcode, .xmm(operation))
        }
        add(.map0F, .p66, 0x6C, .xmm(.punpcklqdq))
        add(.map0F, .p66, 0x6D, .xmm(.punpckhqdq))
        add(.map0F, .none, 0x14, .xmm(.punpckldq))
        add(.map0F, .none, 0x15, .xmm(.punpckhdq))
        add(.map0F, .p66, 0x14, .xmm(.punpcklqdq))
        add(.map0F, .p66, 0x15, .xmm(.punpckhqdq))
        add(.map0F38, .p66, 0x2B, .xmm(.packusdw))

        add(.map0F, .none, 0x70, .mmx(.pshufw, reads: false, immediate: true))
        add(.map0F, .p66, 0x70, .fresh(.pshufd, immediate: true))
        add(.map0F, .pF3, 0x70, .fresh(.pshufhw, immediate: true))
        add(.map0F, .pF2, 0x70, .fresh(.pshuflw, immediate: true))
        add(.map0F, .none, 0xC6, .xmm(.shufps, immediate: true))
        add(.map0F, .p66, 0xC6, .xmm(.shufpd, immediate: true))
        add(.map0F3A, .none, 0x0F, .mmx(.palignr, immediate: true))
        add(.map0F3A, .p66, 0x0F, .xmm(.palignr, immediate: true))
        add(.map0F, .pF2, 0x12, .fresh(.movddup, 8))
        add(.map0F, .pF3, 0x12, .fresh(.movsldup))
        add(.map0F, .pF3, 0x16, .fresh(.movshdup))
        add(.map0F3A, .p66, 0x0C, .xmm(.blendps, immediate: true))
        add(.map0F3A, .p66, 0x0D, .xmm(.blendpd, immediate: true))
        add(.map0F3A, .p66, 0x0E, .xmm(.pblendw, immediate: true))
        let variable: [(UInt8, VectorOperation)] = [(0x10, .pblendvb), (0x14, .blendvps), (0x15, .blendvpd)]
        for (opcode, operation) in variable {
            add(.map0F38, .p66, opcode, VectorForm.xmm(operation).with { $0.implicit = .xmm0 })
        }
    }

    mutating func addWidening() {
        let rows: [(UInt8, VectorOperation, VectorOperation, UInt8)] = [
            (0x20, .pmovsxbw, .pmovzxbw, 8), (0x21, .pmovsxbd, .pmovzxbd, 4), (0x22, .pmovsxbq, .pmovzxbq, 2),
            (0x23, .pmovsxwd, .pmovzxwd, 8), (0x24, .pmovsxwq, .pmovzxwq, 4), (0x25, .pmovsxdq, .pmovzxdq, 8),
        ]
        for (opcode, signed, unsigned, bytes) in rows {
            add(.map0F38, .p66, opcode, .fresh(signed, bytes))
            add(.map0F38, .p66, opcode &+ 0x10, .fresh(unsigned, bytes))
        }
    }

    mutating func addFloatingPoint() {
        // Packed single, packed double, scalar single, scalar double: no prefix, 66, F3, F2.
        typealias Four = (UInt8, VectorOperation, VectorOperation, VectorOperation, VectorOperation)
        let arithmetic: [Four] = [
            (0x58, .addps, .addpd, .addss, .addsd), (0x59, .mulps, .mulpd, .mulss, .mulsd),
            (0x5C, .subps, .subpd, .subss, .subsd), (0x5D, .minps, .minpd, .minss, .minsd),
            (0x5E, .divps, .divpd, .divss, .divsd), (0x5F, .maxps, .maxpd, .maxss, .maxsd),
        ]
        for (opcode, ps, pd, ss, sd) in arithmetic {
            add(.map0F, .none, opcode, VectorForm.xmm(ps).raising)
            add(.map0F, .p66, opcode, VectorForm.xmm(pd).raising)
            add(.map0F, .pF3, opcode, .scalar(ss, 4))
            add(.map0F, .pF2, opcode, .scalar(sd, 8))
        }
        add(.map0F, .none, 0x51, VectorForm.fresh(.sqrtps).raising)
        add(.map0F, .p66, 0x51, VectorForm.fresh(.sqrtpd).raising)
        add(.map0F, .pF3, 0x51, .scalar(.sqrtss, 4))
        add(.map0F, .pF2, 0x51, .scalar(.sqrtsd, 8))
        // The approximations raise nothing.
        add(.map0F, .none, 0x52, .fresh(.rsqrtps))
        add(.map0F, .none, 0x53, .fresh(.rcpps))
        add(.map0F, .pF3, 0x52, VectorForm.scalar(.rsqrtss, 4).with { $0.mayRaise = false })
        add(.map0F, .pF3, 0x53, VectorForm.scalar(.rcpss, 4).with { $0.mayRaise = false })

        add(.map0F, .none, 0xC2, VectorForm.xmm(.cmpps, immediate: true).raising)
        add(.map0F, .p66, 0xC2, VectorForm.xmm(.cmppd, immediate: true).raising)
        add(.map0F, .pF3, 0xC2, VectorForm.scalar(.cmpss, 4).with { $0.hasImmediate = true })
        add(.map0F, .pF2, 0xC2, VectorForm.scalar(.cmpsd, 8).with { $0.hasImmediate = true })
        func comparison(_ operation: VectorOperation, _ bytes: UInt8) -> VectorForm {
            VectorForm(
                operation: operation, destination: .flags, source: .xmmRM, sourceBytes: bytes,
                readsDestination: true, mayRaise: true, writesFlags: true)
        }
        add(.map0F, .none, 0x2E, comparison(.ucomiss, 4))
        add(.map0F, .none, 0x2F, comparison(.comiss, 4))
        add(.map0F, .p66, 0x2E, comparison(.ucomisd, 8))
        add(.map0F, .p66, 0x2F, comparison(.comisd, 8))

        add(.map0F, .p66, 0xD0, VectorForm.xmm(.addsubpd).raising)
        add(.map0F, .pF2, 0xD0, VectorForm.xmm(.addsubps).raising)
        add(.map0F, .p66, 0x7C, VectorForm.xmm(.haddpd).raising)
        add(.map0F, .pF2, 0x7C, VectorForm.xmm(.haddps).raising)
        add(.map0F, .p66, 0x7D, VectorForm.xmm(.hsubpd).raising)
        add(.map0F, .pF2, 0x7D, VectorForm.xmm(.hsubps).raising)
        add(.map0F3A, .p66, 0x40, VectorForm.xmm(.dpps, immediate: true).raising)
        add(.map0F3A, .p66, 0x41, VectorForm.xmm(.dppd, immediate: true).raising)
        add(.map0F3A, .p66, 0x08, VectorForm.fresh(.roundps, immediate: true).raising)
        add(.map0F3A, .p66, 0x09, VectorForm.fresh(.roundpd, immediate: true).raising)
        add(.map0F3A, .p66, 0x0A, VectorForm.scalar(.roundss, 4).with { $0.hasImmediate = true })
        add(.map0F3A, .p66, 0x0B, VectorForm.scalar(.roundsd, 8).with { $0.hasImmediate = true })
    }

    mutating func addConversions() {
        // General registers to scalars and back.
        func fromGeneral(_ operation: VectorOperation, _ bytes: UInt8, written: UInt8) -> VectorForm {
            VectorForm.scalar(operation, bytes, written: written).with { $0.source = .gprRM }
        }
        add(.map0F, .pF3, 0x2A, fromGeneral(.cvtsi2ss, 4, written: 4), wide: fromGeneral(.cvtsi2ssq, 8, written: 4))
        add(.map0F, .pF2, 0x2A, fromGeneral(.cvtsi2sd, 4, written: 8), wide: fromGeneral(.cvtsi2sdq, 8, written: 8))
        func toGeneral(_ operation: VectorOperation, _ bytes: UInt8, written: UInt8) -> VectorForm {
            VectorForm(
                operation: operation, destination: .gprReg, source: .xmmRM, sourceBytes: bytes,
                destinationBytes: written, mayRaise: true)
        }
        typealias Pair = (MandatoryPrefix, UInt8, VectorOperation, VectorOperation, UInt8)
        let pairs: [Pair] = [
            (.pF3, 0x2C, .cvttss2si, .cvttss2siq, 4), (.pF3, 0x2D, .cvtss2si, .cvtss2siq, 4),
            (.pF2, 0x2C, .cvttsd2si, .cvttsd2siq, 8), (.pF2, 0x2D, .cvtsd2si, .cvtsd2siq, 8),
        ]
        for (prefix, opcode, narrow, wide, bytes) in pairs {
            add(
                .map0F, prefix, opcode,
                toGeneral(narrow, bytes, written: 4), wide: toGeneral(wide, bytes, written: 8))
        }

        // MMX registers to packed floats and back.
        let fromMMX = VectorForm(
            operation: .cvtpi2ps, destination: .xmmReg, source: .mmxRM, sourceBytes: 8, destinationBytes: 8,
            readsDestination: true, usesMMXState: true, mayRaise: true)
        add(.map0F, .none, 0x2A, fromMMX)
        let fromMMXDouble = fromMMX.with {
            ($0.operation, $0.destinationBytes, $0.readsDestination) = (.cvtpi2pd, 16, false)
        }
        add(
            .map0F, .p66, 0x2A,
            register: fromMMXDouble, memory: fromMMXDouble.with { $0.usesMMXState = false }.inMemory)
        func toMMX(_ operation: VectorOperation, _ bytes: UInt8) -> VectorForm {
            VectorForm(
                operation: operation, destination: .mmxReg, source: .xmmRM, sourceBytes: bytes, destinationBytes: 8,
                usesMMXState: true, mayRaise: true)
        }
        add(.map0F, .none, 0x2C, toMMX(.cvttps2pi, 8))
        add(.map0F, .none, 0x2D, toMMX(.cvtps2pi, 8))
        add(.map0F, .p66, 0x2C, toMMX(.cvttpd2pi, 16))
        add(.map0F, .p66, 0x2D, toMMX(.cvtpd2pi, 16))

        // Between xmm registers.
        add(.map0F, .pF3, 0x5A, .scalar(.cvtss2sd, 4, written: 8))
        add(.map0F, .pF2, 0x5A, .scalar(.cvtsd2ss, 8, written: 4))
        add(.map0F, .none, 0x5A, VectorForm.fresh(.cvtps2pd, 8).raising)
        add(.map0F, .p66, 0x5A, VectorForm.fresh(.cvtpd2ps).raising)
        add(.map0F, .none, 0x5B, VectorForm.fresh(.cvtdq2ps).raising)
        add(.map0F, .p66, 0x5B, VectorForm.fresh(.cvtps2dq).raising)
        add(.map0F, .pF3, 0x5B, VectorForm.fresh(.cvttps2dq).raising)
        add(.map0F, .pF3, 0xE6, .fresh(.cvtdq2pd, 8))
        add(.map0F, .pF2, 0xE6, VectorForm.fresh(.cvtpd2dq).raising)
        add(.map0F, .p66, 0xE6, VectorForm.fresh(.cvttpd2dq).raising)
    }

    mutating func addStringsAndCiphers() {
        let strings: [(UInt8, VectorOperation, VectorOperand, VectorImplicit)] = [
            (0x60, .pcmpestrm, .xmm0AndFlags, .lengths), (0x61, .pcmpestri, .ecxAndFlags, .lengths),
            (0x62, .pcmpistrm, .xmm0AndFlags, .none), (0x63, .pcmpistri, .ecxAndFlags, .none),
        ]
        for (opcode, operation, destination, implicit) in strings {
            let form = VectorForm(
                operation: operation, destination: destination, source: .xmmRM, sourceBytes: 16,
                readsDestination: true, hasImmediate: true, writesFlags: true, implicit: implicit)
            // Alone among the 16-byte operands of computations these may be unaligned.
            add(.map0F3A, .p66, opcode, register: form, memory: form.inUnalignedMemory)
        }
        let rounds: [(UInt8, VectorOperation)] = [
            (0xDC, .aesenc), (0xDD, .aesenclast), (0xDE, .aesdec), (0xDF, .aesdeclast),
        ]
        for (opcode, operation) in rounds { add(.map0F38, .p66, opcode, .xmm(operation)) }
        add(.map0F38, .p66, 0xDB, .fresh(.aesimc))
        add(.map0F3A, .p66, 0xDF, .fresh(.aeskeygenassist, immediate: true))
        add(.map0F3A, .p66, 0x44, .xmm(.pclmulqdq, immediate: true))

        let hashes: [(UInt8, VectorOperation)] = [
            (0xC8, .sha1nexte), (0xC9, .sha1msg1), (0xCA, .sha1msg2), (0xCC, .sha256msg1), (0xCD, .sha256msg2),
        ]
        for (opcode, operation) in hashes { add(.map0F38, .none, opcode, .xmm(operation)) }
        add(.map0F38, .none, 0xCB, VectorForm.xmm(.sha256rnds2).with { $0.implicit = .xmm0 })
        add(.map0F3A, .none, 0xCC, .xmm(.sha1rnds4, immediate: true))
    }
}
