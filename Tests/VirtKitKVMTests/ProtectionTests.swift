#if arch(x86_64)
    import Foundation
    import Synchronization
    import Testing
    import VirtKitCore

    @testable import VirtKitKVM

    /// Memory that becomes ROM, or RAM, while guests run, on the real KVM.
    @Suite(.enabled(if: HostKVM.runsGuests, HostKVM.reason), .serialized) struct ProtectionTests {
        private static let address: UInt64 = 0x20000

        private func region(writable: Bool) throws -> GuestMemoryRegion {
            try GuestMemoryRegion(guestAddress: Self.address, size: 0x2000, isWritable: writable)
        }

        /// movb $value, 0x20000
        private static func store(_ value: UInt8) -> [UInt8] { [0xC6, 0x04, 0x25, 0x00, 0x00, 0x02, 0x00, value] }
        /// movb 0x20000, %al; out %al, $0x81
        private static let load: [UInt8] = [0x8A, 0x04, 0x25, 0x00, 0x00, 0x02, 0x00, 0xE6, 0x81]
        /// out %al, $0x80: the host changes the region.
        private static let change: [UInt8] = [0xE6, 0x80]

        @Test func writesTakeEffectAsTheRegionSays() throws {
            let code =
                Self.store(1) + Self.load + Self.change + Self.store(2) + Self.load + Self.change + Self.store(3)
                + Self.load + [0xF4]
            for writable in [false, true] {
                let guest = try BareGuest(code, regions: [region(writable: writable)])
                let bus = RecordingBus()
                var isWritable = writable
                bus.onWrite = { access in
                    guard access.address == 0x80 else { return }
                    isWritable.toggle()
                    guest.memory.setWritable(isWritable, regionAt: Self.address)
                }
                let (exits, _) = try guest.run(bus)
                #expect(exits.map(\.kind) == [.halted])
                let seen = bus.log.filter { $0.address == 0x81 }.map(\.value)
                #expect(seen == (writable ? [1, 1, 3] : [0, 2, 2]), "\(bus.log)")
                // A write that has no effect is told to the bus, as with every accelerator.
                #expect(bus.log.filter { $0.space == .memory }.map(\.isWrite) == (writable ? [true] : [true, true]))
            }
        }

        /// A layout that has been replaced is not watched any more.
        @Test func theNewMemoryIsWatched() throws {
            let first = try BareGuest([0xF4], regions: [region(writable: false)])
            let second = try GuestMemory(
                regions: BareGuest.memory(Self.store(1) + Self.load + [0xF4], [:]).regions + [region(writable: false)])
            try first.domain.setMemory(second)
            first.memory.setWritable(true, regionAt: Self.address)
            let bus = RecordingBus()
            _ = try first.run(bus)
            #expect(bus.log.last?.value == 0)
            second.setWritable(true, regionAt: Self.address)
            _ = try first.run(bus)
            #expect(bus.log.last?.value == 1)
        }

        /// Code in the region, and its data, while another thread changes it again and again.
        @Test func aRunningGuestNeverMissesItsMemory() throws {
            // At 0x21000: mov $100000, %ecx; 1: cmpl $0x11223344, 0x20000; jne 2f; dec %ecx; jnz 1b;
            // out %al, $0x80; hlt; 2: out %al, $0x82; hlt
            let inside: [UInt8] = [
                0xB9, 0xA0, 0x86, 0x01, 0x00, 0x81, 0x3C, 0x25, 0x00, 0x00, 0x02, 0x00, 0x44, 0x33, 0x22, 0x11,
                0x75, 0x07, 0xFF, 0xC9, 0x75, 0xEF, 0xE6, 0x80, 0xF4, 0xE6, 0x82, 0xF4,
            ]
            // mov $0x21000, %eax; jmp *%rax
            let guest = try BareGuest(
                [0xB8, 0x00, 0x10, 0x02, 0x00, 0xFF, 0xE0], regions: [region(writable: true)])
            try guest.memory.store(0x1122_3344 as UInt32, at: Self.address)
            try guest.memory.write(inside, at: 0x21000)
            let changer = Changer(guest.memory, Self.address)
            changer.start()
            defer { changer.stop() }
            let bus = RecordingBus()
            let (exits, _) = try guest.run(bus)
            #expect(exits.map(\.kind) == [.halted])
            #expect(bus.log.map(\.address) == [0x80], "\(bus.log)")
            #expect(changer.changes > 0)
        }

        @Test func theObserverGoesWithTheDomain() throws {
            let memory = try GuestMemory(
                regions: BareGuest.memory([0xF4], [:]).regions + [region(writable: false)])
            do {
                let guest = try BareGuest([0xF4])
                try guest.domain.setMemory(memory)
                _ = try guest.run()
            }
            // Nobody hears of it, and nothing is used that is gone.
            memory.setWritable(true, regionAt: Self.address)
        }
    }

    /// A thread that makes a region ROM and RAM in turn.
    private final class Changer: Sendable {
        private let memory: GuestMemory
        private let address: UInt64
        private let count = Atomic<Int>(0)
        private let isOver = Atomic<Bool>(false)
        private let done = DispatchSemaphore(value: 0)

        init(_ memory: GuestMemory, _ address: UInt64) {
            self.memory = memory
            self.address = address
        }

        var changes: Int { count.load(ordering: .relaxed) }

        func start() {
            Thread.detachNewThread { [self] in
                while !isOver.load(ordering: .acquiring) {
                    memory.setWritable(changes % 2 != 0, regionAt: address)
                    count.wrappingAdd(1, ordering: .relaxed)
                    usleep(500)
                }
                done.signal()
            }
        }

        func stop() {
            isOver.store(true, ordering: .releasing)
            done.wait()
        }
    }
#endif
