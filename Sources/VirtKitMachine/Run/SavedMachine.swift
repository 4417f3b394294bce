internal import VirtKitCore

/// The file of a saved machine, version 1.
///
/// All integers are little-endian. 8 bytes "VIRTKIT\0"; UInt32 version; UInt32 0; UInt64 length of the head; the head
/// (hardware, sections: each with identity, version and payload; memory regions: guest address, size and file offset);
/// then, at page-aligned offsets, the regions' bytes, where pages of zeros are holes. So the memory can be mapped.
enum SavedMachine {
    private static let magic = Array("VIRTKIT\0".utf8)
    private static let version: UInt32 = 1
    private static let page = 4096
    /// A head is a few tens of kilobytes; more than this is refused.
    private static let headLimit: UInt64 = 64 << 20
    private static let operation = "save machine"

    struct Region: Hashable {
        var address: UInt64
        var size: UInt64
        var offset: UInt64
    }

    // MARK: Writing

    static func write(
        _ header: SavedMachineHeader, sections: [StateSection], memory: GuestMemory, to path: String
    ) throws(VirtKitError) {
        // Only its owner may read it: guest memory may hold secrets.
        try SystemFile.replace(path, permissions: 0o600, operation: operation) { file throws(VirtKitError) in
            var regions = memory.regions.map { Region(address: $0.guestAddress, size: $0.size, offset: 0) }
            // The head's length does not depend on the offsets in it.
            let headLength = UInt64(head(header, sections, regions).count) + 24
            var offset = (headLength + UInt64(page) - 1) & ~UInt64(page - 1)
            for index in regions.indices {
                regions[index].offset = offset
                offset += regions[index].size
            }
            let head = head(header, sections, regions)
            var start = StateEncoder()
            for byte in magic { start.encode(byte) }
            start.encode(version)
            start.encode(UInt32(0))
            start.encode(UInt64(head.count))
            try file.write(start.bytes + head, at: 0)
            try file.setSize(offset)
            for region in regions { try writeMemory(region, memory, file) }
        }
    }

    private static func head(
        _ header: SavedMachineHeader, _ sections: [StateSection], _ regions: [Region]
    ) -> [UInt8] {
        var encoder = StateEncoder()
        header.encode(into: &encoder)
        encoder.encode(UInt32(sections.count))
        for section in sections {
            encoder.encode(section.id)
            encoder.encode(section.version)
            encoder.encode(section.payload)
        }
        encoder.encode(UInt32(regions.count))
        for region in regions {
            encoder.encode(region.address)
            encoder.encode(region.size)
            encoder.encode(region.offset)
        }
        return encoder.bytes
    }

    private static let chunk = 256 * 1024

    private static func writeMemory(
        _ region: Region, _ memory: GuestMemory, _ file: SystemFile
    ) throws(VirtKitError) {
        var done: UInt64 = 0
        while done < region.size {
            let count = Int(min(UInt64(chunk), region.size - done))
            let bytes: [UInt8]
            do throws(GuestMemoryFault) {
                bytes = try memory.bytes(at: region.address + done, count: count)
            } catch {
                throw VirtKitError(.backendFailure, operation: operation, message: "memory at \(error.address) is gone")
            }
            for first in stride(from: 0, to: count, by: page) {
                let slice = bytes[first..<min(first + page, count)]
                if slice.contains(where: { $0 != 0 }) {
                    try file.write(Array(slice), at: region.offset + done + UInt64(first))
                }
            }
            done += UInt64(count)
        }
    }

    // MARK: Reading

    /// A saved machine's head, checked, and its open file.
    struct Opened {
        let header: SavedMachineHeader
        let sections: [StateSection]
        let regions: [Region]
        let file: SystemFile
    }

    static func open(_ path: String) throws(VirtKitError) -> Opened {
        let file = try SystemFile(opening: path, operation: "restore machine")
        let start = try file.read(24, at: 0)
        guard start.count == 24, Array(start[0..<8]) == magic else {
            throw damaged("it does not begin as a saved machine does")
        }
        do throws(StateError) {
            var decoder = StateDecoder(Array(start[8...]))
            let found = try decoder.decode(UInt32.self)
            guard found == version else { throw StateError("file version \(found); this VirtKit reads \(version)") }
            _ = try decoder.decode(UInt32.self)
            let length = try decoder.decode(UInt64.self)
            guard length <= headLimit else { throw StateError("its head claims \(length) bytes") }
            let bytes: [UInt8]
            do throws(VirtKitError) {
                bytes = try file.read(Int(length), at: 24)
            } catch {
                throw StateError(error.message)
            }
            guard bytes.count == Int(length) else { throw StateError("it ends within its head") }
            decoder = StateDecoder(bytes)
            let header = try SavedMachineHeader(from: &decoder)
            var sections: [StateSection] = []
            for _ in 0..<(try decoder.decode(UInt32.self)) {
                sections.append(
                    StateSection(
                        id: try decoder.decode(String.self), version: try decoder.decode(UInt32.self),
                        payload: try decoder.decodeBytes()))
            }
            var regions: [Region] = []
            for _ in 0..<(try decoder.decode(UInt32.self)) {
                regions.append(
                    Region(
                        address: try decoder.decode(UInt64.self), size: try decoder.decode(UInt64.self),
                        offset: try decoder.decode(UInt64.self)))
            }
            try decoder.finish()
            var end = 24 + length
            for region in regions {
                let (next, overflow) = region.offset.addingReportingOverflow(region.size)
                guard !overflow, region.offset >= end, region.offset % UInt64(page) == 0 else {
                    throw StateError("the memory at \(region.address) can't be at offset \(region.offset)")
                }
                end = next
            }
            return Opened(header: header, sections: sections, regions: regions, file: file)
        } catch {
            throw damaged(error.message)
        }
    }

    /// Reads the memory of an opened file into a machine's memory, whose regions must be those of the file.
    static func readMemory(_ opened: Opened, into memory: GuestMemory) throws(VirtKitError) {
        let expected = memory.regions.map { [$0.guestAddress, $0.size] }
        guard opened.regions.map({ [$0.address, $0.size] }) == expected else {
            throw damaged("its memory regions are not those of this board")
        }
        for region in opened.regions {
            var done: UInt64 = 0
            while done < region.size {
                let count = Int(min(UInt64(chunk), region.size - done))
                let (offset, overflow) = region.offset.addingReportingOverflow(done)
                guard !overflow, offset < 1 << 62 else { throw damaged("a memory region's offset is too large") }
                let bytes = try opened.file.read(count, at: offset)
                guard bytes.count == count else { throw damaged("it ends within its memory") }
                // Fresh memory is zero already; leaving it untouched keeps it unallocated.
                if bytes.contains(where: { $0 != 0 }) {
                    do throws(GuestMemoryFault) {
                        try memory.overwrite(bytes, at: region.address + done)
                    } catch {
                        throw damaged("memory at \(error.address) does not fit")
                    }
                }
                done += UInt64(count)
            }
        }
    }

    private static func damaged(_ message: String) -> VirtKitError {
        VirtKitError(
            .invalidSavedState, operation: "restore machine", message: message,
            remedy: "use a file that this version of VirtKit has saved whole")
    }
}
