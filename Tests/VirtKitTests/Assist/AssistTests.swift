import Foundation
import Testing
import VirtKit
import VirtKitTesting

/// Two accelerators as one.
@Suite(.serialized) struct AssistTests {
    // MARK: The contract

    @Test("Two accelerators keep every rule, whoever stumbles", arguments: AcceleratorConformance.cases)
    func conformance(_ test: AcceleratorCase) async {
        for (name, primary) in [("fake", FakeAccelerator() as any Accelerator), ("emulator", EmulatorAccelerator())] {
            let assisted = AssistedAccelerator(
                primary: StumblingAccelerator(base: primary), assistant: EmulatorAccelerator(),
                policy: .onFailure(longestAssist: 2))
            let result = await test.run(AcceleratorSubject(accelerator: assisted))
            #expect(result == .pass, "\(name): \(test.rule)")
        }
    }

    @Test(
        "KVM with the emulator keeps every rule",
        .enabled("needs a KVM that runs a bare guest") { await AssistHost.make() != nil },
        arguments: AcceleratorConformance.cases)
    func conformanceWithKVM(_ test: AcceleratorCase) async throws {
        let host = try #require(await AssistHost.make())
        let result = await test.run(
            AcceleratorSubject(
                accelerator: host.accelerator(), cpuModel: host.model, timerFrequency: host.frequency,
                setsTimeStampCounter: host.setsTimeStampCounter))
        if case .skip(let reason) = result {
            #expect(
                ["instructions-are-counted", "counter-is-set", "counter-stands-with-the-clock"].contains(test.name),
                "\(reason)")
        } else {
            #expect(result == .pass, "\(test.rule)")
        }
    }

    // MARK: Results

    @Test(
        "Ring 0 has the results that it has on the emulator alone",
        .enabled("needs a KVM that runs a bare guest") { await AssistHost.make() != nil },
        arguments: AssistCase.all, [1, 100_000])
    func sameResults(_ test: AssistCase, longest: UInt64) async throws {
        let host = try #require(await AssistHost.make())
        let alone = try AssistGuest(
            EmulatorAccelerator(), test.code, handlers: test.handlers, frequency: host.frequency, model: host.model)
        let wanted = try alone.run()
        #expect(wanted.exit.kind == .halted)
        let plain = try AssistGuest(
            KVMAccelerator(), test.code, handlers: test.handlers, frequency: host.frequency, model: host.model)
        let needsHelp = try plain.run().exit.kind == .emulationFailure
        let guest = try AssistGuest(
            host.accelerator(longest: longest), test.code, handlers: test.handlers, frequency: host.frequency,
            model: host.model)
        let found = try guest.run()
        #expect(found.exit == wanted.exit)
        #expect(AssistView(found.state) == AssistView(wanted.state))
        #expect(try guest.memory.bytes(at: 0x5000, count: 0xB000) == alone.memory.bytes(at: 0x5000, count: 0xB000))
        let counters = guest.domain.statistics()
        #expect((counters["assists"] ?? 0 > 0) == needsHelp)
        #expect(counters["assist-refusals"] == 0)
        if test.name == "patch" { #expect(found.state.general[0] == 0) }
    }

    @Test(
        "The time-stamp counter never goes back, and what the guest sets it to stays", arguments: [1, 50] as [UInt64])
    func counter(_ longest: UInt64) throws {
        // mov $200, %ecx; 1: rdtsc; shl $32, %rdx; or %rdx, %rax; cmp %r8, %rax; adc $0, %r9; mov %rax, %r8;
        // dec %ecx; jnz 1b; mov $0x10, %ecx; mov $0x1000, %edx; xor %eax, %eax; wrmsr; rdtsc; hlt
        let code: [UInt8] = [
            0xB9, 0xC8, 0x00, 0x00, 0x00, 0x0F, 0x31, 0x48, 0xC1, 0xE2, 0x20, 0x48, 0x09, 0xD0, 0x4C, 0x39, 0xC0, 0x49,
            0x83, 0xD1, 0x00, 0x49, 0x89, 0xC0, 0xFF, 0xC9, 0x75, 0xE9, 0xB9, 0x10, 0x00, 0x00, 0x00, 0xBA, 0x00, 0x10,
            0x00, 0x00, 0x31, 0xC0, 0x0F, 0x30, 0x0F, 0x31, 0xF4,
        ]
        for steps in 1...7 as ClosedRange<UInt64> {
            let primary = StumblingAccelerator(base: EmulatorAccelerator(optimises: false), steps: steps)
            let clock = MachineClock()
            clock.start()
            let guest = try AssistGuest(
                AssistedAccelerator(
                    primary: primary, assistant: EmulatorAccelerator(optimises: false),
                    policy: .onFailure(longestAssist: longest)),
                code, clock: clock, frequency: 1_000_000_000)
            let (exit, state) = try guest.run()
            #expect(exit.kind == .halted)
            #expect(state.general[9] == 0, "the counter went back")
            #expect(state.general[2] & 0xFFFF_FFFF == 0x1000)
            #expect(state.timeStampCounter >> 32 == 0x1000)
        }
    }

    // MARK: Refusals

    @Test("An assistant that refuses the state leaves the failure as it was")
    func refusingAssistant() throws {
        let assistant = StumblingAccelerator(
            base: EmulatorAccelerator(), steps: nil, refusals: .max / 2, refusesFrom: 0)
        let guest = try AssistGuest(
            AssistedAccelerator(
                primary: StumblingAccelerator(base: EmulatorAccelerator(optimises: false)), assistant: assistant),
            [0x90, 0x90, 0x90, 0x90, 0xF4], frequency: 1_000_000_000)
        let (exit, state) = try guest.run()
        #expect(exit.kind == .emulationFailure)
        #expect(state.rip == BareGuest.code + 3)
        #expect(guest.domain.statistics()["assists"] == 0)
        #expect(guest.domain.statistics()["assist-refusals"] == 1)
    }

    @Test("While the primary refuses the state the assistant goes on")
    func refusingPrimary() throws {
        // mov $100, %ecx; 1: add $3, %rax; dec %ecx; jnz 1b; hlt
        let code: [UInt8] = [0xB9, 100, 0, 0, 0, 0x48, 0x83, 0xC0, 0x03, 0xFF, 0xC9, 0x75, 0xF8, 0xF4]
        for (refusals, isBack) in [(5, true), (100_000, false)] {
            let primary = StumblingAccelerator(base: EmulatorAccelerator(), refusals: refusals)
            let guest = try AssistGuest(
                AssistedAccelerator(
                    primary: primary, assistant: EmulatorAccelerator(), policy: .onFailure(longestAssist: 1)),
                code, frequency: 1_000_000_000)
            let (exit, state) = try guest.run()
            #expect(exit.kind == .halted)
            #expect(state.general[0] == 300)
            #expect(state.activity == .halted)
            let counters = guest.domain.statistics()
            #expect((counters["assist-refusals"] == 5) == isBack)
            #expect((counters["assists"] ?? 0 > 1) == isBack)
        }
    }

    // MARK: Machines

    @Test(
        "A machine on KVM is assisted, and says so",
        .enabled("needs a KVM that runs a bare guest") { await AssistHost.make() != nil })
    func machine() async throws {
        let host = try #require(await AssistHost.make())
        let hypervisor = LocalHypervisor(host.accelerator())
        let machine = try await hypervisor.makeMachine(host.machine(AssistCase.printsSum))
        let events = machine.events()
        try await machine.start()
        let watchdog = Task {
            try await Task.sleep(for: .seconds(60))
            await machine.stop()
        }
        defer { watchdog.cancel() }
        let outcome = try await machine.waitUntilStopped()
        #expect(outcome.kind == .debugExit && outcome.code == 84)
        #expect(machine.serial.recentOutput == Array("T".utf8))
        let statistics = await machine.statistics()
        #expect(statistics.engine == "kvm+interpreter")
        var told: [String] = []
        for await event in events where event.kind == .assisted { told.append(event.details) }
        #expect((statistics.counters["assists"] ?? 0 > 0) == !told.isEmpty)
        if let first = told.first { #expect(first.contains("f2 0f 2a c0") && first.contains("emulator does")) }
    }

    @Test(
        "An assisted machine is paused, resumed and stopped",
        .enabled("needs a KVM that runs a bare guest") { await AssistHost.make() != nil })
    func stopping() async throws {
        let host = try #require(await AssistHost.make())
        let hypervisor = LocalHypervisor(host.accelerator(longest: 500))
        // addsd %xmm1, %xmm0; jmp -6
        let machine = try await hypervisor.makeMachine(host.machine([0xF2, 0x0F, 0x58, 0xC1, 0xEB, 0xFA]))
        try await machine.start()
        for _ in 0..<50 {
            try await machine.pause()
            #expect(machine.state == .paused)
            try await machine.resume()
        }
        await machine.stop()
        #expect(machine.state == .stopped)
        #expect(await machine.statistics().counters["assist-refusals"] == 0)
    }

    @Test(
        "A machine is saved from one kind of hypervisor and goes on under the other",
        .enabled("needs a KVM that runs a bare guest") { await AssistHost.make() != nil },
        arguments: [true, false])
    func saving(_ isFirstAssisted: Bool) async throws {
        let host = try #require(await AssistHost.make())
        // mov $42, %eax; cvtsi2sd %eax, %xmm3; mov $0x3FD, %dx; 1: in (%dx), %al; test $1, %al; jz 1b;
        // addsd %xmm3, %xmm3; cvttsd2si %xmm3, %eax; out %eax, $0xF4; hlt
        var configuration = host.machine([
            0xB8, 0x2A, 0x00, 0x00, 0x00, 0xF2, 0x0F, 0x2A, 0xD8, 0x66, 0xBA, 0xFD, 0x03, 0xEC, 0xA8, 0x01, 0x74, 0xFB,
            0xF2, 0x0F, 0x58, 0xDB, 0xF2, 0x0F, 0x2C, 0xC3, 0xE7, 0xF4, 0xF4,
        ])
        configuration.timerFrequency = host.frequency
        configuration.cpuFeatures = await host.accelerator().features(of: host.model)
        let hypervisors = [LocalHypervisor(host.accelerator()), LocalHypervisor(EmulatorAccelerator())]
        let folder = try ScratchFolder()
        let path = folder("saved")
        let first = try await hypervisors[isFirstAssisted ? 0 : 1].makeMachine(configuration)
        try await first.start()
        while await first.statistics().counters["bus-accesses"] ?? 0 < 10 { await Task.yield() }
        try await first.pause()
        try await #require(first.snapshots).save(to: path)
        await first.stop()
        let second = try await hypervisors[isFirstAssisted ? 1 : 0].restoreMachine(configuration, from: path)
        try await second.resume()
        try await second.serial.send("x")
        let watchdog = Task {
            try await Task.sleep(for: .seconds(60))
            await second.stop()
        }
        defer { watchdog.cancel() }
        let outcome = try await second.waitUntilStopped()
        #expect(outcome.kind == .debugExit && outcome.code == 84, "\(outcome)")
    }

    // MARK: Answers

    @Test("The model of the host, and another architecture, are refused")
    func refusals() async throws {
        let assisted = AssistedAccelerator(primary: FakeAccelerator(), assistant: EmulatorAccelerator())
        var configuration = BareCode.machine([0xF4])
        #expect(await assisted.suitability(for: configuration).level == .limited)
        configuration.cpuModel = .host
        #expect(await assisted.suitability(for: configuration).level == .no)
        configuration.cpuModel = .standard
        configuration.architecture = Architecture(rawValue: "riscv64")
        let answer = await assisted.suitability(for: configuration)
        #expect(answer.level == .no && answer.remedy != nil)
    }

    @Test("A frequency that both can have is preferred")
    func frequency() async {
        /// Its frequencies are multiples of one.
        struct Stepped: Accelerator {
            let step: UInt64
            let base = FakeAccelerator()
            var id: String { base.id }
            func suitability(for configuration: MachineConfiguration) async -> Suitability {
                let isMultiple = configuration.timerFrequency.map { $0 % step == 0 } ?? true
                return Suitability(isMultiple ? .full : .no, reason: "its frequencies are multiples of \(step)")
            }
            func preferredTimerFrequency(for configuration: MachineConfiguration) async -> UInt64? { 2_596_140_000 }
            func makeDomain(_ request: DomainRequest) throws(VirtKitError) -> any AcceleratorDomain {
                try base.makeDomain(request)
            }
        }
        let assisted = AssistedAccelerator(primary: Stepped(step: 1), assistant: Stepped(step: 1_000_000))
        #expect(await assisted.preferredTimerFrequency(for: BareCode.machine([0xF4])) == 2_596_000_000)
    }
}

/// What a guest of ``AssistGuest`` can see of its state, without time.
private struct AssistView: Equatable {
    var general: [UInt64]
    var rip, rflags, cr0, cr2, cr3, cr4, efer: UInt64
    var segments: [X86_64.Segment]
    var vectors: [UInt64]
    var stack: [UInt64]
    var control: [UInt32]
    var activity: X86_64.Activity
    var pending: X86_64.PendingEvent?

    init(_ state: X86_64.State) {
        general = state.general
        (rip, rflags, cr0, cr2) = (state.rip, state.rflags, state.cr0, state.cr2)
        (cr3, cr4, efer) = (state.cr3, state.cr4, state.efer)
        segments = state.segments
        vectors = (0..<16).flatMap { [state.extended[xmm: $0].low, state.extended[xmm: $0].high] }
        stack = (0..<8).flatMap { [state.extended[st: $0].significand, UInt64(state.extended[st: $0].signExponent)] }
        control = [
            UInt32(state.extended.controlWord), UInt32(state.extended.statusWord), UInt32(state.extended.abridgedTag),
            state.extended.mxcsr,
        ]
        activity = state.activity
        pending = state.pending
    }
}

/// This host's KVM, where the assisted accelerator can use it.
struct AssistHost: Sendable {
    let frequency: UInt64
    let model: CPUModel
    let setsTimeStampCounter: Bool

    func accelerator(longest: UInt64 = 100_000) -> AssistedAccelerator {
        AssistedAccelerator(
            primary: KVMAccelerator(), assistant: EmulatorAccelerator(), policy: .onFailure(longestAssist: longest))
    }

    func machine(_ code: [UInt8]) -> MachineConfiguration {
        var configuration = BareCode.machine(code)
        configuration.cpuModel = model
        return configuration
    }

    static func make() async -> AssistHost? {
        let assisted = AssistedAccelerator(primary: KVMAccelerator(), assistant: EmulatorAccelerator())
        let setsCounter = await !KVMAccelerator().availability().reason.contains("time-stamp counter")
        for model in [CPUModel.x86_64v2, .x86_64] {
            var configuration = BareCode.machine([0xF4])
            configuration.cpuModel = model
            guard await assisted.suitability(for: configuration).level > .no else { continue }
            return AssistHost(
                frequency: await assisted.preferredTimerFrequency(for: configuration) ?? 1_000_000_000, model: model,
                setsTimeStampCounter: setsCounter)
        }
        return nil
    }
}
