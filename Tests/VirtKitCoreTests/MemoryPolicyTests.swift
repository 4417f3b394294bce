import CVirtKit
import Glibc
import Testing
import VirtKitCore

/// Memory policies on the real kernel.
@Suite struct MemoryPolicyTests {
    private static func text(_ path: String) -> String {
        let file = open(path, O_RDONLY)
        guard file >= 0 else { return "" }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        var text: [UInt8] = []
        while true {
            let count = read(file, &bytes, bytes.count)
            guard count > 0 else { break }
            text += bytes.prefix(count)
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static let transparent = text("/sys/kernel/mm/transparent_hugepage/enabled")
    private static func free(_ kibibytes: Int) -> Int {
        Int(text("/sys/kernel/mm/hugepages/hugepages-\(kibibytes)kB/free_hugepages").filter(\.isNumber)) ?? 0
    }

    /// A field of the smaps entry that holds an address, in KiB.
    private func smaps(_ address: UnsafeMutableRawPointer, _ field: String) -> Int? {
        var isInside = false
        for line in Self.text("/proc/self/smaps").split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let first = words.first else { continue }
            let range = first.split(separator: "-").compactMap { UInt($0, radix: 16) }
            if range.count == 2 {
                isInside = range[0] <= UInt(bitPattern: address) && UInt(bitPattern: address) < range[1]
            } else if isInside, first == "\(field):", words.count > 1 {
                return Int(words[1])
            }
        }
        return nil
    }

    @Test(
        .enabled(
            if: transparent.contains("[madvise]") || transparent.contains("[always]"), "needs transparent huge pages"))
    func transparentHugePagesAreMade() throws {
        let region = try GuestMemoryRegion(
            guestAddress: 0xC_0000, size: 32 << 20, policy: MemoryPolicy(hugePages: .transparent))
        // As far from a huge page's begin as in the guest, so that both can be mapped by one entry.
        #expect(UInt(bitPattern: region.hostAddress) % (2 << 20) == 0xC_0000)
        let memory = try GuestMemory(regions: [region])
        try memory.fill(1, at: 0xC_0000, count: 32 << 20)
        #expect(try memory.load(UInt8.self, at: 0xC_0000 + (32 << 20) - 1) == 1)
        let inUse = try #require(smaps(region.hostAddress + (4 << 20), "AnonHugePages"))
        #expect(inUse >= 2048, "\(inUse) KiB in huge pages")
        // A small region has none to have.
        _ = try GuestMemoryRegion(guestAddress: 0, size: 0xA0000, policy: MemoryPolicy(hugePages: .transparent))
    }

    @Test(arguments: [(HugePages.size2M, 2 << 20), (.size1G, 1 << 30)])
    func pagesOfThePool(_ pages: HugePages, _ size: Int) throws {
        let wanted = 2
        let make = {
            try GuestMemoryRegion(
                guestAddress: 0x1000, size: UInt64(size), policy: MemoryPolicy(hugePages: pages))
        }
        guard Self.free(size >> 10) >= wanted else {
            let error = #expect(throws: VirtKitError.self) { try make() }
            #expect(error?.code == .resourceExhausted || error?.code == .unsupported)
            #expect(error?.message.contains("huge pages") == true && error?.remedy != nil, "\(error.debugDescription)")
            return
        }
        let region = try make()
        #expect(UInt(bitPattern: region.hostAddress) % UInt(size) == 0x1000)
        #expect(smaps(region.hostAddress, "KernelPageSize") == size >> 10)
        let memory = try GuestMemory(regions: [region])
        try memory.store(7 as UInt64, at: 0x1000 + UInt64(size) - 8)
        #expect(try memory.load(UInt64.self, at: 0x1000 + UInt64(size) - 8) == 7)
    }

    @Test(arguments: [
        (NUMAPolicy.Mode.bind, vk_MPOL_BIND), (.preferred, vk_MPOL_PREFERRED), (.interleave, vk_MPOL_INTERLEAVE),
    ])
    func nodesAreThoseOfThePolicy(_ mode: NUMAPolicy.Mode, _ number: Int32) throws {
        for backing in [MemoryBacking.memfd, .anonymous] {
            let region: GuestMemoryRegion
            do {
                region = try GuestMemoryRegion(
                    guestAddress: 0, size: 1 << 20, backing: backing,
                    policy: MemoryPolicy(numa: NUMAPolicy(mode, nodes: [0])))
            } catch {
                // A kernel without NUMA, or a container that forbids it.
                #expect(error.code == .unsupported && error.remedy != nil, "\(error)")
                continue
            }
            var found: Int32 = -1
            var nodes = [UInt64](repeating: 0, count: 16)
            #expect(vk_memory_get_nodes(region.hostAddress, &found, &nodes, nodes.count) == 0)
            #expect(found == number)
            #expect(nodes[0] == 1)
        }
    }

    @Test func aNodeThatThereIsNot() throws {
        let error = #expect(throws: VirtKitError.self) {
            try GuestMemoryRegion(
                guestAddress: 0, size: 1 << 20, policy: MemoryPolicy(numa: NUMAPolicy(.bind, nodes: [1023])))
        }
        #expect(error?.code == .unsupported)
        #expect(error?.remedy != nil)
        if !Self.text("/sys/devices/system/node/online").isEmpty {
            #expect(error?.message.contains("no NUMA node 1023") == true, "\(error.debugDescription)")
        }
    }

    @Test func aPolicyThatNoHostHas() {
        let error = #expect(throws: VirtKitError.self) {
            try GuestMemoryRegion(
                guestAddress: 0, size: 1 << 20, policy: MemoryPolicy(hugePages: HugePages(rawValue: "3M")))
        }
        #expect(error?.code == .invalidConfiguration)
    }
}
