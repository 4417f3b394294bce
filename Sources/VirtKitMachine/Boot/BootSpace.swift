package import VirtKitCore

extension E820Entry {
    /// The addresses; empty where the entry wraps around.
    var range: Range<UInt64> {
        let (end, overflow) = address.addingReportingOverflow(size)
        return overflow ? address..<address : address..<end
    }
}

/// Part of guest memory that a boot loader has used.
package struct BootRange: Hashable, Sendable {
    /// What it holds: "kernel", "initrd", "command line" …
    package var name: String
    /// The addresses.
    package var addresses: Range<UInt64>
}

/// What a boot loader has done.
package struct BootPlan: Hashable, Sendable {
    /// The state in which the first vCPU begins.
    package var state: X86_64.State
    /// What lies where in memory, in the order of the addresses.
    package var ranges: [BootRange]
}

/// The guest's RAM while a boot loader hands it out: what an image asks for must be RAM and free; what the loader
/// itself needs goes wherever there is room.
struct BootSpace {
    /// Runs of usable RAM, joined where they touch, in the order of their addresses.
    let ram: [Range<UInt64>]
    private(set) var used: [BootRange] = []

    init(_ map: [E820Entry]) {
        var runs: [Range<UInt64>] = []
        for range in map.filter({ $0.kind == .usable }).map(\.range).sorted(by: { $0.lowerBound < $1.lowerBound })
        where !range.isEmpty {
            if let last = runs.last, last.upperBound >= range.lowerBound {
                runs[runs.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                runs.append(range)
            }
        }
        ram = runs
    }

    /// The end of the RAM below 4 GiB.
    var lowEnd: UInt64 { ram.last { $0.lowerBound < 1 << 32 }.map { min($0.upperBound, 1 << 32) } ?? 0 }

    /// Takes a fixed range for (part of) `image`.
    ///
    /// - Throws: `VirtKitError` with `.invalidImage` where it is not all RAM, or in use.
    mutating func claim(_ address: UInt64, _ size: UInt64, for name: String, of image: ImageFile) throws(VirtKitError) {
        guard size > 0 else { return }
        let (end, overflow) = address.addingReportingOverflow(size)
        if overflow { throw image.invalid("its \(name) at \(hex(address)) with \(size) bytes is beyond all addresses") }
        guard ram.contains(where: { $0.lowerBound <= address && end <= $0.upperBound }) else {
            throw outside(address..<end, name, image)
        }
        if let other = used.first(where: { $0.addresses.overlaps(address..<end) }) {
            throw image.invalid(
                "its \(name) at \(hex(address))..<\(hex(end)) overlaps \(other.name) at "
                    + "\(hex(other.addresses.lowerBound))..<\(hex(other.addresses.upperBound))")
        }
        add(BootRange(name: name, addresses: address..<end))
    }

    private func outside(_ range: Range<UInt64>, _ name: String, _ image: ImageFile) -> VirtKitError {
        let what = "its \(name) needs \(hex(range.lowerBound))..<\(hex(range.upperBound))"
        let all = ram.map { "\(hex($0.lowerBound))..<\(hex($0.upperBound))" }.joined(separator: ", ")
        if range.lowerBound >= 1 << 20, range.upperBound <= 2 << 30, range.upperBound > lowEnd {
            let needed = (range.upperBound + (1 << 20) - 1) >> 20
            return image.invalid(
                "\(what), and the machine's RAM is \(all)",
                remedy: "Give the machine at least \(needed) MiB of memory.")
        }
        return image.invalid(
            "\(what), and the machine's RAM is \(all)", remedy: "Link or load it at an address that is RAM.")
    }

    /// Finds and takes free RAM of `size` bytes within `limits`; nil where there is none.
    mutating func allocate(
        _ size: UInt64, alignment: UInt64 = 4096, in limits: Range<UInt64>, highest: Bool = false, for name: String
    ) -> UInt64? {
        var found: UInt64?
        for run in ram where run.overlaps(limits) {
            for gap in gaps(run.clamped(to: limits)) {
                guard let address = Self.fit(size, alignment, in: gap, highest: highest) else { continue }
                if highest { found = max(found ?? 0, address) } else { found = min(found ?? .max, address) }
            }
        }
        if let found { add(BootRange(name: name, addresses: found..<found + size)) }
        return found
    }

    private static func fit(_ size: UInt64, _ alignment: UInt64, in gap: Range<UInt64>, highest: Bool) -> UInt64? {
        guard size > 0, size <= gap.upperBound - gap.lowerBound else { return nil }
        if highest {
            let address = (gap.upperBound - size) & ~(alignment - 1)
            return address >= gap.lowerBound ? address : nil
        }
        let (raised, overflow) = gap.lowerBound.addingReportingOverflow(alignment - 1)
        let address = raised & ~(alignment - 1)
        return !overflow && address <= gap.upperBound - size ? address : nil
    }

    private func gaps(_ run: Range<UInt64>) -> [Range<UInt64>] {
        var gaps: [Range<UInt64>] = []
        var start = run.lowerBound
        for range in used.map(\.addresses) where range.overlaps(run) {
            if start < range.lowerBound { gaps.append(start..<range.lowerBound) }
            start = max(start, range.upperBound)
        }
        if start < run.upperBound { gaps.append(start..<run.upperBound) }
        return gaps
    }

    private mutating func add(_ range: BootRange) {
        let place = used.firstIndex { $0.addresses.lowerBound > range.addresses.lowerBound } ?? used.count
        used.insert(range, at: place)
    }
}
