#if arch(x86_64)
    import CVirtKit
    import Testing
    import VirtKitCore

    @testable import VirtKitKVM

    /// The XSAVE area, of KVM_GET_XSAVE and KVM_GET_XSAVE2.
    @Suite struct ExtendedAreaTests {
        private func area(_ mock: MockInterface) throws -> Int {
            let system = try KVMSystem(mock)
            let vcpu = try system.makeVirtualMachine().makeVCPU(0)
            return try vcpu.extendedArea().count
        }

        @Test func theLargerAreaIsAskedForWhereThereIsOne() throws {
            let mock = MockInterface()
            // As on a host whose guests have AMX's tiles.
            mock.answers["KVM_CHECK_EXTENSION"] = [11008]
            #expect(try area(mock) == 11008)
            #expect(mock.count("KVM_GET_XSAVE2") == 1 && mock.count("KVM_GET_XSAVE") == 0)
        }

        @Test func hostsWithoutItHaveTheFixedArea() throws {
            let mock = MockInterface()
            mock.missing = [KVM_CAP_XSAVE2]
            #expect(try area(mock) == 4096)
            #expect(mock.count("KVM_GET_XSAVE2") == 0 && mock.count("KVM_GET_XSAVE") == 1)
        }

        /// A size that no processor has is not believed.
        @Test(arguments: [Int32(1), 64, .max]) func sizes(_ size: Int32) throws {
            let mock = MockInterface()
            mock.answers["KVM_CHECK_EXTENSION"] = [size]
            #expect((4096...65536).contains(try area(mock)))
        }

        @Test(.enabled(if: HostKVM.runsGuests, HostKVM.reason)) func theRealAreaIsKept() throws {
            let guest = try LayerGuest([0xF4])
            var extended = X86_64.ExtendedState.initial
            for number in 0..<16 { extended[xmm: number] = (UInt64(number) &* 0x0101_0101, UInt64(number) << 32) }
            extended[st: 3] = (0x8000_0000_0000_0001, 0x3FFF)
            extended.abridgedTag = 1 << 3
            extended.components = 3
            try guest.vcpu.setExtendedArea(extended.area)
            let area = try guest.vcpu.extendedArea()
            let expected = max(4096, Int(guest.machine.check(.xsave2)))
            #expect(area.count == expected)
            let found = X86_64.ExtendedState(area: area)
            for number in 0..<16 { #expect(found[xmm: number] == extended[xmm: number]) }
            #expect(found[st: 3] == extended[st: 3])
        }
    }
#endif
