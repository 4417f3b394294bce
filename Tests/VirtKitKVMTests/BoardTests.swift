#if arch(x86_64)
    import Glibc
    import Testing
    import VirtKitCore
    import VirtKitKVM
    import VirtKitMachine

    /// The PC board on the real KVM: the same devices as with the emulator.
    @Suite(.enabled(if: HostKVM.runsGuests, HostKVM.reason), .serialized) struct BoardTests {
        private func machine(_ code: [UInt8]) async throws -> any Machine {
            var configuration = MachineConfiguration(
                architecture: .x86_64, memory: .mebibytes(8), boot: .flat(.bytes(code), address: 0x10_0000))
            configuration.cpuModel = HostKVM.model
            configuration.timerFrequency = try await KVMAccelerator().hostTimerFrequency()
            return try await LocalHypervisor(KVMAccelerator()).makeMachine(configuration)
        }

        private func outcome(_ machine: any Machine) async throws -> MachineOutcome {
            let watchdog = Task {
                try await Task.sleep(for: .seconds(30))
                await machine.stop()
            }
            defer { watchdog.cancel() }
            try await machine.start()
            return try await machine.waitUntilStopped()
        }

        @Test func powersOff() async throws {
            // mov $0x604, %dx; mov $0x2000, %ax; out %ax, (%dx); hlt; jmp -1
            let machine = try await machine([
                0x66, 0xBA, 0x04, 0x06, 0x66, 0xB8, 0x00, 0x20, 0x66, 0xEF, 0xF4, 0xEB, 0xFD,
            ])
            #expect(try await outcome(machine).kind == .poweredOff)
            let statistics = await machine.statistics()
            #expect(statistics.engine == "kvm")
            #expect(statistics.counters["kvm-port-exits"] == 1)
        }

        @Test func printsAndExitsWithACode() async throws {
            // mov $0x3F8, %dx; mov $'K', %al; out; mov $'V', %al; out; mov $'M', %al; out;
            // mov $42, %eax; out %eax, $0xF4; hlt
            let machine = try await machine([
                0x66, 0xBA, 0xF8, 0x03, 0xB0, 0x4B, 0xEE, 0xB0, 0x56, 0xEE, 0xB0, 0x4D, 0xEE,
                0xB8, 0x2A, 0x00, 0x00, 0x00, 0xE7, 0xF4, 0xF4,
            ])
            let outcome = try await outcome(machine)
            #expect(outcome.kind == .debugExit)
            #expect(outcome.code == 42)
            #expect(machine.serial.recentOutput == Array("KVM".utf8))
        }

        @Test func tripleFaultIsACrash() async throws {
            // lidt of an empty table; ud2
            let machine = try await machine([
                0x48, 0x83, 0xEC, 0x10, 0x66, 0xC7, 0x04, 0x24, 0x00, 0x00,
                0x48, 0xC7, 0x44, 0x24, 0x02, 0x00, 0x00, 0x00, 0x00, 0x0F, 0x01, 0x1C, 0x24, 0x0F, 0x0B,
            ])
            #expect(try await outcome(machine).kind == .crashed)
        }

        @Test func aSpinningGuestIsPausedResumedAndStopped() async throws {
            let machine = try await machine([0xEB, 0xFE])
            try await machine.start()
            for _ in 0..<20 {
                try await machine.pause()
                #expect(machine.state == .paused)
                try await machine.resume()
            }
            await machine.stop()
            #expect(machine.state == .stopped)
        }

        @Test func aHaltedGuestIsStopped() async throws {
            let machine = try await machine([0xFA, 0xF4, 0xEB, 0xFD])
            try await machine.start()
            await machine.stop()
            #expect(machine.state == .stopped)
        }

        @Test func manyMachinesLeaveNothingBehind() async throws {
            func descriptors() -> Int { (3..<1024).count { fcntl(Int32($0), F_GETFD) >= 0 } }
            for _ in 0..<2 {
                let machine = try await machine([0xEB, 0xFE])
                try await machine.start()
                await machine.stop()
            }
            let before = descriptors()
            for _ in 0..<20 {
                let machine = try await machine([0xEB, 0xFE])
                try await machine.start()
                await machine.stop()
            }
            #expect(descriptors() <= before)
        }
    }
#endif
