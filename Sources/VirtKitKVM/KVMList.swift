internal import CVirtKit

/// One of KVM's lists: a count, padding, and as many elements (`kvm_cpuid2`, `kvm_msrs`,
/// `kvm_irq_routing`).
struct KVMList<Element> {
    private static var headerSize: Int { 8 }
    private var words: [UInt64]
    private(set) var count: Int

    init(capacity: Int) {
        words = [UInt64](repeating: 0, count: (Self.headerSize + capacity * MemoryLayout<Element>.stride + 7) / 8)
        count = capacity
    }

    init(_ elements: [Element]) {
        self.init(capacity: elements.count)
        words.withUnsafeMutableBytes { bytes in
            // SAFETY: the elements are plain C structures without padding that matters, and the buffer has room.
            for (index, element) in elements.enumerated() {
                bytes.storeBytes(
                    of: element, toByteOffset: Self.headerSize + index * MemoryLayout<Element>.stride,
                    as: Element.self)
            }
        }
    }

    /// Makes a call with the list.
    @discardableResult
    mutating func call(
        _ descriptor: borrowing KVMDescriptor, _ request: KVMRequest, count: Int,
        details: @autoclosure () -> String? = nil
    ) throws(KVMError) -> Int {
        var result: Int32 = 0
        var failure: KVMError?
        words.withUnsafeMutableBytes { bytes in
            bytes.storeBytes(of: UInt32(truncatingIfNeeded: count), as: UInt32.self)
            // SAFETY: the buffer holds as many elements as its head says, and is used only during the call.
            do throws(KVMError) {
                result = try descriptor.control(request, UInt(bitPattern: bytes.baseAddress), details: details())
            } catch {
                failure = error
            }
            self.count = min(Int(bytes.load(as: UInt32.self)), count)
        }
        if let failure { throw failure }
        return Int(result)
    }

    var elements: [Element] {
        words.withUnsafeBytes { bytes in
            // SAFETY: as in `init(_:)`.
            (0..<count).map { index in
                bytes.loadUnaligned(
                    fromByteOffset: Self.headerSize + index * MemoryLayout<Element>.stride, as: Element.self)
            }
        }
    }
}
