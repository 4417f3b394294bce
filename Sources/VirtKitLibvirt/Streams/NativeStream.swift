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
        // Where nobody has closed it.
        if isOpen.withLock({ $0 }) {
            Closing(pointer, connection, listens.withLock { $0 }).begin(finish: false) { _ in }
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

    /// Ends the stream and frees it. Gives what went wrong with finishing it.
    func close(finish: Bool, _ done: @escaping @Sendable (LibvirtError?) -> Void) {
        let closes = isOpen.withLock { isOpen in
            defer { isOpen = false }
            return isOpen
        }
        guard closes else { return done(nil) }
        Closing(pointer, connection, listens.withLock { $0 }).begin(finish: finish, done)
    }

    /// The end of a stream. Its callback is taken off on the event loop's own thread, since libvirt may be about to call it there;
    /// ending it may talk to the daemon, and is for a thread that may block.
    private struct Closing: @unchecked Sendable {
        let pointer: OpaquePointer
        let connection: ConnectionHandle
        let listens: Bool

        init(_ pointer: OpaquePointer, _ connection: ConnectionHandle, _ listens: Bool) {
            self.pointer = pointer
            self.connection = connection
            self.listens = listens
        }

        func begin(finish: Bool, _ done: @escaping @Sendable (LibvirtError?) -> Void) {
            guard listens else { return LibvirtConnection.openingPool.post { end(finish, done) } }
            LibvirtEventLoop.perform {
                _ = try? Libvirt.virStreamEventRemoveCallback.call(pointer)
                LibvirtConnection.openingPool.post { end(finish, done) }
            }
        }

        private func end(_ finish: Bool, _ done: (LibvirtError?) -> Void) {
            let end = finish ? Libvirt.virStreamFinish : Libvirt.virStreamAbort
            let result = (try? end.call)?(pointer) ?? -1
            let error = result < 0 ? LibvirtError.last("finish a stream") : nil
            _ = try? Libvirt.virStreamFree.call(pointer)
            done(error)
        }
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
