internal import CVirtKit
internal import Synchronization

/// A virStream, and its callback. All calls may be made from any thread; after `close` none reaches libvirt.
final class NativeStream: @unchecked Sendable {
    // SAFETY: libvirt locks a stream itself; the lock here keeps calls from coming after the stream was freed.
    private let pointer: OpaquePointer
    private let connection: ConnectionHandle
    private let isOpen = Mutex(true)
    private let listens = Mutex(false)

    init(_ pointer: OpaquePointer, _ connection: ConnectionHandle) {
        self.pointer = pointer
        self.connection = connection
    }

    deinit {
        // Where nobody has closed it: aborting may talk to the daemon.
        guard isOpen.withLock({ $0 }) else { return }
        struct Closing: @unchecked Sendable {
            let pointer: OpaquePointer
            let connection: ConnectionHandle
            let listens: Bool
        }
        let closing = Closing(pointer: pointer, connection: connection, listens: listens.withLock { $0 })
        LibvirtConnection.openingPool.post {
            _ = NativeStream.close(closing.pointer, listens: closing.listens, finish: false)
            withExtendedLifetime(closing.connection) {}
        }
    }

    /// Begins to listen for bytes and the end.
    func listen(_ box: StreamBox, _ call: NativeCall) throws(LibvirtError) {
        // SAFETY: libvirt frees the box through the last argument; here where it does not take it.
        let data = Unmanaged.passRetained(box)
        let result = try Libvirt.virStreamEventAddCallback.call(
            pointer, 1 | 4 | 8, streamCallback, data.toOpaque(),
            { if let data = $0 { Unmanaged<StreamBox>.fromOpaque(data).release() } })
        if result < 0 {
            let error = LibvirtError.last(call.operation)
            data.release()
            throw error
        }
        listens.withLock { $0 = true }
    }

    func listen(for events: CInt) {
        ifOpen { _ = try? Libvirt.virStreamEventUpdateCallback.call(pointer, events) }
    }

    func receive(_ buffer: inout [UInt8]) -> CInt {
        var count: CInt = 0
        let size = UInt(buffer.count)
        ifOpen {
            count = buffer.withUnsafeMutableBytes { bytes in
                (try? Libvirt.virStreamRecv.call)?(
                    pointer, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), size) ?? -1
            }
        }
        return count
    }

    func send(_ bytes: [UInt8]) -> CInt {
        var count: CInt = -1
        ifOpen {
            count = bytes.withUnsafeBytes { bytes in
                (try? Libvirt.virStreamSend.call)?(
                    pointer, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), UInt(bytes.count)) ?? -1
            }
        }
        return count
    }

    private func ifOpen(_ body: () -> Void) { isOpen.withLock { if $0 { body() } } }

    /// Ends the stream and frees it; blocks. Negative where finishing failed.
    func close(finish: Bool) -> CInt {
        let closes = isOpen.withLock { isOpen in
            defer { isOpen = false }
            return isOpen
        }
        guard closes else { return 0 }
        return Self.close(pointer, listens: listens.withLock { $0 }, finish: finish)
    }

    private static func close(_ pointer: OpaquePointer, listens: Bool, finish: Bool) -> CInt {
        if listens { _ = try? Libvirt.virStreamEventRemoveCallback.call(pointer) }
        let end = finish ? Libvirt.virStreamFinish : Libvirt.virStreamAbort
        let result = (try? end.call)?(pointer) ?? -1
        _ = try? Libvirt.virStreamFree.call(pointer)
        return result
    }
}

/// What libvirt gives back to a stream's callback.
final class StreamBox: Sendable {
    let stream: WeakReference<LibvirtStream>
    init(_ stream: LibvirtStream) { self.stream = WeakReference(stream) }
}

/// (virStreamEventCallback)
///
/// SAFETY: libvirt holds a reference to the box until it has called the callback that frees it.
private let streamCallback: @convention(c) (OpaquePointer?, CInt, UnsafeMutableRawPointer?) -> Void = {
    _, events, data in
    guard let data else { return }
    Unmanaged<StreamBox>.fromOpaque(data).takeUnretainedValue().stream.object?.take(events)
}
