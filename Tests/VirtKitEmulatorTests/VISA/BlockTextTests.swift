import Testing

@testable import VirtKitEmulator

@Suite struct BlockTextTests {
    @Test func opcodesAreNumberedByDeclaration() {
        for (index, opcode) in Opcode.allCases.enumerated() { #expect(Int(opcode.index) == index) }
        #expect(Opcode.allCases.last == .leaveBlock)
        #expect(MemoryLayout<Operation>.size == 16)
        #expect(MemoryLayout<BlockHeader>.size == BlockHeader.operations * 16)
        #expect("\(Opcode.add8.advanced(by: 8 * 9 + 4 + 2))" == "rolImm32")
        #expect("\(Opcode.recordAdd8.advanced(by: 8 * 9 + 3))" == "recordMulSigned64")
    }

    /// An operation with something in every field that its opcode has.
    private static func sample(_ opcode: Opcode) -> Operation {
        let form = OpcodeForm.of(opcode)
        func field(_ field: OpcodeForm.Field, _ place: Place) -> Place { field == .none ? 0 : place }
        var operation = Operation(opcode)
        operation.d = field(form.d, 2048 + 16)
        operation.a = field(form.a, 8)
        operation.b = field(form.b, 1040)
        switch form.immediate {
        case .none: break
        case .value, .displacement: operation.immediate = -123_456_789_012
        case .indexed: operation.immediate = Operation.indexed(displacement: -77, scale: 2)
        case .displacedValue: operation.immediate = Int64(-5) << 32 | 0xFFFF_FFF0
        case .place: operation.immediate = 2064
        case .condition: operation.immediate = 13
        case .pc: operation.immediate = Int64(bitPattern: 0xFFFF_FFFF_8100_0000)
        case .helper: operation.immediate = Int64(300) << 48 | Int64(-9) & 0xFFFF_FFFF_FFFF
        case .selector: operation.immediate = 0x4E
        }
        return operation
    }

    @Test func everyOpcodeRoundTrips() throws {
        let operations = Opcode.allCases.map(Self.sample)
        #expect(try BlockText.parse(BlockText.print(operations)) == operations)
    }

    @Test func commentsAndLayout() throws {
        let text = """
            ; a block
            visa 1

            boundary 0x1000   ; here
            loadIndexed32 t0, s8, s16, <<2, -4
            helper #1 #2 #3 7 -1
            jump 0x1004
            """
        let operations = try BlockText.parse(text)
        #expect(operations.map(\.opcode) == [.boundary, .loadIndexed32, .helper, .jump])
        #expect(operations[1].indexedScale == 2 && operations[1].indexedDisplacement == -4)
        #expect(operations[2].helperIdentifier == 7 && operations[2].helperImmediate == -1)
    }

    @Test(arguments: [
        "", "visa 2", "add64 s0 s0 s0", "visa 1\nfoo", "visa 1\nadd64 s0 s0", "visa 1\nadd64 s0 s0 s0 s0",
        "visa 1\nadd64 s0 s0 s1024", "visa 1\nadd64 s0 s0 x5", "visa 1\nadd64 s0 s0 s-1", "visa 1\naddImm64 s0 s0 q",
        "visa 1\nloadIndexed8 s0 s0 s0 <<4 0", "visa 1\nloadIndexed8 s0 s0 s0 <<1 4294967296",
        "visa 1\nbranchIf never", "visa 1\njump 1000", "visa 1\nhelper 1 2 3 4 5", "visa 1\nhelper #1 #2 #3 65536 0",
        "visa 1\nvectorShuffle32 s512 s528 256", "visa 1\nadd64 s0 s0 s99999", "visa 1\njump 0x10000000000000000",
    ]) func badTexts(text: String) {
        #expect(throws: BlockText.ParseError.self) { try BlockText.parse(text) }
    }
}

@Suite struct BlockVerifierTests {
    private static func check(_ text: String, effects: HelperEffects = .all) throws {
        let verifier = BlockVerifier(programCounterSlot: 128) { _ in effects }
        try verifier.check(try BlockText.parse("visa 1\n" + text))
    }

