package import VirtKitCore

/// Loads what a machine runs first into guest memory, and says in which state its first vCPU begins.
///
/// - A Linux bzImage is entered by the 64-bit boot protocol of Linux (Documentation/arch/x86/boot.rst): in 64-bit mode
///   0x200 bytes after its load address, RSI at the `boot_params`. One without a 64-bit entry is entered by the 32-bit
///   boot protocol: in protected mode without paging, at its load address, ESI at the `boot_params`.
/// - An ELF image with a note `XEN_ELFNOTE_PHYS32_ENTRY` is entered by Xen's PVH ABI (docs/misc/pvh.pandoc): in 32-bit
///   protected mode without paging, EBX at the `hvm_start_info`.
/// - A 64-bit ELF `vmlinux` without that note is entered at its entry point as a bzImage is.
/// - Another 64-bit ELF program, and a flat image, is entered in 64-bit mode with the first 4 GiB mapped one to one by
///   writable pages, SSE allowed, interrupts off: RDI holds the address of an `hvm_start_info` (version 1: memory map,
///   command line, RSDP), RSP the end of a stack of 16 KiB, a multiple of 16. All other general registers are zero.
///
/// Nothing in an image is trusted. Images are read again at each load, so that a machine can be reset in place; the
/// loader keeps nothing.
package enum BootLoader {
    /// Loads images.
    ///
    /// - Parameters:
    ///   - source: what to load.
    ///   - memory: where to.
    ///   - map: the memory map for the guest. Everything goes into its RAM.
    ///   - rootPointer: the address of the ACPI root system description pointer; 0 where there is none.
    /// - Throws: `VirtKitError`: `.invalidImage` for a malformed image or one that does not fit; `.inputOutput` for a
    ///   file that can't be read; `.invalidConfiguration` for a command line that is too long.
    package static func load(
        _ source: BootSource, into memory: GuestMemory, map: [E820Entry], rootPointer: UInt64
    ) throws(VirtKitError) -> BootPlan {
        var session = BootSession(memory: memory, map: map, rootPointer: rootPointer)
        let state: X86_64.State
        switch source {
        case .linux(let kernel, let initrd, let commandLine):
            let image = try ImageFile(kernel, purpose: "kernel")
            var disk: ImageFile?
            if let initrd { disk = try ImageFile(initrd, purpose: "initrd") }
            if ELFImage.isELF(image) {
                state = try session.loadELF(image, initrd: disk, commandLine: commandLine, isLinux: true)
            } else {
                state = try session.loadBzImage(image, initrd: disk, commandLine: commandLine)
            }
        case .elf(let program, let commandLine):
            let image = try ImageFile(program, purpose: "ELF image")
            state = try session.loadELF(image, initrd: nil, commandLine: commandLine, isLinux: false)
        case .flat(let program, let address):
            state = try session.loadFlat(try ImageFile(program, purpose: "flat image"), address: address)
        }
        return BootPlan(state: state, ranges: session.space.used)
    }
}

/// One load: the space left, and what every kind of image needs.
struct BootSession {
    let memory: GuestMemory
    let map: [E820Entry]
    let rootPointer: UInt64
    var space: BootSpace

    /// Where the loader's own structures may go: not in page 0, below 4 GiB.
    static let structures: Range<UInt64> = 0x1000..<1 << 32

    init(memory: GuestMemory, map: [E820Entry], rootPointer: UInt64) {
        self.memory = memory
        self.map = map
        self.rootPointer = rootPointer
        space = BootSpace(map)
    }

    /// Writes bytes.
    func write(_ bytes: [UInt8], at address: UInt64) throws(VirtKitError) {
        do { try memory.write(bytes, at: address) } catch {
            throw VirtKitError(
                .invalidConfiguration, operation: "load boot images",
                message: "the memory map names \(hex(error.address)), which is not in the machine's memory")
        }
    }

