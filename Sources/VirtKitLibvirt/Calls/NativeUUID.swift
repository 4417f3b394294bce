/// A UUID as libvirt holds it: sixteen bytes. Its text is made when it is asked for.
struct NativeUUID: Hashable, Sendable {
    private var bytes: (UInt64, UInt64) = (0, 0)

    /// Reads a domain's.
    init(of domain: OpaquePointer, _ operation: String) throws(LibvirtError) {
        let read = try Libvirt.virDomainGetUUID.call
        let result = withUnsafeMutableBytes(of: &bytes) { bytes in
            // SAFETY: VIR_UUID_BUFLEN is 16, the size of what is given.
            read(domain, bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        }
        guard result >= 0 else { throw LibvirtError.last(operation) }
    }

    /// The usual 36 characters.
    var text: String {
        withUnsafeBytes(of: bytes) { bytes in
            String(unsafeUninitializedCapacity: 36) { text in
                var next = 0
                func append(_ byte: UInt8) {
                    text[next] = byte
                    next += 1
                }
                for (index, byte) in bytes.enumerated() {
                    if index == 4 || index == 6 || index == 8 || index == 10 { append(0x2D) }
                    for digit in [byte >> 4, byte & 15] { append(digit < 10 ? 0x30 + digit : 0x57 + digit) }
                }
                return next
            }
        }
    }

    static func == (left: Self, right: Self) -> Bool { left.bytes == right.bytes }

    func hash(into hasher: inout Hasher) {
        hasher.combine(bytes.0)
        hasher.combine(bytes.1)
    }
}
