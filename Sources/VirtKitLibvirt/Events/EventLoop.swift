internal import CVirtKit
internal import Glibc
internal import Synchronization

/// libvirt's event loop, of which a process has one: it drives events, streams and keep-alive messages.
public enum LibvirtEventLoop {
    /// Who runs the loop.
    public struct Owner: RawRepresentable, Hashable, Sendable {
        /// The name.
        public let rawValue: String
        /// Makes an owner from its name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// VirtKit runs libvirt's default loop on a thread of its own, unless the program has registered a loop before.
        public static let automatic = Owner(rawValue: "automatic")
        /// The program registers a loop and runs it; VirtKit registers none.
        public static let program = Owner(rawValue: "program")
    }

    private struct State {
        var owner = Owner.automatic
        var started = false
        var runsHere = false
    }

    private static let state = Mutex(State())

    /// Who runs the loop. Set it before the first connection is opened; later it has no effect.
    public static var owner: Owner {
        get { state.withLock { $0.owner } }
        set { state.withLock { $0.owner = newValue } }
    }

    /// Whether VirtKit's own thread runs the loop.
    public static var isOwned: Bool { state.withLock { $0.runsHere } }

    /// Sees that there is a loop; called before each connection is opened.
    static func ensure() throws(LibvirtError) {
        try Libvirt.initialize()
        let result: Result<Void, LibvirtError> = state.withLock { state in
            guard !state.started else { return .success(()) }
            do throws(LibvirtError) {
                if state.owner == .automatic, try !hasLoop() {
                    try start()
                    state.runsHere = true
                }
                state.started = true
                return .success(())
            } catch {
                return .failure(error)
            }
        }
        try result.get()
    }

    /// A timer can be added only where a loop is registered.
    private static func hasLoop() throws(LibvirtError) -> Bool {
        let timer = try Libvirt.virEventAddTimeout.call(-1, { _, _ in }, nil, nil)
        guard timer >= 0 else {
            try Libvirt.virResetLastError.call()
            return false
        }
        _ = try Libvirt.virEventRemoveTimeout.call(timer)
        return true
    }

    private static func start() throws(LibvirtError) {
        guard try Libvirt.virEventRegisterDefaultImpl.call() >= 0 else {
            throw LibvirtError.last("register libvirt's event loop")
        }
        let iterate = try Libvirt.virEventRunDefaultImpl.call
        // A loop without any timer or descriptor would wait for ever for the first; libvirt wakes it when one is added.
        let made = Pthread.detach(name: "libvirt-events") {
            while true {
                // It fails only where poll does; then a pause keeps the thread from spinning.
                if iterate() < 0 { usleep(10_000) }
            }
        }
        guard made else {
            throw LibvirtError(
                .noMemory, operation: "start libvirt's event loop", message: "the host has no more threads")
        }
    }

    private final class Work: Sendable {
        let timer = Mutex<CInt>(-1)
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Does something on the thread that runs the loop, soon: what must not happen beside one of its callbacks. Where no timer can
    /// be had, here.
    static func perform(_ body: @escaping @Sendable () -> Void) {
        let work = Work(body)
        // SAFETY: the box is freed by libvirt, after the timer was removed; here where it makes none.
        let box = Unmanaged.passRetained(work)
        let added = work.timer.withLock { timer in
            timer =
                (try? Libvirt.virEventAddTimeout.call)?(
                    0,
                    { _, data in
                        guard let data else { return }
                        let work = Unmanaged<Work>.fromOpaque(data).takeUnretainedValue()
                        // Its number is known once the call that made it has returned.
                        let timer = work.timer.withLock { timer in
                            defer { timer = -1 }
                            return timer
                        }
                        guard timer >= 0 else { return }
                        _ = try? Libvirt.virEventRemoveTimeout.call(timer)
                        work.body()
                    }, box.toOpaque(), { if let data = $0 { Unmanaged<Work>.fromOpaque(data).release() } }) ?? -1
            return timer >= 0
        }
        if !added {
            box.release()
            body()
        }
    }
}