    /// Puts a structure of the loader's own wherever there is room, low rather than high.
    mutating func place(
        _ bytes: [UInt8], alignment: UInt64 = 16, name: String
    ) throws(VirtKitError) -> UInt64 {
        let address = try reserve(UInt64(bytes.count), alignment: alignment, name: name)
        try write(bytes, at: address)
        return address
    }

    /// Keeps room for a structure of the loader's own.
    mutating func reserve(_ size: UInt64, alignment: UInt64, name: String) throws(VirtKitError) -> UInt64 {
        guard let address = space.allocate(size, alignment: alignment, in: Self.structures, for: name) else {
            throw VirtKitError(
                .invalidImage, operation: "load boot images", message: "no RAM is left for the \(name)",
                remedy: "Give the machine more memory.")
        }
        return address
    }

    /// Puts the initial RAM disk as high as it may go.
    ///
    /// - Parameters:
    ///   - floor: the lowest address it may have.
    ///   - ceiling: the address that it must end before or at.
    mutating func placeInitrd(
        _ image: ImageFile, floor: UInt64, ceiling: UInt64
    ) throws(VirtKitError) -> Range<UInt64> {
        let limits = floor..<max(floor, min(ceiling, space.lowEnd))
        guard let address = space.allocate(image.size, in: limits, highest: true, for: "initrd") else {
            let room = (limits.upperBound - limits.lowerBound) >> 20
            throw image.invalid(
                "it has \(image.size) bytes, and beside the kernel there is room for \(room) MiB at most",
                remedy: "Give the machine more memory, or make the initrd smaller.")
        }
        try image.copy(at: 0, count: image.size, to: memory, address: address)
        return address..<address + image.size
    }

    /// Puts a command line, with its zero byte.
    ///
    /// - Parameter limit: the longest that the kernel takes, in bytes without the zero.
    mutating func placeCommandLine(_ text: String, limit: Int) throws(VirtKitError) -> UInt64 {
        let bytes = Array(text.utf8)
        guard bytes.count <= limit, !bytes.contains(0) else {
            throw VirtKitError(
                .invalidConfiguration, operation: "load boot images",
                message: bytes.contains(0)
                    ? "the command line has a zero byte"
                    : "the command line has \(bytes.count) bytes, and the kernel takes \(limit) at most")
        }
        return try place(bytes + [0], name: "command line")
    }

    /// Puts page tables and descriptors, and gives a 64-bit state that uses them.
    mutating func longMode(entry: UInt64, vectors: Bool) throws(VirtKitError) -> X86_64.State {
        let pages = try reserve(EntryState.pageTableSize, alignment: 4096, name: "page tables")
        try write(EntryState.pageTables(at: pages), at: pages)
        let descriptors = try place(
            EntryState.descriptorTable(longMode: true), name: "descriptor table")
        return EntryState.longMode(
            entry: entry, pageTables: pages, descriptorTable: descriptors, vectors: vectors)
    }

    /// The 64-bit state for a program that is not Linux: a stack, and the start info in RDI.
    mutating func bareState(entry: UInt64, commandLine: String) throws(VirtKitError) -> X86_64.State {
        let info = try placeStartInfo(commandLine: commandLine, limit: 65535, initrd: nil)
        let stackSize: UInt64 = 16 << 10
        let stack = try reserve(stackSize, alignment: 16, name: "stack")
        var state = try longMode(entry: entry, vectors: true)
        state.general[4] = stack + stackSize
        state.general[7] = info
        return state
    }

    /// Loads raw bytes.
    mutating func loadFlat(_ image: ImageFile, address: UInt64) throws(VirtKitError) -> X86_64.State {
        try space.claim(address, image.size, for: "contents", of: image)
        guard address < EntryState.mapped else {
            throw image.invalid(
                "its address \(hex(address)) is not in the first 4 GiB, which are mapped at entry",
                remedy: "Load it at a lower address.")
        }
        try image.copy(at: 0, count: image.size, to: memory, address: address)
        return try bareState(entry: address, commandLine: "")
    }
}
