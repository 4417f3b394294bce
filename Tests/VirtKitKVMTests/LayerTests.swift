#if arch(x86_64)
    import CVirtKit
    import Glibc
    import Testing
    import VirtKitCore

    @testable import VirtKitKVM

    /// The typed layer's error paths, exactly, over mocked system calls.
    @Suite struct LayerTests {
        private func failure(_ body: () throws(KVMError) -> Void) -> KVMError? {
            do throws(KVMError) { try body() } catch { return error }
            return nil
        }

        @Test(arguments: [
            (ENOENT, "modprobe"), (ENXIO, "modprobe"), (EACCES, "usermod -aG kvm"), (EPERM, "usermod -aG kvm"),
        ])
        func openFails(_ number: Int32, remedy: String) {
            let mock = MockInterface()
            mock.answers["open"] = [-number]
            let error = failure { () throws(KVMError) in _ = try KVMSystem(mock) }
            #expect(error?.call == "open /dev/kvm")
            #expect(error?.errno == number)
            #expect(error?.remedy?.contains(remedy) == true)
            #expect(error?.wrapped("make").code == .unsupported)
        }

        @Test func otherVersionIsRefusedAndClosed() {
            let mock = MockInterface()
            mock.answers["KVM_GET_API_VERSION"] = [11]
            #expect(failure { () throws(KVMError) in _ = try KVMSystem(mock) }?.call == "KVM_GET_API_VERSION")
            #expect(mock.open.isEmpty)
        }

        @Test func interruptedCallsAreMadeAgain() throws {
            let mock = MockInterface()
            mock.answers["KVM_CREATE_VM"] = [-EINTR, -EINTR, -EINTR]
            do {
                let system = try KVMSystem(mock)
                _ = try system.makeVirtualMachine()
            }
            #expect(mock.count("KVM_CREATE_VM") == 4)
            #expect(mock.open.isEmpty)
        }

        @Test func interruptedCallsEnd() throws {
            let mock = MockInterface()
            mock.answers["KVM_CREATE_VM"] = [Int32](repeating: -EINTR, count: 2000)
            let error = failure { () throws(KVMError) in
                let system = try KVMSystem(mock)
                _ = try system.makeVirtualMachine()
            }
            #expect(error == KVMError("KVM_CREATE_VM", EINTR))
            #expect(mock.count("KVM_CREATE_VM") == KVMDescriptor.maximumRetries + 1)
            #expect(mock.open.isEmpty)
        }

        @Test(arguments: [
            (EBUSY, VirtKitError.Code.unsupported), (ENOMEM, .resourceExhausted), (EMFILE, .resourceExhausted),
            (EIO, .backendFailure),
        ])
        func machineCannotBeMade(_ number: Int32, code: VirtKitError.Code) throws {
            let mock = MockInterface()
            mock.answers["KVM_CREATE_VM"] = [-number]
            let error = failure { () throws(KVMError) in
                let system = try KVMSystem(mock)
                _ = try system.makeVirtualMachine()
            }
            #expect(error == KVMError("KVM_CREATE_VM", number))
            #expect(error?.wrapped("make").code == code)
            #expect(error?.wrapped("make").errno == number)
            #expect(mock.count("KVM_CREATE_VM") == 1)
            #expect(mock.open.isEmpty)
        }

        @Test func vcpuWithoutMappingIsClosed() throws {
            let mock = MockInterface()
            mock.answers["mmap"] = [-ENOMEM]
            let error = failure { () throws(KVMError) in
                let system = try KVMSystem(mock)
                let machine = try system.makeVirtualMachine()
                _ = try machine.makeVCPU(0)
            }
            #expect(error == KVMError("mmap", ENOMEM))
            #expect(mock.open.isEmpty)
            #expect(mock.mapped.isEmpty)
        }

        @Test func tooSmallSharedPageIsRefused() throws {
            let mock = MockInterface()
            mock.answers["KVM_GET_VCPU_MMAP_SIZE"] = [64]
            let error = failure { () throws(KVMError) in
                let system = try KVMSystem(mock)
                let machine = try system.makeVirtualMachine()
                _ = try machine.makeVCPU(0)
            }
            #expect(error?.errno == EINVAL)
            #expect(mock.open.isEmpty)
        }

        @Test func everythingIsGivenBack() throws {
            let mock = MockInterface()
            do {
                let system = try KVMSystem(mock)
                let machine = try system.makeVirtualMachine()
                let vcpu = try machine.makeVCPU(0)
                #expect(mock.open.count == 3)
                #expect(mock.mapped.count == 1)
                #expect(vcpu.shared(3 * 4096 - 4, count: 4) != nil)
                #expect(vcpu.shared(3 * 4096 - 4, count: 5) == nil)
                #expect(vcpu.shared(.max, count: 1) == nil)
            }
            #expect(mock.open.isEmpty)
            #expect(mock.mapped.isEmpty)
        }

        @Test func missingCapabilitiesAreNamed() throws {
            let mock = MockInterface()
            mock.missing = [KVMCapability.msrFilter.rawValue, KVMCapability.immediateExit.rawValue]
            let error = failure { () throws(KVMError) in
                _ = try KVMProbe(kickSignal: vk_kvm_realtime_signal(3), interface: mock)
            }
            #expect(error?.errno == ENOTTY)
            #expect(error?.details?.contains("KVM_CAP_X86_MSR_FILTER") == true)
            #expect(error?.details?.contains("KVM_CAP_IMMEDIATE_EXIT") == true)
            #expect(mock.open.isEmpty)
        }

        @Test func longCPUIDListIsAskedForAgain() throws {
            let mock = MockInterface()
            mock.answers["KVM_GET_SUPPORTED_CPUID"] = [-E2BIG]
            let system = try KVMSystem(mock)
            #expect(try system.supportedCPUID().count == 1024)
            #expect(mock.count("KVM_GET_SUPPORTED_CPUID") == 2)
        }
    }
#endif
