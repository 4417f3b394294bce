// Measures VirtKit's KVM accelerator against plain C ioctls, in one process, in turns. See Benchmarks/kvm/run.
import CKVMLoop
import Foundation
import VirtKitCore
import VirtKitKVM
import VirtKitMachine

func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

func say(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

/// Prints what was measured, and returns the median of the pairs' ratios.
func report(_ name: String, ours: [UInt64], theirs: [UInt64], per exits: Int = 1) -> Double {
    let ratios = zip(ours, theirs).map { Double($0) / Double($1) }
    let sorted = ratios.sorted()
    func each(_ values: [UInt64]) -> Double { median(values.map { Double($0) / Double(exits) }) }
    say(
        String(
            format: "%@: VirtKit %.0f ns, C %.0f ns; ratio %.3f (%d pairs, quartiles %.3f to %.3f)", name, each(ours),
            each(theirs), median(ratios), ratios.count, sorted[ratios.count / 4], sorted[ratios.count * 3 / 4]))
    return median(ratios)
}

func makeC(_ code: [UInt8]) throws -> cl_machine {
    var machine = cl_machine()
    let result = cl_make(&machine, code, code.count)
    guard result == 0 else { throw VirtKitError(.backendFailure, operation: "C", message: "", errno: -result) }
    return machine
}

let accelerator = KVMAccelerator()
let available = await accelerator.availability()
guard available.level > .no else {
    say("KVM can't be used: \(available.reason)")
    exit(1)
}
let frequency = try await accelerator.hostTimerFrequency()
/// Short rounds in many pairs: what else the host does then falls on both alike.
let pairs = 301
let exits = 100
/// Each round lends the vCPU anew, which is not the loop's cost.
let halts = 100

// MARK: Exits through the machine: board, bus, device lock, device

/// A machine with the counting device and a guest that writes to it for ever.
func exitRatio(_ name: String, board: [UInt8], bare: [UInt8]) async throws -> (Double, Double) {
    let model = CountingModel()
    var configuration = MachineConfiguration(architecture: .x86_64, memory: .mebibytes(2))
    configuration.cpuModel = .host
    configuration.boot = .flat(.bytes(board), address: 0x10_0000)
    configuration.devices = [DeviceConfiguration(id: "benchmark/counter", model: "counter")]
    let machine = try await LocalHypervisor(accelerator, deviceModels: [model]).makeMachine(configuration)
    guard let device = model.made.withLock({ $0 }) else { fatalError("no device") }
    var plain = try makeC(bare)
    var (ours, theirs): ([UInt64], [UInt64]) = ([], [])
    var allocated: UInt64 = 0
    for pair in 0..<(pairs + 2) {
        device.arm(exits)
        if pair == 0 { try await machine.start() } else { try await machine.resume() }
        await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                device.wait()
                continuation.resume()
            }
        }
        try await machine.pause()
        let time = cl_accesses(&plain, UInt64(exits))
        // The first ones warm up.
        if pair < 2 { continue }
        ours.append(device.nanoseconds)
        theirs.append(time)
        allocated += device.allocated
    }
    await machine.stop()
    cl_free(&plain)
    return (
        report(name, ours: ours, theirs: theirs, per: exits), Double(allocated) / Double(ours.count * exits)
    )
}

// mov $0xD0000000, %ebx; 1: mov %eax, (%rbx); jmp 1b
let boardMemory: [UInt8] = [0xBB, 0x00, 0x00, 0x00, 0xD0, 0x89, 0x03, 0xEB, 0xFC]
let (pio, portAllocations) = try await exitRatio("PIO exit", board: Guest.port, bare: Guest.port)
let (mmio, memoryAllocations) = try await exitRatio("MMIO exit", board: boardMemory, bare: Guest.memory)

// MARK: Halts, each ended by an interrupt

func haltRatio() throws -> Double {
    let machine = try Machine(accelerator, Guest.halt, frequency: frequency)
    try machine.enter()
    machine.source.isPending = true
    var plain = try makeC(Guest.halt)
    var (ours, theirs): ([UInt64], [UInt64]) = ([], [])
    for pair in 0..<(pairs * 2 + 2) {
        let mine = try machine.halts(halts)
        let time = cl_halts(&plain, UInt64(halts))
        if pair < 2 { continue }
        ours.append(mine)
        theirs.append(time)
    }
    cl_free(&plain)
    return report("HLT exit and interrupt", ours: ours, theirs: theirs, per: halts)
}
let hlt = try haltRatio()

// MARK: The loop's own cost, over mocked system calls

