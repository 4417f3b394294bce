import Foundation
import Testing
import VirtKitCore

@testable import VirtKitMachine

@Suite("ACPI tables")
struct ACPITests {
    private static func tables(
        cpus: Int = 2, memory: ByteCount = .mebibytes(256), keyboard: Bool = true
    ) throws -> FirmwareTables {
        try FirmwareTables(
            MachineConfiguration(architecture: .x86_64, cpus: cpus, memory: memory),
            layout: PCMemoryLayout(memory: memory), hasKeyboardController: keyboard)
    }

    private static func table(_ signature: String, _ tables: FirmwareTables) throws -> [UInt8] {
        try #require(tables.blobs.first { $0.bytes.starts(with: Array(signature.utf8)) }).bytes
    }

    @Test("RSDP, XSDT and FADT lead to every table, each with its checksum")
    func chain() throws {
        let tables = try Self.tables()
        let memory = try GuestMemory(regions: PCMemoryLayout(memory: .mebibytes(256)).regions())
        try tables.write(to: memory)
        let pointer = try memory.bytes(at: tables.rootPointer, count: 36)
        #expect(Array(pointer[0..<8]) == Array("RSD PTR ".utf8))
        #expect(tables.rootPointer % 16 == 0 && (0xE_0000..<0x10_0000).contains(tables.rootPointer))
        #expect(pointer[0..<20].reduce(0, &+) == 0)
        #expect(pointer.reduce(0, &+) == 0)
        let extended = try table(at: try #require(pointer.little(UInt64.self, at: 24)), memory)
        #expect(extended.signature == "XSDT")
        var found: [String] = []
        for offset in stride(from: 36, to: extended.bytes.count, by: 8) {
            let address = try #require(extended.bytes.little(UInt64.self, at: offset))
            let next = try table(at: address, memory)
            found.append(next.signature)
            guard next.signature == "FACP" else { continue }
            let description = try table(at: try #require(next.bytes.little(UInt64.self, at: 140)), memory)
            #expect(description.signature == "DSDT")
            #expect(
                UInt64(try #require(next.bytes.little(UInt32.self, at: 40))) == next.bytes.little(UInt64.self, at: 140))
            let control = UInt64(try #require(next.bytes.little(UInt32.self, at: 36)))
            #expect(control % 64 == 0)
            #expect(try memory.bytes(at: control, count: 4) == Array("FACS".utf8))
        }
        #expect(found == ["FACP", "APIC", "MCFG"])
        let root = try table(at: UInt64(try #require(pointer.little(UInt32.self, at: 16))), memory)
        #expect(root.signature == "RSDT" && (root.bytes.count - 36) * 2 == extended.bytes.count - 36)
        for index in 0..<found.count {
            #expect(
                root.bytes.little(UInt32.self, at: 36 + 4 * index).map(UInt64.init)
                    == extended.bytes.little(UInt64.self, at: 36 + 8 * index))
        }
    }

    private func table(at address: UInt64, _ memory: GuestMemory) throws -> (signature: String, bytes: [UInt8]) {
        let length = try memory.load(UInt32.self, at: address + 4)
        let bytes = try memory.bytes(at: address, count: Int(length))
        #expect(bytes.reduce(0, &+) == 0)
        return (String(decoding: bytes[0..<4], as: UTF8.self), bytes)
    }

    @Test("FADT names the board's ports")
    func fixedDescription() throws {
        let bytes = try Self.table("FACP", Self.tables())
        #expect(bytes.count == 276)
        #expect(bytes.little(UInt16.self, at: 46) == 9)
        #expect(bytes.little(UInt32.self, at: 48) == 0xB2)
        #expect(bytes.little(UInt32.self, at: 56) == 0x600)
        #expect(bytes.little(UInt32.self, at: 64) == 0x604)
        #expect(bytes.little(UInt32.self, at: 76) == 0x608)
        #expect(bytes.little(UInt16.self, at: 109) == 0x17)
        #expect(try Self.table("FACP", Self.tables(keyboard: false)).little(UInt16.self, at: 109) == 0x15)
        let flags = try #require(bytes.little(UInt32.self, at: 112))
        #expect(flags & (1 << 4) == 0, "the power button is a fixed one")
        #expect(flags & (1 << 20) == 0, "not hardware-reduced")
        #expect(Array(bytes[116..<120]) == [1, 8, 0, 1])
        #expect(bytes.little(UInt64.self, at: 120) == 0xCF9)
        #expect(bytes[128] == PCAddresses.resetValue)
    }

    @Test("MADT has every CPU", arguments: [1, 8, 255])
    func processors(_ cpus: Int) throws {
        let bytes = try Self.table("APIC", Self.tables(cpus: cpus))
        var ids: [UInt8] = []
        var overrides: [UInt8] = []
        var offset = 44
        while offset < bytes.count {
            if bytes[offset] == 0 { ids.append(bytes[offset + 3]) }
            if bytes[offset] == 2 { overrides += [bytes[offset + 3], bytes[offset + 4], bytes[offset + 8]] }
            #expect(bytes[offset + 1] >= 2)
            offset += max(2, Int(bytes[offset + 1]))
        }
        #expect(ids == (0..<cpus).map { UInt8($0) })
        #expect(overrides == [0, 2, 0, 9, 9, 0x0D])
    }

    @Test(
        "iasl disassembles every table without a complaint, and compiles what it got", arguments: [1, 255],
        [ByteCount.mebibytes(128), .gibibytes(64)])
    func disassembly(_ cpus: Int, _ memory: ByteCount) throws {
        guard let tool = HostTool("iasl") else {
            try Test.cancel("iasl is not installed (apt-get install acpica-tools)")
        }
        let tables = try Self.tables(cpus: cpus, memory: memory)
        try withTemporaryFolder { folder in
            for signature in ["DSDT", "FACP", "APIC", "MCFG", "XSDT", "FACS"] {
                let file = folder.appendingPathComponent("\(signature).aml")
                try Data(Self.table(signature, tables)).write(to: file)
                let disassembled = try tool.run(["-d", file.lastPathComponent], in: folder)
                #expect(disassembled.code == 0, "\(disassembled.output)")
                for word in ["Warning", "Error", "warning", "rror:"] {
                    #expect(!disassembled.output.contains(word), "\(signature): \(disassembled.output)")
                }
                guard signature != "XSDT" else { continue }
                let compiled = try tool.run(["\(signature).dsl"], in: folder)
                #expect(compiled.code == 0, "\(compiled.output)")
                if signature == "DSDT" {
                    #expect(compiled.output.contains("0 Errors, 0 Warnings"), "\(compiled.output)")
                }
            }
            let text = try String(contentsOf: folder.appendingPathComponent("DSDT.dsl"), encoding: .utf8)
            for word in ["_S5", "PNP0A08", "_PRT", "PNP0B00", "PNP0501", "ACPI0007", "PNP0303", "QEMU0002"] {
                #expect(text.contains(word), "\(word)")
            }
        }
    }

    @Test("AML encodes lengths and integers in their shortest form")
    func encoding() {
        #expect(AML.package([UInt8](repeating: 0, count: 62)).first == 63)
        #expect(Array(AML.package([UInt8](repeating: 0, count: 63)).prefix(2)) == [0x41, 0x04])
        #expect(Array(AML.package([UInt8](repeating: 0, count: 4093)).prefix(2)) == [0x4F, 0xFF])
        #expect(Array(AML.package([UInt8](repeating: 0, count: 4094)).prefix(3)) == [0x81, 0x00, 0x01])
        #expect(AML.integer(0) == [0] && AML.integer(1) == [1] && AML.integer(2) == [0x0A, 2])
        #expect(AML.integer(0x100) == [0x0B, 0, 1])
        #expect(AML.integer(0x1_0000) == [0x0C, 0, 0, 1, 0])
        #expect(AML.integer(1 << 32) == [0x0E, 0, 0, 0, 0, 1, 0, 0, 0])
        #expect(AML.eisaID("PNP0A08") == 0x080A_D041)
        #expect(AML.name("\\_SB.PCI0") == [0x5C, 0x2E] + Array("_SB_PCI0".utf8))
    }

    @Test("The largest number of CPUs fits")
    func fits() throws {
        let tables = try Self.tables(cpus: 255, memory: MachineConfiguration.maximumMemory)
        for (low, high) in zip(tables.blobs, tables.blobs.dropFirst()) {
            #expect(low.address + UInt64(low.bytes.count) <= high.address)
        }
        #expect(tables.blobs.allSatisfy { (0xE_0000..<0x10_0000).contains($0.address + UInt64($0.bytes.count)) })
    }
}

@Suite("MultiProcessor Specification tables")
struct MultiProcessorTableTests {
    /// The floating pointer, and the configuration table that it names.
    @Test("a walk over the entries finds what is there", arguments: [1, 4, 255])
    func entries(_ cpus: Int) throws {
        let tables = try FirmwareTables(
            MachineConfiguration(architecture: .x86_64, cpus: cpus, memory: .mebibytes(256)),
            layout: PCMemoryLayout(memory: .mebibytes(256)), hasKeyboardController: true)
        let pointer = try #require(tables.blobs.first { $0.bytes.starts(with: Array("_MP_".utf8)) })
        #expect(pointer.address % 16 == 0 && pointer.address >= 0xF_0000)
        #expect(pointer.bytes.count == 16 && pointer.bytes.reduce(0, &+) == 0 && pointer.bytes[9] == 4)
        let address = try #require(pointer.bytes.little(UInt32.self, at: 4))
        let table = try #require(tables.blobs.first { $0.address == UInt64(address) }).bytes
        #expect(table.starts(with: Array("PCMP".utf8)) && table.reduce(0, &+) == 0)
        #expect(table.little(UInt16.self, at: 4).map { Int($0) } == table.count)
        #expect(table.little(UInt32.self, at: 36) == 0xFEE0_0000)
        let count = try #require(table.little(UInt16.self, at: 34))
        var offset = 44
        var identities: [UInt8] = []
        var counts: [UInt8: Int] = [:]
        for _ in 0..<count {
            let type = table[offset]
            counts[type, default: 0] += 1
            if type == 0 {
                identities.append(table[offset + 1])
                #expect(table[offset + 3] == (identities.count == 1 ? 3 : 1))
            }
            // The PIT's interrupt is at input 2.
            if type == 3, table[offset + 4] == 1, table[offset + 5] == 0 { #expect(table[offset + 7] == 2) }
            offset += type == 0 ? 20 : 8
        }
        #expect(offset == table.count)
        #expect(identities == (0..<cpus).map { UInt8($0) })
        #expect(counts[1] == 2 && counts[2] == 1 && counts[3] == 15 + 128 && counts[4] == 2)
    }
}

@Suite("SMBIOS tables")
struct SMBIOSTests {
    @Test("dmidecode reads them", arguments: [ByteCount.mebibytes(256), .gibibytes(64), .gibibytes(1024)])
    func decoded(_ memory: ByteCount) throws {
        guard let tool = HostTool("dmidecode") else {
            try Test.cancel("dmidecode is not installed (apt-get install dmidecode)")
        }
        let tables = try FirmwareTables(
            MachineConfiguration(name: "fred", architecture: .x86_64, cpus: 2, memory: memory),
            layout: PCMemoryLayout(memory: memory), hasKeyboardController: true)
        let entry = try #require(tables.blobs.first { $0.bytes.starts(with: Array("_SM3_".utf8)) })
        #expect(entry.address % 16 == 0 && entry.address >= 0xF_0000)
        #expect(entry.bytes.reduce(0, &+) == 0)
        let address = try #require(entry.bytes.little(UInt64.self, at: 16))
        let structures = try #require(tables.blobs.first { $0.address == address }).bytes
        // A dump has the structures at offset 32, and says so.
        let moved = SMBIOSTables.entryPoint(table: 32, size: structures.count)
        let output = try withTemporaryFolder { folder in
            let dump = moved + [UInt8](repeating: 0, count: 8) + structures
            try Data(dump).write(to: folder.appendingPathComponent("dump"))
            return try tool.run(["--from-dump", "dump"], in: folder)
        }
        #expect(output.code == 0)
        let size = memory.rawValue >= 1 << 40 ? "1 TB" : memory == .mebibytes(256) ? "256 MB" : "64 GB"
        for text in [
            "SMBIOS 3.3.0 present", "Vendor: VirtKit", "Product Name: pc-1", "Serial Number: fred",
            "Socket Designation: CPU 0", "Core Count: 2", "Thread Count: 2", "Size: \(size)",
            "Maximum Capacity: \(size)", "End Of Table",
            "System is a virtual machine",
        ] {
            #expect(output.output.contains(text), "\(text) in \(output.output)")
        }
        for text in ["TRUNCATED", "BAD INDEX", "OUT OF SPEC", "Wrong", "Invalid"] {
            #expect(!output.output.contains(text), "\(text) in \(output.output)")
        }
    }
}
