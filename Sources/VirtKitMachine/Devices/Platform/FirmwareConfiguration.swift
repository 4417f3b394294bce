package import VirtKitCore

/// QEMU's firmware configuration device, with DMA (QEMU, docs/specs/fw_cfg.rst): items of bytes that firmware and boot
/// loaders read by number, and files by name.
///
/// 12 ports: selector (2 bytes) at 0, data (1) at 1, DMA address (8, big-endian) at 4.
package final class FirmwareConfiguration: BusDevice {
    package let id = "pc/fw-cfg"
    package let stateVersion: UInt32 = 1

    /// Numbers of items with a fixed meaning.
    package enum Key {
        /// "QEMU".
        package static let signature: UInt16 = 0x00
        /// Features: bit 0 the data port, bit 1 DMA.
        package static let features: UInt16 = 0x01
        /// The size of RAM, 8 bytes.
        package static let memorySize: UInt16 = 0x03
        /// The number of CPUs, 2 bytes.
        package static let cpus: UInt16 = 0x05
        /// The largest number of CPUs, 2 bytes.
        package static let maximumCPUs: UInt16 = 0x0F
        /// The directory of files.
        package static let directory: UInt16 = 0x19
        /// The first file.
        package static let firstFile: UInt16 = 0x20
    }
    private enum Control {
        static let error: UInt32 = 1, read: UInt32 = 2, skip: UInt32 = 4, select: UInt32 = 8, write: UInt32 = 16
    }
    private struct Item {
        var name: String?
        var bytes: [UInt8]
        /// What a writable file is reset to; nil for one that can't be written.
        var initial: [UInt8]?
    }
    /// "QEMU CFG", which the DMA address register reads as.
    private static let dmaSignature: UInt64 = 0x5145_4D55_2043_4647
    /// The selector's low 14 bits name the item; bit 15 those of the architecture's own, bit 14 writing.
    private static let keyMask: UInt16 = 0xBFFF
    /// A DMA read past an item's end gives zeros; one that asks for more of them than this fails.
    private static let longestFill: UInt64 = 16 << 20
    private static let nameSize = 56
    private static let largestFileCount = 1024

    private let memory: GuestMemory
    private var items: [UInt16: Item] = [:]
    private var nextFile = Key.firstFile
    private var selected: UInt16 = 0
    private var position: UInt64 = 0
    private var address: UInt64 = 0

    /// Makes the device, without files.
    package init(context: DeviceContext) {
        memory = context.memory
        setItem(Key.signature, Array("QEMU".utf8))
        setItem(Key.features, [3, 0, 0, 0])
        updateDirectory()
    }

    package func reset() {
        selected = 0
        position = 0
        address = 0
        for (key, item) in items where item.initial != nil { items[key]?.bytes = item.initial ?? [] }
    }

    // MARK: Items

    /// Puts an item of a fixed number in place.
    package func setItem(_ key: UInt16, _ bytes: [UInt8]) { items[key & Self.keyMask] = Item(bytes: bytes) }

    /// Adds a file, or replaces the one of this name.
    ///
    /// - Returns: false where the name is empty or longer than 55 bytes of UTF-8, the file has 4 GiB or more, or there
    ///   are 1024 files already.
    @discardableResult
    package func addFile(_ name: String, _ bytes: [UInt8], isWritable: Bool = false) -> Bool {
        guard !name.isEmpty, name.utf8.count < Self.nameSize, UInt64(bytes.count) <= UInt64(UInt32.max) else {
            return false
        }
        let item = Item(name: name, bytes: bytes, initial: isWritable ? bytes : nil)
        if let key = items.first(where: { $0.value.name == name })?.key {
            items[key] = item
        } else {
            guard Int(nextFile &- Key.firstFile) < Self.largestFileCount else { return false }
            items[nextFile] = item
            nextFile &+= 1
        }
        updateDirectory()
        return true
    }

    /// The bytes of a file, as the guest has written them where it may.
    package func file(_ name: String) -> [UInt8]? { items.values.first { $0.name == name }?.bytes }

    private func updateDirectory() {
        let files = items.filter { $0.value.name != nil }.sorted { $0.key < $1.key }
        var bytes: [UInt8] = []
        func put<Value: FixedWidthInteger>(_ value: Value) {
            withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
        }
        put(UInt32(truncatingIfNeeded: files.count))
        for (key, item) in files {
            put(UInt32(truncatingIfNeeded: item.bytes.count))
            put(key)
            put(UInt16(0))
            let name = Array((item.name ?? "").utf8)
            bytes += name + [UInt8](repeating: 0, count: Self.nameSize - name.count)
        }
        setItem(Key.directory, bytes)
    }

    // MARK: Ports

    package func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 {
        switch offset {
        case 1 where width == 1: return UInt64(nextByte())
        case 4..<12:
            // Big-endian: the first byte is the highest.
            return registerPart(Self.dmaSignature.byteSwapped, offset: offset &- 4, width: width)
        default: return 0
        }
    }

    package func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {
        switch offset {
        case 0 where width == 2: select(UInt16(truncatingIfNeeded: value))
        case 4 where width == 4:
            address = UInt64(UInt32(truncatingIfNeeded: value).byteSwapped) << 32
        case 8 where width == 4: transfer(address | UInt64(UInt32(truncatingIfNeeded: value).byteSwapped))
        case 4 where width == 8: transfer(value.byteSwapped)
        default: break
        }
    }

    private func select(_ key: UInt16) {
        selected = key & Self.keyMask
        position = 0
    }

    private func nextByte() -> UInt8 {
        guard let bytes = items[selected]?.bytes, position < UInt64(bytes.count) else { return 0 }
        defer { position &+= 1 }
        return bytes[Int(position)]
    }

    // MARK: DMA

    /// Does what the control structure at an address says: control, length and address, all big-endian.
    private func transfer(_ structure: UInt64) {
        address = 0
        guard let control = try? memory.load(UInt32.self, at: structure).byteSwapped,
            let length = try? memory.load(UInt32.self, at: structure &+ 4).byteSwapped,
            let target = try? memory.load(UInt64.self, at: structure &+ 8).byteSwapped
        else { return }
        if control & Control.select != 0 { select(UInt16(truncatingIfNeeded: control >> 16)) }
        var succeeded = true
        if control & Control.read != 0 {
            succeeded = readItem(UInt64(length), target)
        } else if control & Control.write != 0 {
            succeeded = writeItem(UInt64(length), target)
        } else if control & Control.skip != 0 {
            advance(UInt64(length))
        }
        try? memory.store((succeeded ? 0 : Control.error).byteSwapped, at: structure)
    }

    private func advance(_ count: UInt64) {
        let size = UInt64(items[selected]?.bytes.count ?? 0)
        position = min(size, position &+ count)
    }

    private func readItem(_ length: UInt64, _ target: UInt64) -> Bool {
        let size = UInt64(items[selected]?.bytes.count ?? 0)
        let count = min(length, size &- min(size, position))
        guard length &- count <= Self.longestFill else { return false }
        do throws(GuestMemoryFault) {
            if count > 0, let bytes = items[selected]?.bytes {
                let first = Int(position)
                // SAFETY: `count` is at most what follows `position` in the item, and not 0.
                let result = bytes.withUnsafeBytes { buffer in
                    Result { () throws(GuestMemoryFault) in
                        try memory.write(.init(rebasing: buffer[first..<first + Int(count)]), at: target)
                    }
                }
                try result.get()
            }
            if length > count { try memory.fill(0, at: target &+ count, count: Int(length &- count)) }
        } catch {
            return false
        }
        advance(count)
        return true
    }

    private func writeItem(_ length: UInt64, _ target: UInt64) -> Bool {
        guard let item = items[selected], item.initial != nil, position <= UInt64(item.bytes.count),
            length <= UInt64(item.bytes.count) &- position,
            let bytes = try? memory.bytes(at: target, count: Int(length))
        else { return false }
        let first = Int(position)
        items[selected]?.bytes.replaceSubrange(first..<first + bytes.count, with: bytes)
        advance(length)
        return true
    }

    // MARK: State

    package func save(into encoder: inout StateEncoder) {
        encoder.encode(selected)
        encoder.encode(position)
        encoder.encode(address)
        // Files come with the machine's configuration; only what the guest can change is saved.
        for (_, item) in items.filter({ $0.value.initial != nil }).sorted(by: { $0.key < $1.key }) {
            encoder.encode(item.bytes)
        }
    }

    package func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        try requireVersion(version)
        selected = try decoder.decode(UInt16.self)
        position = try decoder.decode(UInt64.self)
        address = try decoder.decode(UInt64.self)
        for (key, item) in items.filter({ $0.value.initial != nil }).sorted(by: { $0.key < $1.key }) {
            let bytes = try decoder.decodeBytes(limit: item.bytes.count)
            guard bytes.count == item.bytes.count else { throw StateError("\(id): a file of another size") }
            items[key]?.bytes = bytes
        }
        if position > UInt64(items[selected]?.bytes.count ?? 0) { position = 0 }
    }
}
