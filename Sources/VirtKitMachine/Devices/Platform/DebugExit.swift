package import VirtKitCore

/// A port that ends the machine with a code, like QEMU's `isa-debug-exit`: 4 ports that take accesses of any width and
/// read as zero. The code is what was written, not QEMU's exit status made from it.
package final class DebugExit: BusDevice {
    package let id = "pc/debug-exit"
    package let stateVersion: UInt32 = 1
    private let context: DeviceContext

    /// Makes the port.
    package init(context: DeviceContext) { self.context = context }

    package func reset() {}
    package func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64 { 0 }

    package func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int) {
        let mask: UInt64 = width >= 4 ? 0xFFFF_FFFF : (1 &<< UInt64(truncatingIfNeeded: width &* 8)) &- 1
        context.request(.debugExit, UInt32(truncatingIfNeeded: value & mask))
    }

    package func save(into encoder: inout StateEncoder) {}
    package func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError) {
        try requireVersion(version)
    }
}
