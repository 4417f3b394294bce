internal import VirtKitCore

/// Xen's start of day structures for a PVH guest (xen/include/public/arch-x86/hvm/start_info.h): `hvm_start_info`
/// version 1, its memory map, its module list.
extension BootSession {
    private static let magic: UInt32 = 0x336E_C578

    /// Puts an `hvm_start_info` and what it points to; returns its address.
    ///
    /// - Parameter limit: the longest command line that the guest takes.
    mutating func placeStartInfo(
        commandLine: String, limit: Int, initrd: Range<UInt64>?
    ) throws(VirtKitError) -> UInt64 {
        let text = try placeCommandLine(commandLine, limit: limit)
        var entries: [UInt8] = []
        for entry in map {
            entries.appendLittle(entry.address)
            entries.appendLittle(entry.size)
            entries.appendLittle(entry.kind.rawValue)
            entries.appendLittle(UInt32(0))
        }
        let table = map.isEmpty ? 0 : try place(entries, name: "memory map")
        var modules: UInt64 = 0
        if let initrd {
            var list: [UInt8] = []
            for value in [initrd.lowerBound, initrd.upperBound - initrd.lowerBound, 0, 0] { list.appendLittle(value) }
            modules = try place(list, name: "module list")
        }
        var info: [UInt8] = []
        info.appendLittle(Self.magic)
        info.appendLittle(UInt32(1))
        info.appendLittle(UInt32(0))
        info.appendLittle(UInt32(initrd == nil ? 0 : 1))
        for address in [modules, text, rootPointer, table] { info.appendLittle(address) }
        info.appendLittle(UInt32(truncatingIfNeeded: map.count))
        info.appendLittle(UInt32(0))
        return try place(info, name: "start info")
    }
}
