import Foundation
import Testing
import VirtKitCore
import VirtKitLibvirt
import VirtKitTesting

/// QEMU's real driver inside this process: one for all tests, since a process can have only one root.
enum EmbeddedQEMU {
    static let root = "/tmp/vk-embed-\(getpid())"

    static let uri: String = {
        let folder = "\(root)/etc"
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let configuration = try? runProgram(Needs.scripts + "/libvirt-qemu-conf", []).output
        try? configuration?.write(toFile: "\(folder)/qemu.conf", atomically: true, encoding: .utf8)
        atexit { try? FileManager.default.removeItem(atPath: EmbeddedQEMU.root) }
        return "qemu:///embed?root=\(root)"
    }()

    // One for most tests, which then share its threads.
    private static let shared = Task { try await LibvirtConnection.open(uri) }
    static func connect() async throws -> LibvirtConnection { try await shared.value }

    static func path(_ name: String) -> String { "\(root)/\(UUID().uuidString)-\(name)" }

    /// A machine that runs its firmware, with a disk of 16 MiB.
    static func xml(_ name: String, disk: String? = nil, video: String = "none", devices: String = "") -> String {
        """
        <domain type='qemu'><name>\(name)</name><memory unit='MiB'>64</memory><vcpu current='1'>2</vcpu>
        <os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/><apic/></features>
        <devices><controller type='usb' model='none'/>\(disk.map { Self.disk($0, "vda") } ?? "")\(devices)
        <serial type='pty'><target port='0'/></serial><console type='pty'><target type='serial' port='0'/></console>
        <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
        <video><model type='\(video)'/></video><memballoon model='virtio'/></devices></domain>
        """
    }

    static func disk(_ path: String, _ target: String) -> String {
        """
        <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='\(path)'/>
        <target dev='\(target)' bus='virtio'/></disk>
        """
    }

    /// An image of 16 MiB, with bytes 0x5A at its beginning.
    static func makeDisk(_ name: String, filled mebibytes: Int = 0) throws -> String {
        let path = path(name)
        try diskTool("qemu-img", ["create", "-q", "-f", "qcow2", path, "16M"])
        if mebibytes > 0 { try diskTool("qemu-io", ["-f", "qcow2", "-c", "write -P 0x5a 0 \(mebibytes)M", path]) }
        return path
    }

    @discardableResult
    static func diskTool(_ name: String, _ arguments: [String]) throws -> String {
        let result = try runProgram(try #require(Needs.tool(name)), arguments)
        try #require(result.status == 0, "\(name) \(arguments): \(result.output)")
        return result.output
    }

    /// Whether an image has the bytes of `makeDisk`.
    static func isFilled(_ path: String, mebibytes: Int) throws -> Bool {
        let command = "read -P 0x5a 0 \(mebibytes)M"
        return try runProgram(#require(Needs.tool("qemu-io")), ["-r", "-U", "-c", command, path]).status == 0
    }

    /// A persistent, running domain for a test, which runs its firmware.
    static func withDomain(
        _ name: String, disk: Bool = false, filled: Int = 0, video: String = "none", devices: String = "",
        _ body: (LibvirtConnection, LibvirtDomain) async throws -> Void
    ) async throws {
        let connection = try await connect()
        let path = disk ? try makeDisk(name, filled: filled) : nil
        let domain = try await connection.define(xml(name, disk: path, video: video, devices: devices))
        func end() async throws {
            try? await domain.destroy()
            try await domain.undefine([.managedSave, .snapshotsMetadata, .checkpointsMetadata])
            if let path { unlink(path) }
        }
        do {
            try await domain.start()
            try await body(connection, domain)
        } catch {
            try? await end()
            throw error
        }
        try await end()
    }

    /// The kit's guests. QEMU latches the power button only where the guest has enabled it (ACPI 4.8.4.2.2), so that guest does it
    /// first, and says so; and a triple fault is a reset for QEMU, so that there is no guest that crashes.
    static var guests: [GuestRole: MachineConfiguration] {
        var guests = HypervisorSubject.standardGuests
        guests[.crashes] = nil
        if case .flat(.bytes(let code), let address) = guests[.obeysPowerButton]?.boot {
            // mov $0x602, %dx; mov $0x100, %ax; out %ax, %dx; mov $0x3f8, %dx; mov $'!', %al; out %al, %dx
            let enable: [UInt8] = [
                0x66, 0xBA, 0x02, 0x06, 0x66, 0xB8, 0x00, 0x01, 0x66, 0xEF, 0x66, 0xBA, 0xF8, 0x03, 0xB0, 0x21, 0xEE,
            ]
            guests[.obeysPowerButton]?.boot = .flat(.bytes(enable + code), address: address)
        }
        return guests
    }
}
