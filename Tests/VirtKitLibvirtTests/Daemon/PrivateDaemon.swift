import Foundation
import Synchronization
import VirtKitLibvirt

/// A libvirtd of its own, with its own folders in a mount namespace and its own host name, so that several can run here.
final class PrivateDaemon: Sendable {
    let root: String
    let name: String
    private let process = Mutex<pid_t?>(nil)

    /// Has machines with autostart started with the daemon again, as after a start of the host.
    func forgetAutostart() { try? FileManager.default.removeItem(atPath: "\(root)/run/qemu/autostarted") }

    var uri: String { "qemu+unix:///system?socket=\(root)/run/libvirt-sock" }

    private let hasContainers: Bool

    /// - Parameter containers: whether its LXC driver is to work.
    init(_ name: String, containers: Bool = false) {
        self.name = name
        hasContainers = containers
        root = "/tmp/vk-\(name)-\(getpid())"
    }

    /// Starts the daemon and waits until it answers.
    func start() async throws {
        let new = try Self.spawn(
            "/bin/bash", [Needs.scripts + "/private-libvirtd", root, name],
            environment: hasContainers ? ["VIRTKIT_CONTAINERS": "1"] : [:])
        process.withLock { $0 = new }
        try await eventually("the daemon \(name) answers", within: .seconds(60)) {
            guard let connection = try? await LibvirtConnection.open(uri) else { return false }
            await connection.close()
            return true
        }
    }

    /// Starts a program without input and output. (Foundation's `Process` keeps descriptors for each thread that it is used on, which
    /// would look like a leak.)
    private static func spawn(
        _ path: String, _ arguments: [String], environment more: [String: String]
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        // Swift's threads have most signals blocked, and what they start would never see SIGTERM.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        // SAFETY: the copies come from strdup and are freed after the call.
        let strings = ([path] + arguments).map { strdup($0) }
        let variables = ProcessInfo.processInfo.environment.merging(more) { $1 }
        let environment = variables.map { strdup("\($0.key)=\($0.value)") }
        defer { for string in strings + environment { free(string) } }
        var new: pid_t = 0
        let result = posix_spawn(&new, path, &actions, &attributes, strings + [nil], environment + [nil])
        guard result == 0 else { throw Unexpected(text: "\(path) did not start: \(String(cString: strerror(result)))") }
        return new
    }

    func signal(_ number: Int32) {
        process.withLock { process in if let process { kill(process, number) } }
    }

    /// Waits for the end of the process that was asked to end; one that does not is killed.
    private func waitForExit() async {
        for attempt in 0... {
            let ended = process.withLock { process in
                guard let running = process else { return true }
                guard waitpid(running, nil, WNOHANG) != 0 else { return false }
                process = nil
                return true
            }
            if ended { return }
            if attempt == 1000 { signal(SIGKILL) }
            try? await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Ends the daemon at once, as a crash does. Its machines go on.
    func crash() async {
        signal(SIGKILL)
        await waitForExit()
    }

    /// Ends its machines and the daemon.
    func end() async {
        if let connection = try? await LibvirtConnection.open(uri) {
            for domain in (try? await connection.domains()) ?? [] { try? await domain.destroy() }
            await connection.close()
        }
        signal(SIGTERM)
        await waitForExit()
        try? FileManager.default.removeItem(atPath: root)
    }

    /// Runs a daemon for the length of a test.
    static func with(_ name: String, containers: Bool = false, _ body: (PrivateDaemon) async throws -> Void)
        async throws
    {
        let daemon = PrivateDaemon(name, containers: containers)
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
