import Foundation
import Synchronization
import Testing

@testable import VirtKitEmulator

@Suite("The baton of several vCPUs")
struct BatonTests {
    /// Runs bodies on threads of their own, and waits for all.
    private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let group = DispatchGroup()
        for index in 0..<count {
            group.enter()
            Thread {
                body(index)
                group.leave()
            }.start()
        }
        group.wait()
    }

    private func wait(until condition: () -> Bool) {
        while !condition() { usleep(200) }
    }

    @Test("it goes to those who wait in the order in which they came")
    func order() {
        let baton = Baton(count: 5)
        #expect(baton.take(0, unless: { false }))
        let order = Mutex<[Int]>([])
        onThreads(5) { index in
            if index == 0 {
                wait { baton.waiterCount == 4 }
                baton.giveBack(0)
            } else {
                wait { baton.waiterCount == index - 1 }
                _ = baton.take(index, unless: { false })
                order.withLock { $0.append(index) }
                baton.giveBack(index)
            }
        }
        #expect(order.withLock { $0 } == [1, 2, 3, 4])
        #expect(baton.handoverCount == 4 && !baton.isWanted)
    }

    /// Something that only the holder touches, without a lock.
    private final class Unlocked: @unchecked Sendable {
        // SAFETY: only who holds the baton touches it; that this suffices is what the test is about.
        var count = 0
        var holders = 0
        var mostHolders = 0
    }

    @Test("one holds it at a time, and no wake-up is lost")
    func exclusion() {
        let baton = Baton(count: 4)
        let shared = Unlocked()
        let rounds = 5000
        onThreads(4) { index in
            for round in 0..<rounds {
                _ = baton.take(index, unless: { false })
                for _ in 0...(round & 1) {
                    shared.holders += 1
                    shared.mostHolders = max(shared.mostHolders, shared.holders)
                    shared.count += 1
                    shared.holders -= 1
                    _ = baton.pass(index, unless: { false })
                }
                baton.giveBack(index)
            }
        }
        #expect(shared.count == 4 * rounds * 3 / 2)
        #expect(shared.mostHolders == 1)
        #expect(!baton.isWanted)
    }

    @Test("passing it on comes round to everyone")
    func passing() {
        let baton = Baton(count: 3)
        #expect(baton.take(0, unless: { false }))
        #expect(baton.pass(0, unless: { true }), "nobody waits, so it stays")
        let turns = Mutex<[Int]>([])
        onThreads(3) { index in
            if index > 0 {
                wait { baton.waiterCount == index - 1 }
                _ = baton.take(index, unless: { false })
            } else {
                wait { baton.waiterCount == 2 }
            }
            for _ in 0..<3 {
                turns.withLock { $0.append(index) }
                _ = baton.pass(index, unless: { false })
            }
            baton.giveBack(index)
        }
        #expect(turns.withLock { $0 } == [0, 1, 2, 0, 1, 2, 0, 1, 2])
    }

    @Test("a kick makes one that waits ask again; it leaves the queue, and others keep their places")
    func kicks() {
        let baton = Baton(count: 3)
        #expect(baton.take(0, unless: { false }))
        let wantsOut = Atomic(false)
        let results = Mutex<[Int: Bool]>([:])
        onThreads(3) { index in
            if index == 0 {
                wait { baton.waiterCount == 2 }
                baton.kick(1)
                usleep(2000)
                let waiting = results.withLock { $0.isEmpty } && baton.waiterCount == 2
                wantsOut.store(true, ordering: .sequentiallyConsistent)
                baton.kick(1)
                wait { baton.waiterCount == 1 }
                results.withLock { $0[0] = waiting }
                baton.giveBack(0)
            } else {
                wait { baton.waiterCount == index - 1 }
                let isMine = baton.take(index) { index == 1 && wantsOut.load(ordering: .sequentiallyConsistent) }
                results.withLock { $0[index] = isMine }
                if isMine { baton.giveBack(index) }
            }
        }
        #expect(results.withLock { $0 } == [0: true, 1: false, 2: true])
        #expect(baton.take(1, unless: { false }))
    }
}
