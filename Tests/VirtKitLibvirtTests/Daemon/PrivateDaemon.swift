import Foundation
import Synchronization
import VirtKitLibvirt

/// A libvirtd of its own, with its own folders in a mount namespace and its own host name, so that several can run here.
final class PrivateDaemon: Sendable {
    let root: String
    let name: String
    private let process = Mutex<Process?>(nil)

    var uri: String { "qemu+unix:///system?socket=\(root)/run/libvirt-sock" }

    init(_ name: String) throws {
        self.name = name
        root = "/tmp/vk-\(name)-\(getpid())"
        for folder in ["run", "lib", "cache", "log", "etc"] {
            try FileManager.default.createDirectory(
                atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
        }
        try EmbeddedQEMU.configuration.write(toFile: "\(root)/etc/qemu.conf", atomically: true, encoding: .utf8)
        try """
        host_uuid = "\(UUID().uuidString.lowercased())"
        auth_unix_rw = "none"
        auth_unix_ro = "none"
        unix_sock_rw_perms = "0700"
        max_client_requests = 20
        """.write(toFile: "\(root)/etc/libvirtd.conf", atomically: true, encoding: .utf8)
    }

    /// Starts the daemon and waits until it answers.
    func start() async throws {
        let new = Process()
        new.executableURL = URL(fileURLWithPath: Needs.tool("unshare") ?? "/usr/bin/unshare")
        let binds = [
            ("run", "/run/libvirt"), ("lib", "/var/lib/libvirt"), ("cache", "/var/cache/libvirt"),
            ("log", "/var/log/libvirt"), ("etc", "/etc/libvirt"),
        ].map { "mkdir -p \($0.1) && mount --bind \(root)/\($0.0) \($0.1)" }.joined(separator: " && ")
        let script = """
            hostname \(name) && \(binds) && exec \(Needs.tool("libvirtd") ?? "libvirtd") \
            --pid-file \(root)/libvirtd.pid
            """
        new.arguments = ["-m", "-u", "--propagation", "private", "/bin/sh", "-c", script]
        new.standardOutput = FileHandle(forWritingAtPath: "/dev/null")
        new.standardError = FileHandle(forWritingAtPath: "/dev/null")
        try new.run()
        process.withLock { $0 = new }
        try await eventually("the daemon \(name) answers", within: .seconds(60)) {
            guard let connection = try? await LibvirtConnection.open(uri) else { return false }
            await connection.close()
            return true
        }
    }

    func signal(_ number: Int32) {
        process.withLock { process in
            guard let process, process.isRunning else { return }
            kill(process.processIdentifier, number)
        }
    }

    /// Ends the daemon at once, as a crash does. Its machines go on.
    func crash() {
        signal(SIGKILL)
        process.withLock { process in
            process?.waitUntilExit()
            process = nil
        }
    }

    /// Ends its machines and the daemon.
    func end() async {
        if let connection = try? await LibvirtConnection.open(uri) {
            for domain in (try? await connection.domains()) ?? [] { try? await domain.destroy() }
            await connection.close()
        }
        signal(SIGTERM)
        process.withLock { process in
            process?.waitUntilExit()
            process = nil
        }
        try? FileManager.default.removeItem(atPath: root)
    }

    /// Runs a daemon for the length of a test.
    static func with(_ name: String, _ body: (PrivateDaemon) async throws -> Void) async throws {
        let daemon = try PrivateDaemon(name)
        do {
            try await daemon.start()
            try await body(daemon)
            await daemon.end()
        } catch {
            daemon.signal(SIGCONT)
            await daemon.end()
            throw error
        }
    }
}
