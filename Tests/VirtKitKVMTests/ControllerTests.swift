#if arch(x86_64)
    import CVirtKit
    import Foundation
    import Synchronization
    import Testing
    import VirtKitCore

    @testable import VirtKitKVM

    /// Interrupt controllers, timers and events in the kernel, with bare guests on the real KVM.
    @Suite(.enabled(if: HostKVM.runsGuests, HostKVM.reason), .serialized) struct ControllerTests {
        private static let message: UInt64 = 0xFEE0_0000

        private func count(_ guest: LayerGuest) throws -> UInt8 { try guest.memory.load(UInt8.self, at: 0x7000) }

        @Test(arguments: [LayerGuest.Controllers.full, .local]) func messages(_ mode: LayerGuest.Controllers) throws {
            let guest = try LayerGuest(
                Code.enableLocalAPIC + [0xE6, 0x81] + Code.waitForCount(1), handlers: [0x50: Code.count],
                controllers: mode)
            try guest.runToPort(0x81)
            #expect(try guest.machine.signalMessage(address: Self.message, data: 0x50))
            try guest.runToPort(0x80)
            #expect(try count(guest) == 1)
        }

        @Test(arguments: [LayerGuest.Controllers.full, .local])
        func eventsRaiseRoutedInterrupts(_ mode: LayerGuest.Controllers) throws {
            let guest = try LayerGuest(
                Code.enableLocalAPIC + [0xE6, 0x81] + Code.waitForCount(1), handlers: [0x51: Code.count],
                controllers: mode)
            try guest.machine.setRouting([.message(gsi: 24, address: Self.message, data: 0x51)])
            let event = try KVMEvent()
            try guest.machine.connect(event, gsi: 24)
            try guest.runToPort(0x81)
            event.signal()
            try guest.runToPort(0x80)
            #expect(try count(guest) == 1)
            try guest.machine.connect(event, gsi: 24, isConnected: false)
        }

        @Test func writesSignalEvents() throws {
            // mov $0x200000, %ebx; mov $3, %al; out %al, $0x90; out %al, $0x90; movl $7, (%rbx); movl $8, (%rbx);
            // out %al, $0x80
            let guest = try LayerGuest([
                0xBB, 0x00, 0x00, 0x20, 0x00, 0xB0, 0x03, 0xE6, 0x90, 0xE6, 0x90, 0xC7, 0x03, 0x07, 0x00, 0x00, 0x00,
                0xC7, 0x03, 0x08, 0x00, 0x00, 0x00, 0xE6, 0x80,
            ])
            let port = try KVMEvent()
            let memory = try KVMEvent()
            try guest.machine.connect(port, address: 0x90, width: 1, isPort: true)
            try guest.machine.connect(memory, address: 0x20_0000, width: 4, value: 7, isPort: false)
            var exits: [KVMExit] = []
            try guest.run(until: { exit in
                exits.append(exit)
                if case .ports = exit { return true }
                return false
            })
            // The value that does not match is an ordinary access.
            #expect(
                exits == [
                    .memory(address: 0x20_0000, width: 4, isWrite: true, data: 8),
                    .ports(port: 0x80, width: 1, count: 1, isOut: true),
                ])
            #expect(port.take() == 2)
            #expect(memory.take() == 1)
        }

        @Test func theTimerTicksByTheInputController() throws {
            // Input 0, where KVM's own routing puts the timer: vector 0x52. 8254: mode 2, 1193 ticks.
            let guest = try LayerGuest(
                Code.enableLocalAPIC + Code.inputRegister(0x11, 0) + Code.inputRegister(0x10, 0x52)
                    + [0xB0, 0x34, 0xE6, 0x43, 0xB0, 0xA9, 0xE6, 0x40, 0xB0, 0x04, 0xE6, 0x40] + Code.waitForCount(3),
                handlers: [0x52: Code.count], controllers: .full, prepare: { try $0.makeTimer() })
            try guest.runToPort(0x80)
            #expect(try count(guest) >= 3)
        }

        @Test(arguments: [LayerGuest.Controllers.full, .local])
        func theLocalTimerTicks(_ mode: LayerGuest.Controllers) throws {
            // Divide by 1, vector 0x53, periodic, 1,000,000 ticks.
            let guest = try LayerGuest(
                Code.enableLocalAPIC + Code.register(0x3E0, 0xB) + Code.register(0x320, 0x2_0053)
                    + Code.register(0x380, 1_000_000) + Code.waitForCount(2),
                handlers: [0x53: Code.count], controllers: mode)
            try guest.runToPort(0x80)
            #expect(try count(guest) >= 2)
        }

        @Test func linesGoThroughTheInputController() throws {
            // Input 5, level, vector 0x54.
            let guest = try LayerGuest(
                Code.enableLocalAPIC + Code.inputRegister(0x1B, 0) + Code.inputRegister(0x1A, 0x8054) + [0xE6, 0x81]
                    + Code.waitForCount(1), handlers: [0x54: Code.count], controllers: .full)
            try guest.runToPort(0x81)
            try guest.machine.setLine(5, true)
            try guest.machine.setLine(5, false)
            try guest.runToPort(0x80)
            #expect(try count(guest) == 1)
        }

        @Test func endsOfLevelInterruptsExitInTheSplitMode() throws {
            let guest = try LayerGuest(
                Code.enableLocalAPIC + [0xE6, 0x81] + Code.waitForCount(1), handlers: [0x55: Code.count],
                controllers: .local)
            // Level, asserted.
            let data: UInt32 = 0x55 | 1 << 15 | 1 << 14
            try guest.machine.setRouting([.message(gsi: 4, address: Self.message, data: data)])
            try guest.runToPort(0x81)
            try guest.machine.signalMessage(address: Self.message, data: data)
            // A KVM that emulates many instructions at a time tells it late.
            let exit = try guest.run(until: { exit in
                if case .endOfInterrupt = exit { return true }
                return false
            })
            #expect(exit == .endOfInterrupt(vector: 0x55))
            #expect(try count(guest) == 1)
        }

        @Test(arguments: [LayerGuest.Controllers.full, .local])
        func aSecondProcessorStartsByInterrupts(_ mode: LayerGuest.Controllers) throws {
            // INIT and start-up IPI, vector 8, to APIC 1; 1: cmpb $0x5A, 0x7001; jne 1b; out %al, $0x80
            let guest = try LayerGuest(
                Code.enableLocalAPIC + Code.register(0x310, 1 << 24) + Code.register(0x300, 0x4500)
                    + Code.register(0x310, 1 << 24) + Code.register(0x300, 0x4608)
                    + [0x80, 0x3C, 0x25, 0x01, 0x70, 0x00, 0x00, 0x5A, 0x75, 0xF6, 0xE6, 0x80],
                controllers: mode, cpus: 2)
            // Real mode: movb $0x5A, 0x7001; hlt
            try guest.memory.write([0xC6, 0x06, 0x01, 0x70, 0x5A, 0xF4, 0xEB, 0xFD], at: 0x8000)
            let isDone = Atomic<Bool>(false)
            let second = KickThread()
            second.start {
                _ = try? guest.run(1, isDone: { isDone.load(ordering: .acquiring) }) { _ in false }
            }
            try guest.runToPort(0x80)
            isDone.store(true, ordering: .releasing)
            second.join()
            #expect(try guest.memory.load(UInt8.self, at: 0x7001) == 0x5A)
            #expect(try guest.processors[1].vcpu.activity() != .uninitialized)
        }

        @Test func theClockIsKept() throws {
            let guest = try LayerGuest([0xF4], controllers: .full)
            try guest.machine.setClock(5_000_000_000_000)
            let clock = try guest.machine.clock()
            #expect(clock >= 5_000_000_000_000 && clock < 5_060_000_000_000)
        }

        @Test func controllersAreMadeBeforeVCPUsOnly() throws {
            let guest = try LayerGuest([0xF4])
            #expect(throws: KVMError.self) { try guest.machine.makeControllers() }
            #expect(throws: KVMError.self) { try guest.machine.makeLocalControllers() }
            // Nor a timer without controllers.
            #expect(throws: KVMError.self) { try guest.machine.makeTimer() }
        }
    }
#endif
