internal import CVirtKit
internal import Glibc
internal import Synchronization

/// Threads of our own for libvirt's calls, which block: Swift's cooperative pool must not.
///
/// Threads are made as calls come, at most `limit` of them; all but one end after some seconds without one. More calls than threads
/// wait in order of arrival. A call whose task is cancelled ends at once: one that waits is forgotten, one that runs is
/// abandoned, since C can't be interrupted. Its thread is then outside the limit, so that a dead host does not stop other calls,
/// until the call returns; `abandonedLimit` threads may be lost like that. At that bound further ones count within the limit
/// again: new calls then may wait, and can be cancelled still.
final class CallPool: Sendable {
    /// What a thread executes.
    class Job: @unchecked Sendable {
        /// Takes the job out of the queue's hands. False where it was cancelled meanwhile.
        func begin() -> Bool { true }
        func run() {}
    }

    /// A thread's own event, in memory that stays in place.
    private final class Worker: @unchecked Sendable {
        // SAFETY: the word is used through atomic operations of CVirtKit only, and freed with its only owner.
        let event = UnsafeMutablePointer<UInt32>.allocate(capacity: 1)
        init() { event.initialize(to: 0) }
        deinit { event.deallocate() }
    }

    private struct State {
        var jobs = JobQueue()
        var idle: [Worker] = []
        var threads = 0
        var abandoned = 0
        var closed = false
    }

    private let state = Mutex(State())
    private let name: String
    private let limit: Int
    private let abandonedLimit: Int
    private let idleTime: Duration

    init(name: String, limit: Int, abandonedLimit: Int = 64, idleTime: Duration = .seconds(5)) {
        self.name = name
        self.limit = max(1, limit)
        self.abandonedLimit = abandonedLimit
        self.idleTime = idleTime
    }

    /// Threads that are there now, and how many of them hold calls that nobody waits for.
    var counts: (threads: Int, abandoned: Int) { state.withLock { ($0.threads, $0.abandoned) } }

    /// Lets the threads end once they have nothing to do.
    func close() {
        let idle = state.withLock { state in
            state.closed = true
            defer { state.idle = [] }
            return state.idle
        }
        for worker in idle { vk_event_signal(worker.event) }
    }

    /// Has a job executed. Where no thread can be made and none is there, the job runs on the calling thread.
    func post(_ job: Job) {
        enum Step { case wake(Worker), spawn, wait }
        let step: Step = state.withLock { state in
            state.jobs.append(job)
            if let worker = state.idle.popLast() { return .wake(worker) }
            guard mayGrow(state) else { return .wait }
            state.threads += 1
            return .spawn
        }
        switch step {
        case .wake(let worker): vk_event_signal(worker.event)
        case .spawn: spawn()
        case .wait: break
        }
    }

    /// Forgets a job that waits. False where it is not in the queue.
    func remove(_ job: Job) { state.withLock { $0.jobs.remove(job) } }

    /// A running job's caller has gone: its thread no longer counts.
    func abandon() {
        let grows = state.withLock { state in
            state.abandoned += 1
            guard !state.jobs.isEmpty, state.idle.isEmpty, mayGrow(state) else { return false }
            state.threads += 1
            return true
        }
        if grows { spawn() }
    }

    /// An abandoned job has returned after all.
    func recover() { state.withLock { $0.abandoned -= 1 } }

    private func mayGrow(_ state: borrowing State) -> Bool {
        state.threads - min(state.abandoned, abandonedLimit) < limit
    }

    private func spawn() {
        let made = Pthread.detach(name: name) { self.work(Worker()) }
        guard !made else { return }
        // The host has no thread for us. Others may be there to take the job; if not, this thread is the last resort.
        let orphan: Job? = state.withLock { state in
            state.threads -= 1
            return state.threads == 0 ? state.jobs.popFirst() : nil
        }
        if let orphan, orphan.begin() { orphan.run() }
    }

    private func work(_ worker: Worker) {
        while true {
            enum Step { case run(Job), sleep(UInt32, Int64), end }
            let step: Step = state.withLock { state in
                if let job = state.jobs.popFirst() { return .run(job) }
                if state.closed || state.threads - state.abandoned > limit {
                    state.threads -= 1
                    return .end
                }
                // One thread stays, and waits without a timer: that is half a microsecond less for each call.
                let limit = state.idle.isEmpty ? -1 : idleTime.nanoseconds
                state.idle.append(worker)
                return .sleep(vk_event_count(worker.event), limit)
            }
            switch step {
            case .run(let job): if job.begin() { job.run() }
            case .sleep(let seen, let limit):
                vk_event_wait(worker.event, seen, limit)
                // Whoever wakes a worker takes it out of the list first, and counts its event.
                if vk_event_count(worker.event) != seen { continue }
                let ends = state.withLock { state in
                    guard let index = state.idle.firstIndex(where: { $0 === worker }) else { return false }
                    state.idle.remove(at: index)
                    guard state.jobs.isEmpty else { return false }
                    state.threads -= 1
                    return true
                }
                if ends { return }
            case .end: return
            }
        }
    }
}

/// Jobs, first in, first out.
struct JobQueue {
    private var storage: [CallPool.Job?] = []
    private var head = 0

    var isEmpty: Bool { head == storage.count }

    mutating func append(_ job: CallPool.Job) { storage.append(job) }

    mutating func popFirst() -> CallPool.Job? {
        guard head < storage.count else { return nil }
        let job = storage[head]
        storage[head] = nil
        head += 1
        if head * 2 > storage.count + 16 || head == storage.count {
            storage.removeFirst(head)
            head = 0
        }
        return job
    }

    mutating func remove(_ job: CallPool.Job) {
        guard let index = storage[head...].firstIndex(where: { $0 === job }) else { return }
        storage.remove(at: index)
    }
}

extension Duration {
    /// Whole nanoseconds; what does not fit is cut off.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflow2) = product.addingReportingOverflow(attoseconds / 1_000_000_000)
        return overflow || overflow2 ? (seconds < 0 ? .min : .max) : sum
    }
}
