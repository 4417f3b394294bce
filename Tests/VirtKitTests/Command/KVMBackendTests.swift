import Foundation
import Testing
import VirtKit

/// `virtkit backends` and `--backend kvm` where KVM is there, and where it is denied in earnest: by permissions, and by a
/// private view of `/dev`.
@Suite(.enabled(if: CommandProcess.path != nil, CommandProcess.absence)) struct KVMBackendTests {
    /// Whether this process may make a private view of the file system.
    private static let canUnshare = succeeds("unshare -m true")
    private static let canDropUser = succeeds("setpriv --reuid 65534 --regid 65534 --clear-groups true")
    private static let hasDevice = access("/dev/kvm", R_OK | W_OK) == 0

    private static func succeeds(_ script: String) -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", script + " >/dev/null 2>&1"]
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }

    private struct Row {
        var available: Bool
        var reason: String
        var remedy: String?
        var details: [String: String]
    }

    private func row(_ script: String? = nil) async throws -> Row {
        let result = try await CommandProcess.run(["backends", "--json"], script: script)
        #expect(result.code == 0, "\(result)")
        let rows = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]]
        let row = try #require(rows?.first { $0["id"] as? String == "kvm" })
        return Row(
            available: try #require(row["available"] as? Bool), reason: try #require(row["reason"] as? String),
            remedy: row["remedy"] as? String, details: try #require(row["details"] as? [String: String]))
    }

    @Test func tellsWhatItStandsOn() async throws {
        let row = try await row()
        #expect(row.available || row.remedy != nil)
        for name in ["hypervisor-type", "hardware", "hypervisor-beneath", "kvm", "modules", "device"] {
            #expect(row.details[name]?.isEmpty == false, "\(name)")
        }
    }

    @Test(
        .enabled(if: canUnshare && hasDevice, "needs /dev/kvm and the right to make a private view of /dev"),
        arguments: [
            ("mount -t tmpfs none /dev", ["/dev/kvm"], ["--device /dev/kvm", "mknod", "modprobe", "nested"]),
            ("mount --bind /dev/null /dev/kvm", ["1:3", "10:232"], ["mknod /dev/kvm c 10 232"]),
        ])
    func aDeviceThatIsMissingOrAnother(_ mount: String, reasons: [String], remedies: [String]) async throws {
        let row = try await row("exec unshare -m bash -c '\(mount) && exec \"$0\" \"$@\"' \"$0\" \"$@\"")
        #expect(!row.available)
        for text in reasons { #expect(row.reason.contains(text) || row.details["device"]?.contains(text) == true) }
        let remedy = try #require(row.remedy)
        #expect(remedies.contains { remedy.contains($0) }, "\(remedy)")
    }

    @Test(.enabled(if: canDropUser && hasDevice, "needs /dev/kvm and the right to become another user"))
    func aUserWithoutPermission() async throws {
        let path = "/tmp/virtkit-denied-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        // The command's own folder may not be open to that user. It is copied by a child: a file that this process has open to
        // write can't be executed as long as a child of another test holds it ("Text file busy").
        let row = try await row(
            "install -m 755 \"$0\" \(path); exec setpriv --reuid 65534 --regid 65534 --clear-groups \(path) \"$@\"")
        // A device that everyone may open is no denial.
        if row.available { return }
        #expect(row.reason.contains("/dev/kvm is of group"))
        #expect(row.remedy?.contains("usermod -aG") == true)
    }

    @Test func theBackendIsChosenByItsAnswer() async throws {
        var configuration = MachineConfiguration(
            architecture: .x86_64, memory: .mebibytes(16), boot: .linux(kernel: "vmlinuz"))
        let answer = await KVMBackend().probe(for: configuration)
        let choice = try await Backends.builtIn.best(for: configuration)
        #expect(choice.backend.id == (answer.level == .full ? "kvm" : "emulator"))
        if answer.level < .full {
            #expect(choice.explanation.contains("not kvm: \(answer.reason)"))
            #expect(answer.remedy != nil)
        }
        configuration.boot = .flat(.bytes([0xF4]), address: 0x10_0000)
        configuration.cpuModel = .host
        let bare = await KVMBackend().probe(for: configuration)
        let bareChoice = try await Backends.builtIn.best(for: configuration)
        #expect(bareChoice.backend.id == (bare.level == .full ? "kvm" : "emulator"))
    }

    @Test func aBareGuestMayAskForKVM() async throws {
        var configuration = MachineConfiguration(
            architecture: .x86_64, memory: .mebibytes(16), boot: .flat(.bytes([0xF4]), address: 0x10_0000))
        configuration.cpuModel = .host
        let answer = await KVMBackend().probe(for: configuration)
        let folder = try ScratchFolder()
        // mov $0x3F8, %dx; mov $'K', %al; out %al, (%dx); mov $42, %eax; out %eax, $0xF4; hlt
        let path = folder("guest")
        try Data([
            0x66, 0xBA, 0xF8, 0x03, 0xB0, 0x4B, 0xEE, 0xB8, 0x2A, 0x00, 0x00, 0x00, 0xE7, 0xF4, 0xF4,
        ]).write(to: URL(fileURLWithPath: path))
        let result = try await CommandProcess.run(
            ["run", "--backend", "kvm", "--cpu", "host", "--kernel", path, "--timeout", "60"])
        if answer.level == .no {
            #expect(result.code == 78)
            #expect(result.error.contains(answer.reason))
        } else {
            #expect(result.code == 85, "\(result)")
            #expect(result.output == "K")
        }
    }
}
