import Foundation
import VirtKit

/// Asks the user for a host's credentials, on the process's terminal.
enum CredentialPrompt {
    /// The answers; nil where this process has no terminal.
    static var credentials: LibvirtCredentials? {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else { return nil }
        close(terminal)
        return { requests in requests.map(ask) }
    }

    /// Asks one question. What is typed for a secret is not shown.
    private static func ask(_ request: LibvirtCredentialRequest) -> String? {
        let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)
        guard terminal >= 0 else { return nil }
        defer { close(terminal) }
        var settings = termios()
        let isSecret = [.passphrase, .noEchoPrompt].contains(request.kind)
        let hides = isSecret && tcgetattr(terminal, &settings) == 0
        if hides {
            var silent = settings
            silent.c_lflag &= ~tcflag_t(ECHO)
            tcsetattr(terminal, TCSAFLUSH, &silent)
        }
        defer {
            if hides {
                tcsetattr(terminal, TCSAFLUSH, &settings)
                _ = writeAll([0x0A], to: terminal)
            }
        }
        let suggestion = request.suggestion.map { " [\($0)]" } ?? ""
        let prompt = request.prompt.isEmpty ? request.kind.rawValue == 2 ? "user" : "password" : request.prompt
        _ = writeAll(Array("\(prompt)\(suggestion): ".utf8), to: terminal)
        guard let line = readLine(terminal) else { return nil }
        return line.isEmpty ? request.suggestion ?? "" : line
    }

    /// A line of at most 4,095 bytes; nil at the end of input.
    private static func readLine(_ terminal: Int32) -> String? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count < 4096 {
            let count = read(terminal, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { return nil }
            if byte == 0x0A { return String(decoding: line, as: UTF8.self) }
            line.append(byte)
        }
        return nil
    }
}
