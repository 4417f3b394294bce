import CVirtKit
@preconcurrency import Dispatch
import Foundation
import Synchronization
import VirtKit

/// The machine's serial console on the command's standard input and output, and the user's wish to end the machine.
final class ConsoleSession: Sendable {
    /// Ctrl-], as telnet has it.
    private static let escapeKey: UInt8 = 0x1D

    /// The wishes, twice: a stream whose reader was cancelled gives nothing to the next.
    private let wishes: AsyncStream<String>
    private let laterWishes: AsyncStream<String>
    private let endWishes: @Sendable () -> Void
    /// Ends when all output is written, or none can be.
    private let written: AsyncStream<Void>

    /// Connects standard input and output. On a terminal the input is raw from here on, and the user is told what the
    /// escape key does.
    init(_ serial: SerialConsole, escapeKeyDoes effect: String = "end the machine") throws {
        let (wishes, first) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(4))
        let (laterWishes, second) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(4))
        self.wishes = wishes
        self.laterWishes = laterWishes
        let wish: @Sendable (String) -> Void = { text in
            first.yield(text)
            second.yield(text)
        }
        endWishes = {
            first.finish()
            second.finish()
        }
        try Self.watchSignals(wish)
        let isTerminal = isatty(0) != 0
        if isTerminal {
            let error = vk_terminal_raw(0)
            guard error == 0 else {
                throw VirtKitError(
                    .inputOutput, operation: "open terminal", message: "raw mode was refused", errno: -error)
            }
            standardError("virtkit: press Ctrl-] to \(effect)")
        }
        let (written, allWritten) = AsyncStream.makeStream(of: Void.self)
        self.written = written
        Task.detached {
            // Writing may block for ever, and must not hold a thread of the cooperative pool.
            let writer = DispatchQueue(label: "console output")
            for await chunk in serial.bytes() {
                let isOpen = await withCheckedContinuation { continuation in
                    writer.async { continuation.resume(returning: writeAll(chunk.bytes, to: 1)) }
                }
                guard isOpen else {
                    wish("standard output can't be written")
                    break
                }
            }
            allWritten.finish()
        }
        Self.readInput(into: serial, escapable: isTerminal, wish)
    }

    /// What the user did to end the machine; nil when the session ends before.
    func userWish() async -> String? {
        for await wish in wishes { return wish }
        return nil
    }

    /// Writes what is left of the output, and restores the terminal. Where nobody takes the output it is given up after
    /// `limit`; without one, at the user's wish.
    func finish(within limit: Duration? = nil) async {
        await withTaskGroup(of: Void.self) { group in
            let (written, laterWishes) = (written, laterWishes)
            group.addTask { for await _ in written {} }
            group.addTask {
                if let limit { try? await Task.sleep(for: limit) } else { for await _ in laterWishes { return } }
            }
            await group.next()
            group.cancelAll()
        }
        vk_terminal_restore()
        endWishes()
    }

    /// Makes wishes of the signals that ask a process to end. (A Dispatch source would miss those that come before it is
    /// registered, some time after its activation.)
    private static func watchSignals(_ wish: @escaping @Sendable (String) -> Void) throws {
        let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]
        let pipe = vk_signal_pipe(signals, Int32(signals.count))
        guard pipe >= 0 else {
            throw VirtKitError(
                .resourceExhausted, operation: "watch signals", message: "the host refused", errno: -pipe)
        }
        Thread.detachNewThread {
            var number: UInt8 = 0
            while true {
                let count = read(pipe, &number, 1)
                if count == 1 { wish("signal \(number)") } else if count == 0 || errno != EINTR { return }
            }
        }
    }

    /// Reads standard input on a thread of its own: it may block for ever, and ends with the process.
    private static func readInput(
        into serial: SerialConsole, escapable: Bool, _ wish: @escaping @Sendable (String) -> Void
    ) {
        let (chunks, chunk) = AsyncStream.makeStream(of: [UInt8].self)
        // The reader waits for each chunk to be taken, so that a large input is not held in memory whole.
        // A semaphore must not end below the value that it was made with.
        let room = DispatchSemaphore(value: 0)
        room.signal()
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(0, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                var bytes = Array(buffer.prefix(count))
                if escapable, let escape = bytes.firstIndex(of: escapeKey) {
                    wish("escape key")
                    bytes.removeSubrange(escape...)
                }
                if !escapable {
                    room.wait()
                } else if room.wait(timeout: .now() + 0.5) == .timedOut {
                    // The guest takes no input. What is typed is dropped, so that the escape key is always seen.
                    continue
                }
                chunk.yield(bytes)
            }
            chunk.finish()
        }
        Task.detached {
            for await bytes in chunks {
                // Fails only when the machine has ended, and then nobody reads.
                try? await serial.send(bytes)
                room.signal()
            }
        }
    }
}
