internal import CVirtKit
internal import Synchronization

/// What the vCPUs of a domain pass to each other: only the one that holds it executes guest code.
///
/// It goes to those who wait in the order in which they came, straight from hand to hand, so that nobody can overtake and
/// nobody starves. Who waits sleeps. A vCPU gives it back whenever it leaves guest code (a halted one never waits for it),
/// and passes it on at PAUSE, when it spins, and at the end of its slice, where somebody waits.
///
/// Slices are shorter where that makes others wait less for nothing: one that has just been woken, or that has been sent
/// an interrupt while it waits, `hurries` the holder; one that waits because it spins says how long it has patience.
///
/// A vCPU that holds it may take the machine's device lock; nobody waits for it with that lock held.
final class Baton: Sendable {
    /// How many instructions a vCPU executes before it looks whether another waits: about half a millisecond.
    static let slice: UInt64 = 50_000
    /// How many it may execute at least before it must make room for one that is in a hurry.
    static let hurriedSlice: UInt64 = 5_000

    private struct Waiter {
        var index: Int
        /// How many instructions the holder may execute meanwhile.
        var patience: UInt64
    }

    private struct State {
        var holder: Int?
        /// Who waits, first come first. Its storage is reserved once.
        var queue: [Waiter] = []
    }

    private let state: Mutex<State>
    private let waiters = Atomic<Int>(0)
    private let leastPatience = Atomic<UInt64>(Baton.slice)
    /// Called, with no lock held, where the vCPU that holds it should look at ``allowance`` anew. From any thread.
    private let interrupt: @Sendable (Int) -> Void
    private let handovers = Atomic<UInt64>(0)
    private let places: [Place]

    /// Makes a baton that nobody holds, for `count` vCPUs.
    init(count: Int, interrupt: @escaping @Sendable (Int) -> Void = { _ in }) {
        self.interrupt = interrupt
        var initial = State()
        initial.queue.reserveCapacity(count)
        state = Mutex(initial)
        places = (0..<count).map { _ in Place() }
    }

    /// Whether somebody waits: a look without the lock, for the holder.
    var isWanted: Bool { waiterCount != 0 }

    /// How many wait.
    var waiterCount: Int { waiters.load(ordering: .relaxed) }

    /// How many instructions the holder may execute in one turn, by who waits.
    var allowance: UInt64 { leastPatience.load(ordering: .relaxed) }

    /// How often it went from one vCPU to another that waited.
    var handoverCount: UInt64 { handovers.load(ordering: .relaxed) }

    /// Takes the baton for a vCPU, which does not hold it, and waits for its turn. The holder is asked to hurry: who comes
    /// here has been halted or stopped.
    ///
    /// - Parameter refuses: asked before each sleep; `kick` makes a waiting vCPU ask again.
    /// - Returns: false where `refuses` said so; the vCPU then doesn't hold it.
    func take(_ index: Int, unless refuses: () -> Bool) -> Bool {
        let holder = state.withLock { state -> Int? in
            guard let holder = state.holder else {
                state.holder = index
                return nil
            }
            state.queue.append(Waiter(index: index, patience: Self.slice))
            publish(state)
            return holder
        }
        guard let holder else { return true }
        interrupt(holder)
        return wait(index, unless: refuses)
    }

    /// Passes the baton on, if somebody waits, and waits for the holder's next turn. Returns as `take` does.
    ///
    /// - Parameter patience: how many instructions others may execute in one turn before this one wants its own.
    func pass(_ index: Int, patience: UInt64 = Baton.slice, unless refuses: () -> Bool) -> Bool {
        guard isWanted else { return true }
        let next = state.withLock { state -> Int? in
            guard !state.queue.isEmpty else { return nil }
            state.queue.append(Waiter(index: index, patience: patience))
            return handOver(&state)
        }
        guard let next else { return true }
        places[next].signal()
        return wait(index, unless: refuses)
    }

    /// Gives the baton back; the first who waits has it then.
    func giveBack(_ index: Int) {
        let next = state.withLock { state -> Int? in
            guard !state.queue.isEmpty else {
                state.holder = nil
                return nil
            }
            return handOver(&state)
        }
        if let next { places[next].signal() }
    }

    /// Makes a vCPU that waits ask again whether it still wants to. From any thread.
    func kick(_ index: Int) { places[index].signal() }

    /// Asks the holder for a short slice if `index` waits: it has been sent an interrupt. From any thread.
    func hurry(for index: Int) {
        guard isWanted else { return }
        let holder = state.withLock { state in
            state.queue.contains { $0.index == index } ? state.holder : nil
        }
        if let holder { interrupt(holder) }
    }

    /// Makes what the holder looks at equal to the queue.
    private func publish(_ state: borrowing State) {
        var patience = Self.slice
        for waiter in state.queue { patience = min(patience, waiter.patience) }
        leastPatience.store(patience, ordering: .relaxed)
        waiters.store(state.queue.count, ordering: .relaxed)
    }

    /// Makes the first who waits the holder.
    private func handOver(_ state: inout State) -> Int {
        let next = state.queue.removeFirst().index
        state.holder = next
        publish(state)
        handovers.wrappingAdd(1, ordering: .relaxed)
        return next
    }

    private enum Turn { case mine, refused, later }

    private func wait(_ index: Int, unless refuses: () -> Bool) -> Bool {
        let place = places[index]
        while true {
            let seen = place.count
            let isRefused = refuses()
            let turn = state.withLock { state -> Turn in
                if state.holder == index { return .mine }
                guard isRefused else { return .later }
                state.queue.removeAll { $0.index == index }
                publish(state)
                return .refused
            }
            switch turn {
            case .mine: return true
            case .refused: return false
            case .later: place.wait(since: seen)
            }
        }
    }

    /// Where one vCPU sleeps: a counted event, so that no wake-up between the look and the sleep is lost.
    private final class Place: @unchecked Sendable {
        // SAFETY: the word is only touched by atomic operations and the futex system call, and lives as long as this
        // object.
        private let word: UnsafeMutablePointer<UInt32>

        init() {
            // A cache line of its own, since each is another thread's.
            let raw = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 64)
            word = raw.initializeMemory(as: UInt32.self, repeating: 0, count: 16)
        }

        deinit { word.deallocate() }

        var count: UInt32 { vk_event_count(word) }
        func signal() { vk_event_signal(word) }
        func wait(since seen: UInt32) { vk_event_wait(word, seen, -1) }
    }
}
