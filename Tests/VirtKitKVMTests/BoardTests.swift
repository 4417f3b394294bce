#if arch(x86_64)
    import Glibc
    import Testing
    import VirtKitCore
    import VirtKitKVM
    import VirtKitMachine

    /// The PC board on the real KVM: the same devices as with the emulator.
    @Suite(.enabled(if: HostKVM.runsGuests, HostKVM.reason), .serialized) struct BoardTests {
        @Test(arguments: [2, 4], [InterruptMode.external, .local, .full])
        func theOtherProcessorsStartByInterrupts(_ cpus: Int, _ mode: InterruptMode) async throws {
            // INIT and start-up IPI, vector 0x50, to all but this one. 1: cmpb $count, 0x50100; jne 1b; out $0xF4
            var code = BoardTests.message(0xC4500) + BoardTests.message(0xC4650)
            code += [0x80, 0x3C, 0x25, 0x00, 0x01, 0x05, 0x00, UInt8(cpus - 1), 0x75, 0xF6]
            code += [0xB8, 0x2A, 0x00, 0x00, 0x00, 0xE7, 0xF4, 0xF4]
            // Real mode, copied to 0x50000 first: lock incb %cs:0x100; 1: hlt; jmp 1b.
            let trampoline: [UInt8] = [0xF0, 0x2E, 0xFE, 0x06, 0x00, 0x01, 0xF4, 0xEB, 0xFD]
            var copy: [UInt8] = []
            for (index, byte) in trampoline.enumerated() {
                copy += [0xC6, 0x04, 0x25] + Code.bytes(0x5_0000 + UInt32(index)) + [byte]
            }
            var configuration = try await configuration(copy + code)
            configuration.cpus = cpus
            let machine = try await LocalHypervisor(KVMAccelerator(interruptMode: mode)).makeMachine(configuration)
            let outcome = try await outcome(machine)
            #expect(outcome.kind == .debugExit, "\(outcome)")
            #expect(outcome.code == 42)
        }

        /// mov $0xFEE00300, %eax; movl $command, (%rax): the interrupt command register.
        private static func message(_ command: UInt32) -> [UInt8] { Code.register(0x300, command) }

        private func configuration(_ code: [UInt8]) async throws -> MachineConfiguration {
            var configuration = MachineConfiguration(
                architecture: .x86_64, memory: .mebibytes(8), boot: .flat(.bytes(code), address: 0x10_0000))
            configuration.cpuModel = HostKVM.model
            configuration.timerFrequency = try await KVMAccelerator().hostTimerFrequency()
            return configuration
        }

        private func machine(_ code: [UInt8]) async throws -> any Machine {
            try await LocalHypervisor(KVMAccelerator()).makeMachine(configuration(code))
        }

        private func outcome(_ machine: any Machine) async throws -> MachineOutcome {
            let watchdog = Task {
                try await Task.sleep(for: .seconds(60))
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

        @Test func aSavedMachineGoesOn() async throws {
            // mov $0x11223344, %ebx; mov $0x3FD, %dx; 1: in (%dx), %al; test $1, %al; jz 1b;
            // mov %ebx, %eax; out %eax, $0xF4; hlt
            let configuration = try await configuration([
                0xBB, 0x44, 0x33, 0x22, 0x11, 0x66, 0xBA, 0xFD, 0x03, 0xEC, 0xA8, 0x01, 0x74, 0xFB,
                0x89, 0xD8, 0xE7, 0xF4, 0xF4,
            ])
            let hypervisor = LocalHypervisor(KVMAccelerator())
            let path = "/tmp/virtkit-kvm-test-\(getpid()).saved"
            defer { unlink(path) }
            let first = try await hypervisor.makeMachine(configuration)
            try await first.start()
            while await first.statistics().counters["kvm-port-exits"] ?? 0 < 10 { await Task.yield() }
            try await first.pause()
            try await #require(first.snapshots).save(to: path)
            await first.stop()
            let second = try await hypervisor.restoreMachine(configuration, from: path)
            try await second.resume()
            try await second.serial.send("x")
            let watchdog = Task {
                try await Task.sleep(for: .seconds(60))
                await second.stop()
            }
            defer { watchdog.cancel() }
            let outcome = try await second.waitUntilStopped()
            #expect(outcome.kind == .debugExit)
            #expect(outcome.code == 0x1122_3344)
        }

        @Test func manyMachinesLeaveNothingBehind() async throws {
            // Those of KVM; other tests that run at the same time have a few.
            func descriptors() -> Int {
                (3..<4096).count { number in
                    var target = [UInt8](repeating: 0, count: 64)
                    let count = target.withUnsafeMutableBytes { buffer in
                        buffer.baseAddress.map { readlink("/proc/self/fd/\(number)", $0, buffer.count) } ?? 0
                    }
                    return count > 0 && String(decoding: target.prefix(count), as: UTF8.self).contains("kvm")
                }
            }
            let before = descriptors()
            for _ in 0..<20 {
                let machine = try await machine([0xEB, 0xFE])
                try await machine.start()
                await machine.stop()
            }
            // A leak would leave one of each machine at least, for ever; other tests give theirs back in time.
            let deadline = ContinuousClock.now + .seconds(120)
            while descriptors() >= before + 20, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(100))
            }
            #expect(descriptors() < before + 20)
        }
    }
#endif
