internal import Synchronization
public import VirtKitCore

/// Moves bytes between a domain's console stream and a `SerialConsole`, from its making until the stream ends or `finish()`.
public final class LibvirtConsolePump: Sendable {
    private let stream: LibvirtStream
    private let tasks: Mutex<[Task<Void, Never>]> = Mutex([])

    /// Begins.
    public init(_ stream: LibvirtStream, _ serial: SerialConsole) {
        self.stream = stream
        let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        serial.onInput { arrival.yield() }
        let output = Task.detached {
            // A broken stream ends the output as the machine's end does.
            while let bytes = try? await stream.read() { serial.deliver(bytes) }
            arrival.finish()
        }
        let input = Task.detached {
            for await _ in arrivals {
                // A few at a time: what was taken is no longer within the console's own bound.
                while true {
                    let bytes = serial.takeInput(upTo: 256)
                    if bytes.isEmpty { break }
                    guard (try? await stream.write(bytes)) != nil else { return }
                }
            }
        }
        tasks.withLock { $0 = [output, input] }
    }

    /// Waits until the stream has ended, or the task is cancelled.
    public func waitForEnd() async {
        let output = tasks.withLock { $0.first }
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        let waiter = Task {
            await output?.value
            end.finish()
        }
        for await _ in ended {}
        waiter.cancel()
    }

    /// Waits for the rest of the output, but not long, and gives the stream back.
    public func finish() async {
        let tasks = tasks.withLock { $0 }
        let output = tasks.first
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await output?.value }
            group.addTask { try? await Task.sleep(for: .seconds(2)) }
            await group.next()
            output?.cancel()
            group.cancelAll()
        }
        for task in tasks { task.cancel() }
        await stream.close()
    }
}
