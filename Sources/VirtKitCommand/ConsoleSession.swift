import CVirtKit
@preconcurrency import Dispatch
import Foundation
import Synchronization
import VirtKit

/// The machine's serial console on the command's standard input and output, and the user's wish to end the machine.
final class ConsoleSession: Sendable {
    /// Ctrl-], as telnet has it.
    private static let escapeKey: UInt8 = 0x1D

    private let wishes: AsyncStream<String>
    private let wish: AsyncStream<String>.Continuation
    private let output: Task<Void, Never>
    private let signals: [any DispatchSourceSignal]

    /// Connects standard input and output. On a terminal the input is raw from here on.
    init(_ serial: SerialConsole) throws {
        let (wishes, wish) = AsyncStream.makeStream(of: String.self, bufferingPolicy: .bufferingNewest(4))
        self.wishes = wishes
        self.wish = wish
        signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { wish.yield("signal \(number)") }
            source.activate()
            return source
        }
        // A reader of our output that has gone away is an error of `write`, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        let isTerminal = isatty(0) != 0
        if isTerminal {
            let error = vk_terminal_raw(0)
            guard error == 0 else {
                throw VirtKitError(
                    .inputOutput, operation: "open terminal", message: "raw mode was refused", errno: -error)
            }
            standardError("virtkit: press Ctrl-] to end the machine")
        }
        output = Task.detached {
            for await chunk in serial.bytes() where !Self.writeAll(chunk.bytes) {
                wish.yield("standard output can't be written")
                return
            }
        }
        Self.readInput(into: serial, escapable: isTerminal, wish)
    }

    /// What the user did to end the machine; nil when the session ends before.
    func userWish() async -> String? {
        for await wish in wishes { return wish }
        return nil
    }

    /// Writes what is left of the output, and restores the terminal.
    func finish() async {
        await output.value
        vk_terminal_restore()
        wish.finish()
        for source in signals { source.cancel() }
    }

    private static func writeAll(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            if written <= 0 { return false }
            rest = rest.dropFirst(written)
        }
        return true
    }

    /// Reads standard input on a thread of its own: it may block for ever, and ends with the process.
    private static func readInput(
        into serial: SerialConsole, escapable: Bool, _ wish: AsyncStream<String>.Continuation
    ) {
        let (chunks, chunk) = AsyncStream.makeStream(of: [UInt8].self)
        // The reader waits for each chunk to be taken, so that a large input is not held in memory whole.
        // A semaphore must not end below the value that it was made with.
        let room = DispatchSemaphore(value: 0)
        room.signal()
        Thread.detachNewThread {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                room.wait()
                let count = read(0, &buffer, buffer.count)
                if count < 0, errno == EINTR {
                    room.signal()
                    continue
                }
                guard count > 0 else { break }
                var bytes = Array(buffer.prefix(count))
                if escapable, let escape = bytes.firstIndex(of: escapeKey) {
                    wish.yield("escape key")
                    bytes.removeSubrange(escape...)
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
