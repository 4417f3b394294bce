import Foundation
import Testing
import VirtKitLibvirt

extension RealQEMU {
    /// LXC's driver for real. libvirt 9.0 wants control groups of version 1 alone, which the daemon gets in its mount namespace.
    @Suite(.enabled(if: Controllers.areThere, "needs control groups of version 1")) struct LXCTests {
        @Test func aContainerLives() async throws {
            guard let busybox = ProcessInfo.processInfo.environment["BUSYBOX"] else {
                try Test.cancel("needs BUSYBOX, as VIRTKIT_TEST_KERNEL")
            }
            try await PrivateDaemon.with("lxc", containers: true) { daemon in
                let root = "\(daemon.root)/container"
                for folder in ["bin", "dev", "proc", "sys", "tmp"] {
                    try FileManager.default.createDirectory(
                        atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
                }
                try FileManager.default.copyItem(atPath: busybox, toPath: "\(root)/bin/busybox")
                let uri = daemon.uri.replacingOccurrences(of: "qemu+unix", with: "lxc+unix")
                let connection = try await LibvirtConnection.open(uri)
                #expect(try await connection.type() == "LXC")
                let domain = try await connection.define(
                    """
                    <domain type='lxc'><name>box</name><memory unit='MiB'>64</memory><vcpu>1</vcpu>
                    <os><type>exe</type><init>/bin/busybox</init><initarg>sh</initarg></os>
                    <devices><filesystem type='mount'><source dir='\(root)'/><target dir='/'/></filesystem>
                    <console type='pty'/></devices></domain>
                    """)
                #expect(try await domain.osType() == "exe")
                try await domain.start()
                let console = try GuestConsole(await domain.openConsole())
                try await console.ask("echo pid-$$", gives: "pid-1")
                try await domain.pause()
                #expect(try await domain.state().kind == .paused)
                try await domain.resume()
                try await console.ask("echo on-$((20 + 3))", gives: "on-23")
                #expect(try await domain.info().cpuTime > .zero)
                #expect(try await domain.info().maximumMemory == 64 << 10)
                let unsupported = try await failure("a save of a container") {
                    try await domain.save(to: "\(daemon.root)/save")
                }
                #expect(unsupported.code == .noSupport)
                let events = try await domain.events([.lifecycle])
                try await console.send("exit\n")
                let ended = try await promptly("the end of a container") {
                    for await event in events where event.lifecycle?.step == .stopped { return true }
                    return false
                }
                #expect(ended)
                #expect(try await !domain.isActive())
                await console.close()
                try await domain.undefine()
                await connection.close()
            }
        }
    }
}

private enum Controllers {
    /// Control groups of version 1 that a daemon can have alone (Scripts/lib/private-libvirtd).
    static let areThere: Bool = {
        guard Needs.qemu, access("/usr/lib/libvirt/libvirt_lxc", X_OK) == 0 else { return false }
        let controllers = (try? String(contentsOfFile: "/proc/cgroups", encoding: .utf8)) ?? ""
        // A hierarchy of 0 is version 2's, or nobody's.
        return ["cpu", "memory", "devices", "freezer"].allSatisfy { name in
            controllers.split(separator: "\n").contains { line in
                let words = line.split(separator: "\t")
                return words.count > 2 && words[0] == name && words[1] != "0"
            }
        }
    }()
}