func ownCost() throws -> Double {
    let count = 1_000_000
    let machine = try Machine(accelerator, Guest.port, frequency: frequency)
    try machine.enter()
    _ = try machine.accesses(1)
    var plain = try makeC(Guest.port)
    machine.bus.mocks = true
    var differences: [Double] = []
    for _ in 0..<15 {
        cl_mock(true)
        let mine = try machine.accesses(count)
        let time = cl_accesses(&plain, UInt64(count))
        cl_mock(false)
        differences.append((Double(mine) - Double(time)) / Double(count))
        if differences.count == 15 {
            say(String(format: "mocked: VirtKit %.1f ns, C %.1f ns", Double(mine) / 1e6, Double(time) / 1e6))
        }
    }
    cl_free(&plain)
    say(
        String(
            format: "own cost an exit: %.1f ns (%.1f to %.1f)", median(differences), differences.min() ?? 0,
            differences.max() ?? 0))
    return median(differences)
}
let own = try ownCost()

// MARK: Making and tearing down

func lifeRatios() throws -> (Double, Double) {
    var times: [[UInt64]] = [[], [], [], []]
    for pair in 0..<(61 + 2) {
        var begin = cl_now()
        var machine: Machine? = try Machine(accelerator, Guest.port, frequency: frequency)
        try machine?.enter()
        let made = cl_now() - begin
        begin = cl_now()
        machine = nil
        let gone = cl_now() - begin
        begin = cl_now()
        var plain = try makeC(Guest.port)
        let plainMade = cl_now() - begin
        begin = cl_now()
        cl_free(&plain)
        let plainGone = cl_now() - begin
        if pair < 2 { continue }
        for (index, time) in [made, plainMade, gone, plainGone].enumerated() { times[index].append(time) }
    }
    return (
        report("create to first exit", ours: times[0], theirs: times[1]),
        report("tear-down", ours: times[2], theirs: times[3])
    )
}
let (create, teardown) = try lifeRatios()

// MARK: Stopping a spinning guest

func kickRatio() throws -> Double {
    let machine = try Machine(accelerator, Guest.spin, frequency: frequency)
    try machine.enter()
    var plain = try makeC(Guest.spin)
    let spinner = Spinner()
    let handle = machine.domain.handle(0)
    let ended = DispatchSemaphore(value: 0)
    nonisolated(unsafe) let lent = machine
    Thread.detachNewThread {
        var driver = Spinner.Driver(bus: lent.bus, spinner: spinner)
        try? lent.domain.withVCPU(0, &driver)
        ended.signal()
    }
    guard let theirSpinner = withUnsafeMutablePointer(to: &plain, { cl_spin($0) }) else { fatalError("no thread") }
    var (ours, theirs): ([UInt64], [UInt64]) = ([], [])
    for _ in 0..<400 {
        while spinner.runs.load(ordering: .acquiring) == 0 { usleep(10) }
        usleep(300)
        let before = spinner.stopped.load(ordering: .acquiring)
        let begin = cl_now()
        handle.requestExit()
        while spinner.stopped.load(ordering: .acquiring) == before { usleep(20) }
        ours.append(spinner.stopped.load(ordering: .acquiring) - begin)
        theirs.append(cl_kick(theirSpinner))
    }
    cl_unspin(theirSpinner)
    spinner.ends.store(true, ordering: .releasing)
    handle.requestExit()
    ended.wait()
    cl_free(&plain)
    // Single latencies have no pairs: the medians of both are compared.
    let (mine, time) = (median(ours.map { Double($0) }), median(theirs.map { Double($0) }))
    say(String(format: "kick: VirtKit %.0f ns, C %.0f ns (medians of %d)", mine, time, ours.count))
    return mine / time
}
let kick = try kickRatio()

// MARK: Memory of idle machines

func idleMemory() async throws -> Double {
    // cli; 1: hlt; jmp 1b
    var configuration = MachineConfiguration(architecture: .x86_64, memory: .mebibytes(64))
    configuration.cpuModel = .host
    configuration.boot = .flat(.bytes([0xFA, 0xF4, 0xEB, 0xFD]), address: 0x10_0000)
    let hypervisor = LocalHypervisor(accelerator)
    var machines: [any VirtKitCore.Machine] = []
    func start(_ count: Int) async throws {
        for _ in 0..<count {
            let machine = try await hypervisor.makeMachine(configuration)
            try await machine.start()
            machines.append(machine)
        }
        try await Task.sleep(for: .milliseconds(300))
    }
    func touched() async -> UInt64 {
        var sum: UInt64 = 0
        for machine in machines { sum += await machine.statistics().residentMemory?.rawValue ?? 0 }
        return sum
    }
    // The first ones pay for what the process keeps.
    try await start(10)
    let (before, touchedBefore) = (cl_resident(), await touched())
    try await start(100)
    let grown = Double(cl_resident()) - Double(before) - (Double(await touched()) - Double(touchedBefore))
    for machine in machines { await machine.stop() }
    let each = grown / 100 / 1024
    say(String(format: "an idle machine: %.0f KiB beyond its touched guest memory", each))
    return each
}
let idle = try await idleMemory()

print(
    String(
        format: "RESULT pio=%.3f mmio=%.3f hlt=%.3f loop_ns=%.1f create=%.3f teardown=%.3f kick=%.3f "
            + "allocs_per_exit=%.4f idle_kib=%.0f", pio, mmio, hlt, own, create, teardown, kick,
        max(portAllocations, memoryAllocations), idle))
