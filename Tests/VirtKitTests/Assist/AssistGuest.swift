import Foundation
import Testing
import VirtKit
import VirtKitTesting

/// A guest of bare machine code, as the conformance kit's, with numbers in its data.
struct AssistGuest {
    let memory: GuestMemory
    let domain: any AcceleratorDomain<X86_64>
    let bus = QuietBus()

    init(
        _ accelerator: any Accelerator, _ code: [UInt8], handlers: [UInt8: [UInt8]] = [:],
        clock: MachineClock = MachineClock(), frequency: UInt64, model: CPUModel = .x86_64v2
    ) throws {
        memory = try BareGuest.makeMemory(code, handlers)
        for index in 0..<UInt64(64) {
            // Numbers that are neither the same nor special as floating-point values.
            try memory.store(0x3FF0_0000_0000_0000 &+ index &* 0x0123_4567_89AB, at: BareGuest.data + index * 8)
        }
        let request = DomainRequest(
            architecture: .x86_64, cpus: 1, cpuModel: model, memory: memory, clock: clock,
            timerFrequency: frequency)
        domain = try #require(try accelerator.makeDomain(request) as? any AcceleratorDomain<X86_64>)
    }

    /// Runs to an exit that is not `.requested`, or to one that was requested when the guest did not end.
    func run(_ state: X86_64.State = BareGuest.entry, seconds: Int = 60) throws -> (exit: VCPUExit, state: X86_64.State)
    {
        var driver = Driver(from: state, bus: bus)
        let handle = domain.handle(0)
        try withExtendedLifetime(Watch(handle, seconds: seconds)) { try domain.withVCPU(0, &driver) }
        return (driver.exit, try #require(driver.after))
    }

    private final class Watch {
        private let timer: any DispatchSourceTimer
        init(_ handle: any VCPUHandle, seconds: Int) {
            timer = DispatchSource.makeTimerSource()
            timer.setEventHandler { handle.requestExit() }
            timer.schedule(deadline: .now() + .seconds(seconds), repeating: .seconds(1))
            timer.resume()
        }
        deinit { timer.cancel() }
    }

    private struct Driver: VCPUDriver {
        typealias Architecture = X86_64
        let from: X86_64.State
        let bus: QuietBus
        var exit = VCPUExit(.requested)
        var after: X86_64.State?
        mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
        where CPU.Architecture == X86_64 {
            try cpu.setState(from)
            exit = try cpu.run(bus)
            after = try cpu.state()
        }
    }
}

/// A bus that writes down what is written to ports, and answers nothing.
final class QuietBus: GuestBus {
    var writes: [UInt64] = []
    func read(_ address: UInt64, width: Int, space: BusSpace, vcpu: Int) -> UInt64 { 0 }
    func write(_ value: UInt64, to address: UInt64, width: Int, space: BusSpace, vcpu: Int) { writes.append(value) }
    func readSystemRegister(_ number: UInt32, vcpu: Int) -> UInt64? { nil }
    func writeSystemRegister(_ number: UInt32, value: UInt64, vcpu: Int) -> Bool { false }
}
