internal import CVirtKit
internal import Synchronization

/// Drivers that run inside this process, by URIs of the form `qemu:///embed?root=…`.
///
/// libvirt registers such a driver again whenever it is opened, and has room for about ten before it says "Too many drivers". So
/// each URI has one connection of libvirt's, which all of ours share; it stays open as long as the process, since opening it again
/// would register the driver again.
enum EmbeddedDriver {
    private struct Key: Hashable {
        let uri: String
        let flags: CUnsignedInt
    }

    private static let relays = Mutex<[Int: EventRelay]>([:])

    /// Who registers callbacks on a connection that `connection` gave.
    static func relay(for pointer: OpaquePointer) throws(LibvirtError) -> EventRelay {
        let reference = try Libvirt.virConnectRef.call
        let address = Int(bitPattern: pointer)
        return relays.withLock { relays in
            if let relay = relays[address] { return relay }
            // SAFETY: the same address as above, with a reference of the relay's own.
            let pointer = OpaquePointer(bitPattern: address)!
            _ = reference(pointer)
            let relay = EventRelay(ConnectionHandle(pointer, generation: 1, hasCloseCallback: false))
            relays[address] = relay
            return relay
        }
    }

    // SAFETY: the addresses of virConnects that are never let go, as numbers, since pointers don't leave a lock.
    private static let open = Mutex<[Key: Int]>([:])

    static func isMeant(by uri: String) -> Bool { uri.contains(":///embed") }

    /// A reference to the connection of a URI; nil where libvirt can't open it, with its error. Blocks: others wait while one is
    /// opened, since libvirt would give a second connection before the first one has made the driver ready.
    static func connection(to uri: String, _ flags: CUnsignedInt, _ make: () -> OpaquePointer?) -> OpaquePointer? {
        let address = open.withLock { open -> Int in
            let key = Key(uri: uri, flags: flags)
            let address = open[key] ?? Int(bitPattern: make())
            guard let pointer = OpaquePointer(bitPattern: address),
                ((try? Libvirt.virConnectRef.call)?(pointer) ?? -1) >= 0
            else { return 0 }
            open[key] = address
            return address
        }
        return OpaquePointer(bitPattern: address)
    }
}
