internal import Glibc
internal import Synchronization
internal import VirtKitCore

/// A thread of the host's that runs one closure, and that others wait for.
final class HostThread: Sendable {
    private let isDone = Atomic<Bool>(false)

    /// What a new thread is to do.
    private final class Start {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    /// Starts the thread.
    init(_ body: @escaping @Sendable () -> Void) {
        // SAFETY: the retained record is released exactly once, by the new thread, or here if there is none.
        let start = Unmanaged.passRetained(
            Start { [self] in
                body()
                isDone.store(true, ordering: .releasing)
            })
        var thread = pthread_t()
        let error = pthread_create(
            &thread, nil,
            { argument in
                if let argument { Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, start.toOpaque())
        if error == 0 {
            pthread_detach(thread)
        } else {
            // The host has no thread left: here, then, though it blocks.
            start.takeRetainedValue().body()
        }
    }

    /// Waits for the end. False where it does not come in time.
    func join(within limit: Duration) -> Bool { waitOnThread(limit) { isDone.load(ordering: .acquiring) } }
}

/// Waits on the calling thread until something holds. False where it does not in time.
func waitOnThread(_ limit: Duration, until condition: () -> Bool) -> Bool {
    let end = ContinuousClock.now + limit
    while !condition() {
        guard ContinuousClock.now < end else { return condition() }
        usleep(200)
    }
    return true
}

/// Lets the calling thread sleep.
func sleepOnThread(milliseconds: UInt32) { usleep(milliseconds &* 1000) }

/// Ends a guest that does not end by itself: requests exits of its vCPU, ten times a second, once a time has passed.
final class GuestWatchdog: Sendable {
    private enum Stage: Int {
        case watching, bitten, dismissed
    }
    private let stage = Atomic<Int>(Stage.watching.rawValue)

    init(_ handle: any VCPUHandle, patience: Duration) {
        let end = ContinuousClock.now + patience
        _ = HostThread { [self] in
            while ContinuousClock.now < end {
                if stage.load(ordering: .acquiring) == Stage.dismissed.rawValue { return }
                usleep(2000)
            }
            let (bites, _) = stage.compareExchange(
                expected: Stage.watching.rawValue, desired: Stage.bitten.rawValue, ordering: .acquiringAndReleasing)
            guard bites else { return }
            for _ in 0..<600 where stage.load(ordering: .acquiring) == Stage.bitten.rawValue {
                handle.requestExit()
                usleep(100_000)
            }
        }
    }

    /// Ends the watch. True where the guest had to be ended.
    func dismiss() -> Bool {
        stage.exchange(Stage.dismissed.rawValue, ordering: .acquiringAndReleasing) == Stage.bitten.rawValue
    }
}
