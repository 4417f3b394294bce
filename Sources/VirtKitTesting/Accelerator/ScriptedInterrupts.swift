internal import Synchronization
internal import VirtKitCore

/// An interrupt controller with a list of vectors, for one vCPU.
final class ScriptedInterrupts: InterruptSource, Sendable {
    struct Contents {
        var pending: [UInt32] = []
        var taken: [UInt32] = []
        var nonMaskable = 0
        var priority: [Int: UInt8] = [:]
        /// Whether what waits is gone when it is to be acknowledged.
        var goesAway = false
    }
    let contents = Mutex(Contents())

    func raise(_ vectors: UInt32...) { contents.withLock { $0.pending += vectors } }
    func raiseNonMaskable() { contents.withLock { $0.nonMaskable += 1 } }
    var taken: [UInt32] { contents.withLock { $0.taken } }

    func hasPendingInterrupt(vcpu: Int) -> Bool {
        contents.withLock { $0.next(vcpu) != nil }
    }
    func acknowledgeInterrupt(vcpu: Int) -> UInt32? {
        contents.withLock { contents in
            guard let index = contents.next(vcpu) else { return nil }
            let vector = contents.pending.remove(at: index)
            if contents.goesAway { return nil }
            contents.taken.append(vector)
            return vector
        }
    }
    func takeNonMaskableInterrupt(vcpu: Int) -> Bool {
        contents.withLock { contents in
            guard contents.nonMaskable > 0 else { return false }
            contents.nonMaskable -= 1
            return true
        }
    }
    func taskPriority(vcpu: Int) -> UInt8 { contents.withLock { $0.priority[vcpu] ?? 0 } }
    func setTaskPriority(_ priority: UInt8, vcpu: Int) { contents.withLock { $0.priority[vcpu] = priority } }
}

extension ScriptedInterrupts.Contents {
    /// Where the most urgent interrupt is that the task priority of a vCPU lets through. Only vCPU 0 gets any.
    fileprivate func next(_ vcpu: Int) -> Int? {
        guard vcpu == 0 else { return nil }
        return pending.indices.filter { pending[$0] >> 4 > UInt32(priority[vcpu] ?? 0) }.max {
            pending[$0] < pending[$1]
        }
    }
}
