internal import Synchronization
internal import VirtKitCore

/// What the control thread and the vCPU threads of one machine say to each other.
final class VCPUControl<Architecture: GuestArchitecture>: Sendable {
    /// What a vCPU thread does next.
    enum Command {
        case run
        case park
        case readState(@Sendable (Result<Architecture.State, VirtKitError>) -> Void)
        case writeState(Architecture.State, @Sendable (Result<Void, VirtKitError>) -> Void)
        case quit
    }

    private enum Mode { case run, park, quit }

    private struct State {
        var mode = Mode.park
        var parked: Set<Int> = []
        var tasks: [Int: Command] = [:]
    }

    private let state = Mutex(State())
    private let handles: [any VCPUHandle]
    private let events: [WakeEvent]
    /// Wakes the control thread.
    private let controlEvent: WakeEvent

    init(handles: [any VCPUHandle], controlEvent: WakeEvent) {
        self.handles = handles
        self.controlEvent = controlEvent
        events = handles.map { _ in WakeEvent() }
    }

    var count: Int { handles.count }

    // MARK: For vCPU threads

    func event(_ index: Int) -> WakeEvent { events[index] }

    /// The next command; a `.park` is acknowledged by taking it.
    func nextCommand(_ index: Int) -> Command {
        let (command, parkedNow) = state.withLock { state -> (Command, Bool) in
            if state.mode == .quit { return (.quit, false) }
            if let task = state.tasks.removeValue(forKey: index) { return (task, false) }
            if state.mode == .run {
                state.parked.remove(index)
                return (.run, false)
            }
            return (.park, state.parked.insert(index).inserted)
        }
        if parkedNow { controlEvent.signal() }
        return command
    }

    // MARK: For the board, on any thread

    /// Makes a vCPU ask its interrupt source, also when it is halted.
    func interrupt(_ index: Int) {
        guard handles.indices.contains(index) else { return }
        handles[index].signal()
        events[index].signal()
    }

    /// Makes a vCPU leave guest code and ask for a change of its state, also when it is halted.
    func restart(_ index: Int) {
        guard handles.indices.contains(index) else { return }
        handles[index].requestExit()
        events[index].signal()
    }

    /// Makes every vCPU leave guest code and ask for a command.
    func kick() {
        for (handle, event) in zip(handles, events) {
            handle.requestExit()
            event.signal()
        }
    }

    // MARK: For the control thread

    /// Lets every vCPU run.
    func run() {
        state.withLock { state in
            if state.mode == .park { state.mode = .run }
        }
        for event in events { event.signal() }
    }

    /// Stops every vCPU at an instruction boundary, and waits until all stand still.
    ///
    /// - Throws: `VirtKitError` with `.invalidState` where the machine is ending: a vCPU may then be running still.
    func park() throws(VirtKitError) {
        state.withLock { state in
            if state.mode == .run { state.mode = .park }
        }
        kick()
        while true {
            let seen = controlEvent.count
            let (isEnding, isDone) = state.withLock { ($0.mode == .quit, $0.parked.count == handles.count) }
            if isEnding { throw Self.ending("park vCPUs") }
            if isDone { return }
            controlEvent.wait(since: seen)
        }
    }

    private static func ending(_ operation: String) -> VirtKitError {
        VirtKitError(.invalidState, operation: operation, message: "the machine is ending")
    }

    /// Makes every vCPU thread end. Tasks that no vCPU has taken yet are answered with an error.
    func quit() {
        let owed = state.withLock { state in
            state.mode = .quit
            defer { state.tasks = [:] }
            return Array(state.tasks.values)
        }
        let error = Self.ending("reach vCPU")
        for command in owed {
            switch command {
            case .readState(let reply): reply(.failure(error))
            case .writeState(_, let reply): reply(.failure(error))
            case .run, .park, .quit: break
            }
        }
        kick()
    }

    /// The state of a parked vCPU, read on its own thread.
    func readState(_ index: Int) throws(VirtKitError) -> Architecture.State {
        try perform(index) { reply in .readState(reply) }
    }

    /// Sets the state of a parked vCPU, on its own thread.
    func writeState(_ index: Int, _ value: Architecture.State) throws(VirtKitError) {
        try perform(index) { reply in .writeState(value, reply) }
    }

    private func perform<Value: Sendable>(
        _ index: Int, _ command: (@escaping @Sendable (Result<Value, VirtKitError>) -> Void) -> Command
    ) throws(VirtKitError) -> Value {
        let answer = Answer<Value>()
        let event = controlEvent
        let command = command { result in
            answer.value.withLock { $0 = result }
            event.signal()
        }
        let accepted = state.withLock { state in
            guard state.mode == .park else { return false }
            state.tasks[index] = command
            return true
        }
        guard accepted else {
            throw VirtKitError(.invalidState, operation: "reach vCPU \(index)", message: "the vCPU is not parked")
        }
        events[index].signal()
        while true {
            let seen = controlEvent.count
            if let result = answer.value.withLock({ $0 }) { return try result.get() }
            controlEvent.wait(since: seen)
        }
    }

    private final class Answer<Value: Sendable>: Sendable {
        let value = Mutex<Result<Value, VirtKitError>?>(nil)
    }
}