    @Test func goodBlocks() throws {
        try Self.check("boundary 0x0\njump 0x0")
        try Self.check(
            """
            boundary 0x0
            load32 t0 s8 0
            addImm32 t8 t0 1
            store32 t8 s8 0
            recordAddImm32 t0 1
            boundary 0x4
            movImm64 s128 4
            load8 s1 s8 0
            boundary 0x8
            branchIf less
            jump 0x0
            jump 0xc
            """)
        try Self.check("boundary 0x0\nmovImm64 s0 1\nhelper #0 #0 #0 1 0\nexitDynamic", effects: [])
    }

    @Test(
        arguments: [
            ("boundary 0x0", .missingTerminator, 1),
            ("boundary 0x0\nbranchIf zero\njump 0x0", .missingTargets, 1),
            ("boundary 0x0\nbranchEqual32 s0 s0\nfence\njump 0x0", .missingTargets, 1),
            ("boundary 0x0\njump 0x0\nfence", .operationAfterTerminator, 2),
            ("boundary 0x0\njump 0x0\njump 0x0", .operationAfterTerminator, 2),
            ("fence\nboundary 0x0\njump 0x0", .missingBoundary, 0),
            ("boundary 0x0\naddFlags32 s0 s0 s0\njump 0x0", .internalOperation, 1),
            ("boundary 0x0\nleaveBlock 0x0", .internalOperation, 1),
            ("boundary 0x0\nmov64 s1020 s0\njump 0x0", .placeOutOfRange, 1),
            ("boundary 0x0\nmovVector s512 e1016\njump 0x0", .placeOutOfRange, 1),
            ("boundary 0x0\nmovImm32 t16380 1\njump 0x0", .placeOutOfRange, 1),
            ("boundary 0x0\nmovImm64 e24 1\njump 0x0", .writeOfEngineWord, 1),
            ("boundary 0x0\nmov64 s0 t0\njump 0x0", .undefinedTemporary, 1),
            ("boundary 0x0\nmovImm8 t0 1\nmov64 s0 t0\njump 0x0", .undefinedTemporary, 2),
            ("boundary 0x0\nselectNonZero64 s0 s0 s8 t0\njump 0x0", .undefinedTemporary, 1),
            ("boundary 0x0\nmovImm8 t0 1\nmovImm8 t0 2\njump 0x0", .temporaryWrittenTwice, 2),
            ("boundary 0x0\nmovImm64 s0 1\nload8 t0 s8 0\njump 0x0", .faultAfterWrite, 2),
            ("boundary 0x0\nstore8 s0 s8 0\nload8 t0 s8 0\njump 0x0", .faultAfterWrite, 2),
            ("boundary 0x0\nrecordSub32 s0 s8\nload8 t0 s8 0\njump 0x0", .faultAfterWrite, 2),
            ("boundary 0x0\nmovImm64 s0 1\nhelper #0 #0 #0 1 0\njump 0x0", .faultAfterWrite, 2),
            ("boundary 0x0\natomicAdd32 s0 s8 s16 0\nstoreImm8 s8 0 0\njump 0x0", .faultAfterWrite, 2),
        ] as [(String, BlockVerifier.Fault, Int)])
    func badBlocks(text: String, fault: BlockVerifier.Fault, index: Int) {
        #expect(throws: BlockVerifier.Failure(fault: fault, index: index)) { try Self.check(text) }
    }

    @Test func badImmediates() {
        let verifier = BlockVerifier(programCounterSlot: 128)
        for operation in [
            Operation(.conditionByte, immediate: 16), Operation(.lea64, immediate: 4 << 32),
            Operation(.vectorShuffle32, d: 512, a: 512, immediate: 256),
        ] {
            #expect(throws: BlockVerifier.Failure(fault: .immediateOutOfRange, index: 1)) {
                try verifier.check([Operation(.boundary), operation, Operation(.jump)])
            }
        }
    }
}
