import Foundation
import Testing
import VirtKit

/// A libvirtd that shares nothing with this host's own: Scripts/lib/private-libvirtd.
final class LibvirtDaemon {
    static let absence: Comment =
        "needs VIRTKIT_TEST_QEMU, root, libvirtd, QEMU and the right to make a mount namespace"
    static let isPossible: Bool = {
        guard ProcessInfo.processInfo.environment["VIRTKIT_TEST_QEMU"] != nil, geteuid() == 0,
            Libvirt.availability().level > .no
        else { return false }
        let probe = Process()
        probe.executableURL = URL(fileURLWithPath: "/bin/bash")
        probe.arguments = [
            "-c",
            "command -v libvirtd qemu-system-x86_64 && unshare -m -u --propagation private mount --bind /mnt /mnt",
        ]
        probe.standardOutput = FileHandle.nullDevice
        probe.standardError = FileHandle.nullDevice
        guard (try? probe.run()) != nil else { return false }
        probe.waitUntilExit()
        return probe.terminationStatus == 0
    }()

    static let noContainers: Comment = "needs cgroup v1 controllers that can be mounted alone"
    static let hasContainers: Bool = {
        let controllers = (try? String(contentsOfFile: "/proc/cgroups", encoding: .utf8)) ?? ""
        // A hierarchy of 0 is cgroup v2's, or nobody's.
        return isPossible && FileManager.default.fileExists(atPath: "/usr/lib/libvirt/libvirt_lxc")
            && ["cpu", "memory", "devices", "freezer"].allSatisfy { name in
                controllers.split(separator: "\n").contains { line in
                    let words = line.split(separator: "\t")
                    return words.count > 2 && words[0] == name && words[1] != "0"
                }
            }
    }()

    private static let scripts = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("Scripts/lib").path

    private let process = Process()
    private let folder: ScratchFolder
    var uri: String { uri("qemu") }

    func uri(_ driver: String) -> String { "\(driver)+unix:///system?socket=\(folder("run/libvirt-sock"))" }

    /// Starts the daemon and waits until it answers.
    ///
    /// - Parameter containers: whether its LXC driver is to work.
    init(containers: Bool) async throws {
        folder = try ScratchFolder()
        if containers {
            process.environment = ProcessInfo.processInfo.environment.merging(["VIRTKIT_CONTAINERS": "1"]) { $1 }
        }
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = [Self.scripts + "/private-libvirtd", folder.path]
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try folder.create("messages")
        try process.run()
        let end = ContinuousClock.now + .seconds(60)
        while (try? await LibvirtConnection.with(uri) { try await $0.hostname() }) == nil {
            try #require(process.isRunning && ContinuousClock.now < end, "\(folder.text("messages"))")
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    /// Runs a daemon for the length of a test; ends its machines and it.
    nonisolated(nonsending) static func with(
        containers: Bool = false, _ body: nonisolated(nonsending) (LibvirtDaemon) async throws -> Void
    ) async throws {
        let daemon = try await LibvirtDaemon(containers: containers)
        let result: Result<Void, any Error>
        do { result = .success(try await body(daemon)) } catch { result = .failure(error) }
        for driver in containers ? ["lxc", "qemu"] : ["qemu"] {
            try? await LibvirtConnection.with(daemon.uri(driver)) { connection in
                for domain in try await connection.domains([.active]) { try? await domain.destroy() }
            }
        }
        // What a Dispatch thread starts has SIGTERM blocked.
        kill(daemon.process.processIdentifier, SIGKILL)
        daemon.process.waitUntilExit()
        try result.get()
    }

    /// A folder that serves as the root of `qemu:///embed`.
    static func embeddedRoot() async throws -> ScratchFolder {
        let root = try ScratchFolder()
        let made = try await CommandProcess.run(
            [root.path, scripts], script: "mkdir \"$1/etc\" && \"$2/libvirt-qemu-conf\" >\"$1/etc/qemu.conf\"")
        try #require(made.code == 0, "\(made)")
        return root
    }
}
