import Foundation
import Testing
import VirtKitCore
import VirtKitLibvirt
import VirtKitTesting

/// QEMU's real driver inside this process: one for all tests, since a process can have only one root.
enum EmbeddedQEMU {
    static let root = "/tmp/vk-embed-\(getpid())"

    /// Without these lines the driver forgets what it knows of QEMU whenever /dev/kvm is closed to it, and asks for 80 s.
    static let configuration = """
        user = "root"
        group = "root"
        security_driver = "none"
        remember_owner = 0
        namespaces = []
        stdio_handler = "file"
        """

    static let uri: String = {
        let folder = "\(root)/etc"
        try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try? configuration.write(toFile: "\(folder)/qemu.conf", atomically: true, encoding: .utf8)
        atexit { try? FileManager.default.removeItem(atPath: EmbeddedQEMU.root) }
        return "qemu:///embed?root=\(root)"
    }()

    // libvirt 9.0 registers the driver at each opening, and has room for few: one connection for all tests.
    private static let shared = Task { try await LibvirtConnection.open(uri) }
    static func connect() async throws -> LibvirtConnection { try await shared.value }

    static func path(_ name: String) -> String { "\(root)/\(UUID().uuidString)-\(name)" }

    /// A machine that runs its firmware, with a disk of 16 MiB.
    static func xml(_ name: String, disk: String? = nil, video: String = "none", transient: Bool = false) -> String {
        let disk = disk.map {
            """
            <disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='\($0)'/>
            <target dev='vda' bus='virtio'/></disk>
            """
        }
        return """
            <domain type='qemu'><name>\(name)</name><memory unit='MiB'>64</memory><vcpu current='1'>2</vcpu>
            <os><type arch='x86_64' machine='pc'>hvm</type></os><features><acpi/><apic/></features>
            <devices><controller type='usb' model='none'/>\(disk ?? "")
            <serial type='pty'><target port='0'/></serial><console type='pty'><target type='serial' port='0'/></console>
            <channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/></channel>
            <video><model type='\(video)'/></video><memballoon model='virtio'/></devices></domain>
            """
    }

    static func makeDisk(_ name: String) throws -> String {
        let path = path(name)
        let image = try #require(Needs.tool("qemu-img"))
        let result = try runProgram(image, ["create", "-q", "-f", "qcow2", path, "16M"])
        try #require(result.status == 0, "\(result.output)")
        return path
    }

    /// The kit's guests. QEMU latches the power button only where the guest has enabled it (ACPI 4.8.4.2.2), so that guest does it
    /// first; and a triple fault is a reset for QEMU, so that there is no guest that crashes.
    static var guests: [GuestRole: MachineConfiguration] {
        var guests = HypervisorSubject.standardGuests
        guests[.crashes] = nil
        if case .flat(.bytes(let code), let address) = guests[.obeysPowerButton]?.boot {
            // mov $0x602, %dx; mov $0x100, %ax; out %ax, %dx
            let enable: [UInt8] = [0x66, 0xBA, 0x02, 0x06, 0x66, 0xB8, 0x00, 0x01, 0x66, 0xEF]
            guests[.obeysPowerButton]?.boot = .flat(.bytes(enable + code), address: address)
        }
        return guests
    }
}
