#if arch(x86_64)
    import Glibc
    import Testing
    import VirtKitCore
    @testable import VirtKitKVM
    import VirtKitMachine

    /// The board on interrupt controllers inside KVM (`local` and `full` interrupt mode), beside those of its own.
    @Suite(.enabled(if: HostKVM.runsGuests, HostKVM.reason), .serialized) struct InterruptModeTests {
        static let modes = [InterruptMode.external, .local, .full]

        // MARK: Guests

        /// Where guests count interrupts.
        private static let counter: UInt32 = 0x10_8800
        private static let countUp: [UInt8] = [0xFE, 0x04, 0x25] + Code.bytes(counter)
        /// mov $42, %eax; out %eax, $0xF4; hlt.
        private static let exit: [UInt8] = [0xB8, 0x2A, 0x00, 0x00, 0x00, 0xE7, 0xF4, 0xF4]

        /// 1: hlt; cmpb $count, counter; jb 1b; cli.
        private static func wait(_ count: UInt8) -> [UInt8] {
            [0xFB, 0xF4, 0x80, 0x3C, 0x25] + Code.bytes(counter) + [count, 0x72, 0xF5, 0xFA]
        }

        /// mov $value, %al; out %al, $port.
        private static func out(_ port: UInt8, _ value: UInt8) -> [UInt8] { [0xB0, value, 0xE6, port] }

        /// An image at 1 MiB: code with a stack and a table of handlers, which begin 64 bytes apart.
        private static func image(_ code: [UInt8], handlers: [UInt8: [UInt8]]) -> [UInt8] {
            let (table, first): (UInt64, UInt64) = (0x9000, 0xA000)
            var image = [UInt8](repeating: 0, count: 0xE000)
            func put(_ bytes: [UInt8], _ offset: UInt64) {
                image.replaceSubrange(Int(offset)..<Int(offset) + bytes.count, with: bytes)
            }
            // mov $0x180000, %esp; lidt 0x108000
            put([0xBC, 0x00, 0x00, 0x18, 0x00, 0x0F, 0x01, 0x1C, 0x25, 0x00, 0x80, 0x10, 0x00] + code, 0)
            put([0xFF, 0x0F] + Code.bytes(0x10_0000 + UInt32(table)), 0x8000)
            for (vector, body) in handlers {
                let address = 0x10_0000 + first + UInt64(vector) * 64
                let low = address & 0xFFFF | 0x10 << 16 | 0x8E00 << 32 | (address >> 16 & 0xFFFF) << 48
                put((0..<8).map { UInt8(truncatingIfNeeded: low >> ($0 * 8)) }, table + UInt64(vector) * 16)
                put(body, first + UInt64(vector) * 64)
            }
            return image
        }

        private static let iret: [UInt8] = [0x48, 0xCF]
        private static let countAndEnd = countUp + Code.end

        /// The local APIC's timer, periodic: every 5 ms until it has ticked 60 times.
        private static let periodic = image(
            Code.enableLocalAPIC + Code.register(0x3E0, 0xB) + Code.register(0x320, 0x2_0053)
                + Code.register(0x380, 5_000_000) + wait(60) + exit, handlers: [0x53: countAndEnd])

        /// The same by deadlines of the time-stamp counter: rdtsc; add $0x800000, %eax; adc $0, %edx; mov $0x6E0, %ecx;
        /// wrmsr.
        private static let deadline: [UInt8] = {
            let arm: [UInt8] = [
                0x0F, 0x31, 0x05, 0x00, 0x00, 0x80, 0x00, 0x83, 0xD2, 0x00, 0xB9, 0xE0, 0x06, 0x00, 0x00,
                0x0F, 0x30,
            ]
            return image(
                Code.enableLocalAPIC + Code.register(0x320, 0x4_0053) + arm + wait(60) + exit,
                handlers: [0x53: countUp + arm + Code.end])
        }()

        /// The 8254 by the 8259 pair, vector 0x20, and LINT0.
        private static let legacy = image(
            out(0x20, 0x11) + out(0x21, 0x20) + out(0x21, 4) + out(0x21, 1) + out(0x21, 0xFE)
                + out(0xA1, 0xFF)
                + out(0x43, 0x34) + out(0x40, 0xA9) + out(0x40, 4) + wait(10) + exit,
            handlers: [0x20: countUp + out(0x20, 0x20) + iret])

        /// The 8254 by the I/O APIC's input 2, edge-triggered.
        private static let edge = image(
            out(0x21, 0xFF) + out(0xA1, 0xFF) + Code.enableLocalAPIC + Code.inputRegister(0x15, 0)
                + Code.inputRegister(0x14, 0x52) + out(0x43, 0x34) + out(0x40, 0xA9) + out(0x40, 4)
                + wait(10) + exit,
            handlers: [0x52: countAndEnd])

        /// Input 11 of the I/O APIC, level-triggered, which `pc-testdev` raises and the handler releases: another
        /// interrupt comes only where the end of the one before was told.
        private static let level: [UInt8] = {
            // mov $0x200B, %edx; mov $level, %al; out %al, %dx
            func line(_ level: UInt8) -> [UInt8] { [0xBA, 0x0B, 0x20, 0x00, 0x00, 0xB0, level, 0xEE] }
            var code =
                out(0x21, 0xFF) + out(0xA1, 0xFF) + Code.enableLocalAPIC + Code.inputRegister(0x27, 0)
            code += Code.inputRegister(0x26, 0x8055) + [0xFB]
            for count in UInt8(1)...6 {
                // 1: pause; cmpb $count, counter; jb 1b
                code +=
                    line(1) + [0xF3, 0x90, 0x80, 0x3C, 0x25] + Code.bytes(counter) + [count, 0x72, 0xF4]
            }
            return image(code + exit, handlers: [0x55: countUp + line(0) + Code.end])
        }()

        // MARK: Machines

        private func configuration(_ image: [UInt8]) async throws -> MachineConfiguration {
            var configuration = MachineConfiguration(
                architecture: .x86_64, cpuModel: HostKVM.model, memory: .mebibytes(8),
                boot: .flat(.bytes(image), address: 0x10_0000))
            configuration.timerFrequency = try await KVMAccelerator().hostTimerFrequency()
            configuration.devices = [DeviceConfiguration(id: "test", model: "pc-testdev")]
            return configuration
        }

        private func hypervisor(_ mode: InterruptMode) -> LocalHypervisor {
            LocalHypervisor(KVMAccelerator(interruptMode: mode))
        }

        private func outcome(_ machine: any Machine) async throws -> MachineOutcome {
            let watchdog = Task {
                try await Task.sleep(for: .seconds(60))
                await machine.stop()
            }
            defer { watchdog.cancel() }
            return try await machine.waitUntilStopped()
        }

        private func expectEnd(_ image: [UInt8], _ mode: InterruptMode) async throws {
            let machine = try await hypervisor(mode).makeMachine(configuration(image))
            try await machine.start()
            let outcome = try await outcome(machine)
            #expect(outcome == MachineOutcome(.debugExit, code: 42), "\(outcome)")
        }

        // MARK: Interrupts

        @Test(arguments: modes) func theLocalTimerTicks(_ mode: InterruptMode) async throws {
            try await expectEnd(Self.periodic, mode)
        }

        @Test(arguments: modes)
        func deadlinesOfTheTimeStampCounterCome(_ mode: InterruptMode) async throws {
            // The board computes its timers from the counter; KVM's own know it anyway.
            guard HostKVM.probe?.canSetTimeStamp == true || mode != .external else {
                try Test.cancel("needs a KVM that can set the time-stamp counter")
            }
            try await expectEnd(Self.deadline, mode)
        }

        @Test(arguments: modes) func theLegacyControllersInterruptsCome(_ mode: InterruptMode) async throws {
            try await expectEnd(Self.legacy, mode)
        }

        @Test(arguments: modes) func edgesOfTheInputControllerCome(_ mode: InterruptMode) async throws {
            try await expectEnd(Self.edge, mode)
        }

        @Test(arguments: modes) func endsOfLevelInterruptsAreTold(_ mode: InterruptMode) async throws {
            try await expectEnd(Self.level, mode)
        }

        // MARK: Life

        @Test(
            arguments: [[0xEB, 0xFE], [0xFA, 0xF4, 0xEB, 0xFD], [0xFB, 0xF4, 0xEB, 0xFD]] as [[UInt8]], modes)
        func machinesArePausedAndStopped(_ code: [UInt8], _ mode: InterruptMode) async throws {
            let machine = try await hypervisor(mode).makeMachine(
                configuration(Self.image(code, handlers: [:])))
            try await machine.start()
            for _ in 0..<50 {
                try await machine.pause()
                try await machine.resume()
            }
            await machine.stop()
            #expect(try await machine.waitUntilStopped() == .stopped)
        }

        @Test(arguments: modes) func aResetMachineBeginsAgain(_ mode: InterruptMode) async throws {
            // mov $0x3F8, %edx; mov $'K', %al; out %al, %dx; 1: hlt; jmp 1b
            let code: [UInt8] = [0xBA, 0xF8, 0x03, 0x00, 0x00, 0xB0, 0x4B, 0xEE, 0xFB, 0xF4, 0xEB, 0xFD]
            let machine = try await hypervisor(.local).makeMachine(
                configuration(Self.image(code, handlers: [:])))
            try await machine.start()
            for times in 1...3 {
                let end = ContinuousClock.now + .seconds(30)
                while machine.serial.recentOutput.count < times, ContinuousClock.now < end {
                    await Task.yield()
                }
                #expect(machine.serial.recentOutput.count == times)
                try await machine.reset()
            }
            await machine.stop()
        }

        /// A machine that is saved in one mode goes on in the other, in the midst of its timer's ticks.
        @Test(arguments: [periodic, deadline], modes)
        func savedMachinesMoveBetweenModes(_ image: [UInt8], _ first: InterruptMode) async throws {
            guard HostKVM.probe?.canSetTimeStamp == true || image == Self.periodic else {
                try Test.cancel("needs a KVM that can set the time-stamp counter")
            }
            let path = "/tmp/virtkit-kvm-modes-\(getpid()).saved"
            defer { unlink(path) }
            let configuration = try await configuration(image)
            var machine = try await hypervisor(first).makeMachine(configuration)
            try await machine.start()
            for step in 1...6 {
                try await Task.sleep(for: .milliseconds(20))
                try await machine.pause()
                let mode = Self.modes[((Self.modes.firstIndex(of: first) ?? 0) + step) % 3]
                try await #require(machine.snapshots).save(to: path)
                await machine.stop()
                machine = try await hypervisor(mode).restoreMachine(configuration, from: path)
                try await machine.resume()
            }
            let outcome = try await outcome(machine)
            #expect(outcome == MachineOutcome(.debugExit, code: 42), "\(outcome)")
        }

        @Test func otherModesAreRefused() async throws {
            let configuration = try await configuration(Self.periodic)
            let error = await #expect(throws: VirtKitError.self) {
                try await hypervisor(InterruptMode(rawValue: "none")).makeMachine(configuration)
            }
            #expect(error?.code == .unsupported)
        }
    }
#endif
