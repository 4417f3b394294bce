import Foundation
import Synchronization
import Testing
import VirtKitLibvirt

/// Debian's kernel with a guest agent, a channel that answers in capitals, a balloon and a shell (Tests/QEMU). It is booted once;
/// tests get it back from a file, some seconds old.
enum LinuxGuest {
    static func files() throws -> (kernel: String, initrd: String) {
        let variables = ProcessInfo.processInfo.environment
        guard let kernel = variables["VIRTKIT_TEST_KERNEL"], let initrd = variables["VIRTKIT_TEST_QEMU_INITRD"] else {
            try Test.cancel("needs VIRTKIT_TEST_KERNEL and VIRTKIT_TEST_QEMU_INITRD")
        }
        return (kernel, initrd)
    }

    static let memory: UInt64 = 192 << 10

    static func xml(_ name: String) throws -> String {
        let (kernel, initrd) = try files()
        return """
            <domain type='qemu'><name>\(name)</name><uuid>5a0f6a52-7f0b-4c0e-8a5d-0123456789ab</uuid>
            <memory unit='KiB'>\(memory)</memory><vcpu current='1'>2</vcpu>
            <os><type arch='x86_64' machine='pc'>hvm</type><kernel>\(kernel)</kernel><initrd>\(initrd)</initrd>
            <cmdline>console=ttyS0 quiet mitigations=off nokaslr</cmdline></os><features><acpi/><apic/></features>
            <devices><controller type='usb' model='none'/>
            <serial type='pty'><target port='0'/></serial><console type='pty'><target type='serial' port='0'/></console>
            <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
            <channel type='unix'><target type='virtio' name='org.virtkit.echo'/></channel>
            <memballoon model='virtio'/></devices></domain>
            """
    }

    /// Boots it, and saves it when it is ready.
    private static let image = Task { () throws -> String in
        let connection = try await EmbeddedQEMU.connect()
        let path = "\(EmbeddedQEMU.root)/linux.save"
        let domain = try await connection.create(xml("linux"))
        do {
            let console = try await GuestConsole(domain)
            try await console.expect("the guest is ready")
            try await console.ask("echo a-$((1 + 1))", gives: "a-2")
            await console.close()
            try await domain.save(to: path)
        } catch {
            try? await domain.destroy()
            throw error
        }
        return path
    }

    static func savedImage() async throws -> String { try await image.value }

    /// Runs it for a test.
    static func with(
        _ body: (LibvirtConnection, LibvirtDomain, GuestConsole) async throws -> Void
    ) async throws {
        _ = try files()
        let image = try await savedImage()
        let connection = try await EmbeddedQEMU.connect()
        try await connection.restore(from: image)
        let domain = try await connection.domain(named: "linux")
        do {
            let console = try await GuestConsole(domain)
            try await console.ask("echo here-$((6 * 7))", gives: "here-42")
            try await body(connection, domain, console)
            await console.close()
        } catch {
            try? await domain.destroy()
            throw error
        }
        try? await domain.destroy()
    }
}

/// A conversation on a stream of a domain's.
final class GuestConsole: Sendable {
    private let stream: LibvirtStream
    private let text = Mutex("")
    private let reader: Task<Void, Never>

    init(_ stream: LibvirtStream) {
        self.stream = stream
        let (chunks, chunk) = AsyncStream.makeStream(of: String.self)
        reader = Task.detached {
            while let bytes = try? await stream.read() { chunk.yield(String(decoding: bytes, as: UTF8.self)) }
            chunk.finish()
        }
        pieces = chunks
    }

    private let pieces: AsyncStream<String>

    convenience init(_ domain: LibvirtDomain) async throws { self.init(try await domain.openConsole()) }

    func send(_ text: String) async throws { try await stream.write(Array(text.utf8)) }

    /// Waits for a text, and forgets what came until its end.
    func expect(_ wanted: String, within limit: Duration = .seconds(200)) async throws {
        try await promptly("the wait for \"\(wanted)\"", within: limit) { [self] in
            if take(wanted, with: "") { return }
            for await piece in pieces where take(wanted, with: piece) { return }
            throw Unexpected(text: "no \"\(wanted)\" after \"\(text.withLock { $0.suffix(2000) })\"")
        }
    }

    private func take(_ wanted: String, with piece: String) -> Bool {
        text.withLock { text in
            text += piece
            guard let range = text.range(of: wanted) else { return false }
            text.removeSubrange(..<range.upperBound)
            return true
        }
    }

    /// Gives the shell a line. The answer must not be a part of the line, which the terminal echoes.
    func ask(_ line: String, gives answer: String) async throws {
        try await send(line + "\n")
        try await expect(answer)
    }

    func close() async {
        reader.cancel()
        await stream.close()
    }
}
