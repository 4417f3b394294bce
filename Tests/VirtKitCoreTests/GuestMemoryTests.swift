import Synchronization
import Testing
import VirtKitCore

struct GuestMemoryTests {
    private final class Log: GuestMemoryObserver {
        struct Write: Equatable {
            var address: UInt64
            var count: Int
        }
        let writes = Mutex<[Write]>([])
        func memoryWasWritten(at address: UInt64, count: Int) {
            writes.withLock { $0.append(Write(address: address, count: count)) }
        }
    }

    /// RAM at 0 (two pages) and at 4 GiB (one page).
    private func memory(_ backing: MemoryBacking = .anonymous) throws -> GuestMemory {
        try GuestMemory(regions: [
            GuestMemoryRegion(guestAddress: 1 << 32, size: 4096, backing: backing),
            GuestMemoryRegion(guestAddress: 0, size: 8192, backing: backing),
        ])
    }

    @Test(arguments: [MemoryBacking.memfd, .anonymous])
    func readsWhatWasWritten(_ backing: MemoryBacking) throws {
        let memory = try memory(backing)
        #expect(memory.size == 12288)
        #expect(memory.regions.map(\.guestAddress) == [0, 1 << 32])
        #expect(memory.regions.allSatisfy { ($0.descriptor != nil) == (backing == .memfd) })
        try memory.store(UInt32(0x0102_0304), at: 4094)
        #expect(try memory.bytes(at: 4093, count: 6) == [0, 4, 3, 2, 1, 0])
        #expect(try memory.load(UInt32.self, at: 4094) == 0x0102_0304)
        try memory.write([1, 2, 3], at: (1 << 32) + 4093)
        #expect(try memory.bytes(at: (1 << 32) + 4092, count: 4) == [0, 1, 2, 3])
        try memory.fill(7, at: 8191, count: 1)
        #expect(try memory.load(UInt8.self, at: 8191) == 7)
        #expect(memory.residentBytes >= 12288)
    }

    private static let fourGiB: UInt64 = 0x1_0000_0000
    private static let refused: [(UInt64, Int)] = [
        (8192, 1), (8191, 2), (4096, 4097), (fourGiB - 1, 1), (fourGiB + 4096, 1), (fourGiB + 4095, 2), (.max, 1),
        (.max, 8), (.max - 3, 8), (0, 8193), (0, 12288), (4096, .max), (1 << 63, 4),
    ]

    @Test(arguments: refused)
    func accessesBeyondTheRegionsAreRefused(_ address: UInt64, _ count: Int) throws {
        let memory = try memory()
        #expect(throws: GuestMemoryFault.self) { _ = try memory.bytes(at: address, count: count) }
        #expect(throws: GuestMemoryFault.self) { try memory.fill(1, at: address, count: count) }
        guard count <= 1 << 20 else { return }
        let bytes = [UInt8](repeating: 1, count: count)
        #expect(throws: GuestMemoryFault.self) { try memory.write(bytes, at: address) }
        #expect(try memory.bytes(at: 0, count: 8192).allSatisfy { $0 == 0 }, "a refused write has written nothing")
    }

    @Test func emptyAndNegativeCounts() throws {
        let memory = try memory()
        #expect(try memory.bytes(at: .max, count: 0).isEmpty)
        try memory.write([], at: .max)
        try memory.fill(1, at: 0, count: -1)
        #expect(throws: GuestMemoryFault.self) { _ = try memory.bytes(at: 0, count: -1) }
        #expect(throws: GuestMemoryFault.self) { _ = try memory.bytes(at: 0, count: .min) }
    }

    @Test func observersHearOfWrites() throws {
        let memory = try memory()
        let log = Log()
        memory.addObserver(log)
        try memory.store(UInt64(1), at: 16)
        try memory.fill(0, at: 4096, count: 10)
        _ = try memory.bytes(at: 0, count: 4)
        try? memory.write([1], at: 8192)
        memory.removeObserver(log)
        try memory.write([1], at: 0)
        #expect(log.writes.withLock { $0 } == [.init(address: 16, count: 8), .init(address: 4096, count: 10)])
    }

    @Test func badLayoutsAreRefused() throws {
        let bad: [(UInt64, UInt64)] = [(0, 0), (1, 4096), (0, 4095), (4096, 1 << 63), (.max - 4095, 4096)]
        for (address, size) in bad {
            #expect(throws: VirtKitError.self) { try GuestMemoryRegion(guestAddress: address, size: size) }
        }
        let regions = [
            try GuestMemoryRegion(guestAddress: 0, size: 8192), try GuestMemoryRegion(guestAddress: 4096, size: 4096),
        ]
        #expect(throws: VirtKitError.self) { try GuestMemory(regions: regions) }
        let unknown = MemoryBacking(rawValue: "tape")
        let error = #expect(throws: VirtKitError.self) {
            try GuestMemoryRegion(guestAddress: 0, size: 4096, backing: unknown)
        }
        #expect(error?.code == .unsupported)
    }

    @Test func moreMemoryThanTheHostCanMapIsAnError() {
        let error = #expect(throws: VirtKitError.self) {
            try GuestMemoryRegion(guestAddress: 0, size: 1 << 60, backing: .anonymous)
        }
        #expect(error?.code == .resourceExhausted)
    }

    @Test func alignedIntegersAreNeverTorn() async throws {
        let memory = try memory()
        let writer = Task.detached {
            for round in 0..<200_000 {
                let pattern: UInt32 = round & 1 == 0 ? 0 : .max
                try memory.store(pattern, at: 4)
                try memory.store(UInt16(truncatingIfNeeded: pattern), at: 10)
                try memory.store(UInt64(pattern) << 32 | UInt64(pattern), at: 24)
            }
        }
        var torn = 0
        for _ in 0..<200_000 {
            let (word, half) = (try memory.load(UInt32.self, at: 4), try memory.load(UInt16.self, at: 10))
            let long = try memory.load(UInt64.self, at: 24)
            if word != 0 && word != .max || half != 0 && half != .max || long != 0 && long != .max { torn += 1 }
        }
        try await writer.value
        #expect(torn == 0)
    }
}
