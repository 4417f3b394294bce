import Testing
import VirtKitCore

struct MachineClockTests {
    @Test func standsStillUntilStarted() async throws {
        let clock = MachineClock()
        #expect(!clock.isRunning)
        #expect(clock.now == 0)
        try await Task.sleep(for: .milliseconds(5))
        #expect(clock.now == 0)
    }

    @Test func runsAndPauses() async throws {
        let clock = MachineClock()
        clock.start()
        clock.start()
        #expect(clock.isRunning)
        try await Task.sleep(for: .milliseconds(5))
        let first = clock.now
        #expect(first >= 5_000_000)
        clock.pause()
        let paused = clock.now
        #expect(paused >= first)
        clock.pause()
        try await Task.sleep(for: .milliseconds(5))
        #expect(clock.now == paused)
        clock.start()
        try await Task.sleep(for: .milliseconds(1))
        #expect(clock.now > paused)
    }

    @Test func restores() {
        let clock = MachineClock()
        clock.restore(elapsed: 1_000, wallClock: 5_000_000)
        #expect(clock.now == 1_000)
        #expect(clock.wallClock == 5_000_000)
        clock.setWallClock(-77)
        #expect(clock.wallClock == -77)
        #expect(clock.now == 1_000)
        clock.restore(elapsed: .max, wallClock: .min)
        #expect(clock.now == .max)
        #expect(clock.wallClock == .min)
        clock.start()
        _ = clock.now
        clock.pause()
    }

    @Test func neverGoesBackWhileOthersPauseAndStart() async {
        let clock = MachineClock()
        clock.start()
        let switcher = Task.detached {
            for _ in 0..<20_000 {
                clock.pause()
                clock.start()
            }
        }
        var last: UInt64 = 0
        var backwards = 0
        for _ in 0..<200_000 {
            let now = clock.now
            if now < last { backwards += 1 }
            last = now
        }
        await switcher.value
        #expect(backwards == 0)
    }
}
