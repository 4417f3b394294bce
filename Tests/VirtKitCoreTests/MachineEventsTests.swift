import Testing
import VirtKitCore

@Suite(.timeLimit(.minutes(5)))
struct MachineEventsTests {
    @Test func everyReaderGetsEveryEventFromNowOn() async {
        let source = MachineEventSource()
        source.send(MachineEvent(.reset, details: "before"))
        let (first, second) = (source.events(), source.events())
        source.send(MachineEvent(.reset, details: "one"))
        source.send(MachineEvent(.powerButton))
        source.finish()
        for events in [first, second] {
            var seen: [MachineEvent] = []
            for await event in events { seen.append(event) }
            #expect(seen == [MachineEvent(.reset, details: "one"), MachineEvent(.powerButton)])
        }
    }

    @Test func aSlowReaderIsToldHowManyItMissed() async {
        let source = MachineEventSource()
        let events = source.events()
        for number in 0..<1000 { source.send(MachineEvent(.stateChanged, details: "\(number)")) }
        source.finish()
        var seen: [MachineEvent] = []
        for await event in events { seen.append(event) }
        #expect(seen.count == 257)
        #expect(seen.first == MachineEvent(.gap, details: "744"))
        #expect(seen[1].details == "744")
        #expect(seen.last?.details == "999")
    }

    @Test func sequencesMadeAfterTheEndAreEmpty() async {
        let source = MachineEventSource()
        source.finish()
        source.send(MachineEvent(.reset))
        var iterator = source.events().makeAsyncIterator()
        #expect(await iterator.next() == nil)
    }

    @Test func cancellationEndsAReader() async {
        let source = MachineEventSource()
        let events = source.events()
        let reader = Task {
            var count = 0
            for await _ in events { count += 1 }
            return count
        }
        source.send(MachineEvent(.reset))
        try? await Task.sleep(for: .milliseconds(20))
        reader.cancel()
        #expect(await reader.value <= 1)
    }
}
