import Synchronization
import Testing

@testable import VirtKitCore

@Suite(.timeLimit(.minutes(5)))
struct SerialConsoleTests {
    private final class Counter: Sendable {
        let value = Atomic<Int>(0)
    }

    private func console(output: Int = 1 << 16, input: Int = 16) -> SerialConsole {
        SerialConsole(SerialConfiguration(outputCapacity: output, inputCapacity: input))
    }

    private func all(_ bytes: SerialBytes) async -> (bytes: [UInt8], dropped: UInt64) {
        var result: [UInt8] = []
        var dropped: UInt64 = 0
        for await chunk in bytes {
            result += chunk.bytes
            dropped += chunk.droppedBefore
        }
        return (result, dropped)
    }

    // MARK: Output

    @Test func readersGetWhatIsKeptAndThenTheEnd() async {
        let console = console()
        console.deliver(Array("hello".utf8))
        console.deliver(UInt8(ascii: "!"))
        console.finish()
        for _ in 0..<2 { #expect(await all(console.bytes()).bytes == Array("hello!".utf8)) }
        #expect(console.recentOutput == Array("hello!".utf8))
        #expect(console.droppedByteCount == 0)
    }

    @Test func outputIsBounded() async {
        let console = console(output: 4096)
        for number in 0..<10_000 { console.deliver(UInt8(truncatingIfNeeded: number)) }
        console.deliver((10_000..<20_000).map { UInt8(truncatingIfNeeded: $0) })
        #expect(console.droppedByteCount == 20_000 - 4096)
        #expect(console.recentOutput == (15_904..<20_000).map { UInt8(truncatingIfNeeded: $0) })
        console.finish()
        let read = await all(console.bytes())
        #expect(read.bytes.count == 4096)
        #expect(read.dropped == 0, "what came before a reader's first byte is no gap")
    }

    @Test func aReaderThatFallsBehindIsToldHowMuchItMissed() async {
        let console = console(output: 100)
        var iterator = console.bytes().makeAsyncIterator()
        console.deliver([UInt8](repeating: 1, count: 10))
        #expect(await iterator.next() == SerialChunk(bytes: [UInt8](repeating: 1, count: 10), droppedBefore: 0))
        console.deliver([UInt8](repeating: 2, count: 250))
        #expect(await iterator.next() == SerialChunk(bytes: [UInt8](repeating: 2, count: 100), droppedBefore: 150))
        console.finish()
        #expect(await iterator.next() == nil)
    }

    @Test func chunksAreAtMost64KiB() async {
        let console = console(output: 1 << 20)
        console.deliver([UInt8](repeating: 3, count: 200_000))
        console.finish()
        var sizes: [Int] = []
        for await chunk in console.bytes() { sizes.append(chunk.bytes.count) }
        #expect(sizes == [65536, 65536, 65536, 3392])
    }

    @Test func severalReadersFollowAtOnce() async {
        let console = console()
        let readers = (0..<8).map { _ in Task { await all(console.bytes()).bytes } }
        for number in 0..<5_000 {
            console.deliver(UInt8(truncatingIfNeeded: number))
            if number % 100 == 0 { await Task.yield() }
        }
        console.finish()
        let expected = (0..<5_000).map { UInt8(truncatingIfNeeded: $0) }
        for reader in readers { #expect(await reader.value == expected) }
    }

    @Test func outputThatNobodyReadsTakesNoMoreThanItsCapacity() {
        let console = console(output: 4096)
        for _ in 0..<1000 { console.deliver([UInt8](repeating: 0, count: 10_000)) }
        #expect(console.recentOutput.count == 4096)
        #expect(console.droppedByteCount == 10_000_000 - 4096)
    }

    @Test func cancellationEndsAWaitingReader() async {
        let console = console()
        let reader = Task { await all(console.bytes()).bytes }
        try? await Task.sleep(for: .milliseconds(10))
        reader.cancel()
        #expect(await reader.value.isEmpty)
        #expect(console.state.withLock { $0.waiters.isEmpty }, "nothing waits any more")
    }

    @Test func cancellationEndsAReaderOfAGuestThatPrintsWithoutEnd() async {
        let console = console()
        let stop = Counter()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while stop.value.load(ordering: .relaxed) == 0 {
                    console.deliver([UInt8](repeating: UInt8(ascii: "x"), count: 4096))
                    await Task.yield()
                }
            }
            let readers = [Task { _ = await all(console.bytes()) }, Task { for await _ in console.lines() {} }]
            try? await Task.sleep(for: .milliseconds(20))
            for reader in readers { reader.cancel() }
            for reader in readers { await reader.value }
            stop.value.store(1, ordering: .relaxed)
        }
    }

    // MARK: Input

    @Test func inputArrivesInOrder() async throws {
        let console = console()
        let calls = Counter()
        console.onInput { calls.value.add(1, ordering: .relaxed) }
        try await console.send("abc")
        try await console.send([1, 2])
        #expect(console.takeInput(upTo: 0).isEmpty)
        #expect(console.takeInput(upTo: -1).isEmpty)
        #expect(console.takeInput(upTo: 2) == Array("ab".utf8))
        #expect(console.takeInput(upTo: 100) == [UInt8(ascii: "c"), 1, 2])
        #expect(console.takeInput(upTo: 100).isEmpty)
        #expect(calls.value.load(ordering: .relaxed) == 2)
    }

    @Test func sendWaitsForRoom() async throws {
        let console = console(input: 16)
        let sender = Task { try await console.send((0..<100).map { UInt8($0) }) }
        var taken: [UInt8] = []
        while taken.count < 100 {
            let bytes = console.takeInput(upTo: 7)
            #expect(bytes.count <= 16)
            taken += bytes
            await Task.yield()
        }
        try await sender.value
        #expect(taken == (0..<100).map { UInt8($0) })
    }

    @Test func aFullQueueHoldsItsCapacityAndACancelledSenderLeaves() async {
        let console = console(input: 16)
        let sender = Task { try await console.send([UInt8](repeating: 1, count: 100)) }
        try? await Task.sleep(for: .milliseconds(10))
        sender.cancel()
        await #expect(throws: CancellationError.self) { try await sender.value }
        #expect(console.takeInput(upTo: 1000).count == 16)
    }

    @Test func theEndReleasesSenders() async {
        let console = console(input: 16)
        let sender = Task { try await console.send([UInt8](repeating: 1, count: 100)) }
        try? await Task.sleep(for: .milliseconds(10))
        console.finish()
        let error = await #expect(throws: VirtKitError.self) { try await sender.value }
        #expect(error?.code == .invalidState)
        await #expect(throws: VirtKitError.self) { try await console.send([1]) }
    }

    @Test func aLargeQueueIsTakenInTimeThatGrowsWithItsSize() async throws {
        let console = console(input: 1 << 22)
        try await console.send([UInt8](repeating: 5, count: 1 << 22))
        var taken = 0
        while true {
            let count = console.takeInput(upTo: 16).count
            if count == 0 { break }
            taken += count
        }
        #expect(taken == 1 << 22)
    }
}
