#if arch(x86_64)
    import CVirtKit
    import Glibc
    import Testing
    import VirtKitCore

    @testable import VirtKitKVM

    /// Memory slots on the real KVM.
    @Suite(.enabled(if: HostKVM.runsGuests, HostKVM.reason), .serialized) struct MemoryTests {
        /// movb $1, 0x20000; movb $1, 0x23000; out %al, $0x80; movb $1, 0x25000; out %al, $0x80
        private static let writer: [UInt8] = [
            0xC6, 0x04, 0x25, 0x00, 0x00, 0x02, 0x00, 0x01, 0xC6, 0x04, 0x25, 0x00, 0x30, 0x02, 0x00, 0x01,
            0xE6, 0x80, 0xC6, 0x04, 0x25, 0x00, 0x50, 0x02, 0x00, 0x01, 0xE6, 0x80,
        ]

        private func slot(_ region: GuestMemoryRegion, _ options: KVMMemorySlot.Options) -> KVMMemorySlot {
            KVMMemorySlot(
                number: 1, guestAddress: region.guestAddress, size: region.size, hostAddress: region.hostAddress,
                options: options)
        }

        private func pages(_ bitmap: [UInt64]) -> Set<Int> {
            Set((0..<bitmap.count * 64).filter { bitmap[$0 / 64] >> UInt64($0 % 64) & 1 != 0 })
        }

        @Test func theLogFindsEveryWrittenPage() throws {
            let region = try GuestMemoryRegion(guestAddress: 0x20000, size: 0x10000)
            let slot = slot(region, .dirtyLog)
            let guest = try LayerGuest(Self.writer)
            try guest.machine.setMemory(slot)
            #expect(try guest.machine.dirtyLog(slot) == [0])
            try guest.runToPort(0x80)
            #expect(pages(try guest.machine.dirtyLog(slot)).isSuperset(of: [0, 3]))
            #expect(try guest.machine.dirtyLog(slot) == [0])
            try guest.runToPort(0x80)
            #expect(pages(try guest.machine.dirtyLog(slot)).contains(5))
        }

        @Test func theLogIsKeptUntilCleared() throws {
            let region = try GuestMemoryRegion(guestAddress: 0x20000, size: 0x10000)
            let slot = slot(region, .dirtyLog)
            let guest = try LayerGuest(Self.writer)
            try guest.machine.keepDirtyLogUntilCleared()
            try guest.machine.setMemory(slot)
            try guest.runToPort(0x80)
            let first = try guest.machine.dirtyLog(slot)
            #expect(pages(first).isSuperset(of: [0, 3]))
            #expect(try guest.machine.dirtyLog(slot) == first)
            try guest.machine.clearDirtyLog(slot, [0xFFFF])
            #expect(try guest.machine.dirtyLog(slot) == [0])
            #expect(throws: KVMError.self) { try guest.machine.clearDirtyLog(slot, []) }
        }

        @Test func theRingFindsEveryWrittenPage() throws {
            let entries = 1024
            let region = try GuestMemoryRegion(guestAddress: 0x20000, size: 0x10000)
            let guest = try LayerGuest(Self.writer, prepare: { try $0.useDirtyRings(entries: entries) })
            try guest.machine.setMemory(slot(region, .dirtyLog))
            var ring = try KVMDirtyRing(guest.vcpu, entries: entries)
            func taken(_ ring: inout KVMDirtyRing) throws -> Set<UInt64> {
                var pages: Set<UInt64> = []
                ring.take { page in if page.slot == 1 { pages.insert(page.page) } }
                _ = try guest.machine.resetDirtyRings()
                return pages
            }
            try guest.runToPort(0x80)
            #expect(try taken(&ring).isSuperset(of: [0, 3]))
            try guest.runToPort(0x80)
            #expect(try taken(&ring).contains(5))
            #expect(try taken(&ring).isEmpty)
        }

        @Test func badRingsAreRefused() throws {
            let machine = try KVMSystem().makeVirtualMachine()
            for entries in [0, 3, 1 << 30] {
                #expect(throws: KVMError.self) { try machine.useDirtyRings(entries: entries) }
            }
        }

        @Test func writesToReadOnlyMemoryExit() throws {
            // mov 0x20000, %al; out %al, $0x80; movb $1, 0x20000
            let guest = try LayerGuest([
                0x8A, 0x04, 0x25, 0x00, 0x00, 0x02, 0x00, 0xE6, 0x80, 0xC6, 0x04, 0x25, 0x00, 0x00, 0x02, 0x00, 0x01,
            ])
            let region = try GuestMemoryRegion(guestAddress: 0x20000, size: 0x1000, isWritable: false)
            let contents = try GuestMemory(regions: [region])
            try contents.overwrite([0x77], at: 0x20000)
            try guest.machine.setMemory(slot: 1, region)
            try guest.runToPort(0x80)
            #expect(try guest.vcpu.registers().rax & 0xFF == 0x77)
            #expect(try guest.run() == .memory(address: 0x20000, width: 1, isWrite: true, data: 1))
            #expect(try contents.load(UInt8.self, at: 0x20000) == 0x77)
        }

        @Test(
            .enabled(if: HostKVM.hasSharedGuestMemory, "needs a KVM with guest_memfd memory that the host can map"))
        func memoryOfTheGuestsOwn() throws {
            let guest = try LayerGuest(Self.writer)
            let size: UInt64 = 0x10000
            let own = try guest.machine.makeGuestMemory(size: size, isShared: true)
            var address: UnsafeMutableRawPointer?
            #expect(KernelInterface.shared.map(own.number, size: Int(size), offset: 0, &address) == 0)
            let mapped = try #require(address)
            defer { munmap(mapped, Int(size)) }
            try guest.machine.setMemory(
                KVMMemorySlot(
                    number: 1, guestAddress: 0x20000, size: size, hostAddress: mapped,
                    guestMemory: (own.number, 0)))
            try guest.runToPort(0x80)
            #expect(mapped.load(fromByteOffset: 0x3000, as: UInt8.self) == 1)
        }

        @Test func badSlotsAreRefused() throws {
            let guest = try LayerGuest([0xF4])
            let region = try GuestMemoryRegion(guestAddress: 0, size: 0x4000)
            func error(_ change: (inout KVMMemorySlot) -> Void) -> Int32? {
                var slot = slot(region, [])
                slot.guestAddress = 0x20000
                change(&slot)
                do throws(KVMError) { try guest.machine.setMemory(slot) } catch { return error.errno }
                return nil
            }
            #expect(error { _ in } == nil)
            #expect(error { ($0.number, $0.guestAddress) = (2, 0x8000) } == EEXIST)
            #expect(error { ($0.number, $0.guestAddress) = (2, 0x30800) } == EINVAL)
            #expect(error { ($0.number, $0.guestAddress, $0.size) = (2, 0x30000, 100) } == EINVAL)
            #expect(error { ($0.number, $0.guestAddress, $0.size) = (2, .max - 0xFFF, 0x4000) } == EINVAL)
            #expect(error { ($0.number, $0.guestAddress) = (1 << 20, 0x30000) } == EINVAL)
        }

        @Test func tooManyVCPUsAreRefused() throws {
            let machine = try KVMSystem().makeVirtualMachine()
            let most = Int(machine.check(.maximumVCPUs))
            #expect(most > 0)
            do throws(KVMError) {
                _ = try machine.makeVCPU(1 << 20)
                Issue.record("a vCPU with number 2^20 was made")
            } catch {
                #expect(error.errno == EINVAL)
            }
            _ = try machine.makeVCPU(0)
            do throws(KVMError) {
                _ = try machine.makeVCPU(0)
                Issue.record("a vCPU was made twice")
            } catch {
                #expect(error.errno == EEXIST)
            }
        }
    }
#endif
