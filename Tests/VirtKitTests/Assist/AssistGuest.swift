import Foundation
import Testing
import VirtKit

/// A guest of bare machine code in 64-bit mode, ring 0, without a board: 64 KiB at 0, mapped one to one.
struct AssistGuest {
    static let code: UInt64 = 0x5000
    static let data: UInt64 = 0xC000
    /// Where the code of interrupt handlers is, 32 bytes each.
    private static let handlers: UInt64 = 0x6000

    let memory: GuestMemory
    let domain: any AcceleratorDomain<X86_64>
    let bus = QuietBus()

    init(
        _ accelerator: any Accelerator, _ code: [UInt8], handlers: [UInt8: [UInt8]] = [:],
        clock: MachineClock = MachineClock(), frequency: UInt64, model: CPUModel = .x86_64v2
    ) throws {
        memory = try GuestMemory(regions: [GuestMemoryRegion(guestAddress: 0, size: 0x10000)])
        try memory.store(0x2003 as UInt64, at: 0x1000)
        try memory.store(0x3003 as UInt64, at: 0x2000)
        for index in 0..<UInt64(512) { try memory.store(index << 21 | 0x83, at: 0x3000 + index * 8) }
        try memory.store(0x00AF_9B00_0000_FFFF as UInt64, at: 0x4E08)
        try memory.store(0x00CF_9300_0000_FFFF as UInt64, at: 0x4E10)
        for (vector, body) in handlers {
            let address = Self.handlers + UInt64(vector) * 32
            try memory.store(address & 0xFFFF | 8 << 16 | 0x8E00 << 32, at: 0x4000 + UInt64(vector) * 16)
            try memory.write(body, at: address)
        }
        try memory.write(code, at: Self.code)
        for index in 0..<UInt64(64) {
            // Numbers that are neither the same nor special as floating-point values.
            try memory.store(0x3FF0_0000_0000_0000 &+ index &* 0x0123_4567_89AB, at: Self.data + index * 8)
        }
        let request = DomainRequest(
            architecture: .x86_64, cpus: 1, cpuModel: model, memory: memory, clock: clock,
            timerFrequency: frequency)
        domain = try #require(try accelerator.makeDomain(request) as? any AcceleratorDomain<X86_64>)
    }

    /// 64-bit mode, ring 0, at the code. RDI is the address of data. SSE is on.
    static var entry: X86_64.State {
        var state = X86_64.State.reset
        state.segments = [X86_64.Segment](
            repeating: X86_64.Segment(selector: 16, limit: .max, attributes: 0xC093), count: 6)
        state.segments[1] = X86_64.Segment(selector: 8, limit: .max, attributes: 0xA09B)
        state.gdtr = X86_64.DescriptorTable(base: 0x4E00, limit: 23)
        state.idtr = X86_64.DescriptorTable(base: 0x4000, limit: 0xDFF)
        state.cr0 = 0x8000_0033
        state.cr3 = 0x1000
        state.cr4 = 0x620
        state.efer = 0x500
        state.rip = code
        state.general = [UInt64](repeating: 0, count: 16)
        state.general[4] = 0xF000
        state.general[7] = data
        return state
    }

    /// Runs to an exit that is not `.requested`, or to one that was requested when the guest did not end.
    func run(_ state: X86_64.State = entry, seconds: Int = 60) throws -> (exit: VCPUExit, state: X86_64.State) {
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
