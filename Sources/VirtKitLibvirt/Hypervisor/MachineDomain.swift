internal import VirtKitCore

/// The domain of a machine: what `DomainDescription` makes of its configuration, with what VirtKit must find again.
struct MachineDomain {
    static let namespace = "urn:virtkit:machine:1"

    let configuration: MachineConfiguration
    let options: LibvirtHypervisor.Options

    private var type: DomainType { DomainType(rawValue: options.virtualization.rawValue) }

    /// What libvirt can't honour, each as a sentence. (What no backend can, `configuration.faults` says.)
    var obstacles: [DomainObstacle] {
        // Images are looked at on their own: all of them become files.
        var configuration = configuration
        configuration.boot = configuration.boot.map(Self.withPaths)
        configuration.name = configuration.name.replacing("/", with: "-")
        return DomainDescription.obstacles(for: configuration, type: type)
    }

    private static func withPaths(_ boot: BootSource) -> BootSource {
        let file: BootImage = "/file"
        switch boot {
        case .linux(_, let initrd, let line, let entry):
            return .linux(kernel: file, initrd: initrd.map { _ in file }, commandLine: line, entry: entry)
        case .elf(_, let line): return .elf(file, commandLine: line)
        case .flat: return .elf(file)
        case .multiboot(_, let modules, let line):
            let modules = modules.map { module in
                var module = module
                module.image = file
                return module
            }
            return .multiboot(file, modules: modules, commandLine: line)
        case .firmware: return .firmware(file)
        }
    }

    /// What a saved machine's hardware is compared by.
    var hardware: String {
        let devices = configuration.devices.map { "\($0.id)=\($0.model)" }.joined(separator: ",")
        return "\(configuration.architecture) \(configuration.board) \(configuration.cpus) \(configuration.cpuModel) "
            + "\(configuration.memory.rawValue) \(options.virtualization.rawValue) \(devices)"
    }

    /// The document.
    func xml(name: String, uuid: String, files: BootFiles) throws(VirtKitError) -> String {
        var resolved = configuration
        resolved.name = name
        resolved.boot = files.boot
        var domain = try DomainDescription(for: resolved, type: type)
        domain.uuid = uuid
        domain.title = configuration.name
        // The driver's own look at the model refuses named ones under emulation that QEMU has.
        domain.cpu.check = DomainCPUCheck.none
        domain.devices.emulator = options.emulator ?? domain.devices.emulator
        var machine = XML.Element(XML.Name("machine", in: XML.Namespace(prefix: "virtkit", uri: Self.namespace)))
        machine[attribute: "hardware"] = hardware
        domain.metadata[namespace: Self.namespace] = machine
        return try domain.xmlString()
    }

    /// The hardware and the UUID of a saved machine's document; nil where it is none of ours.
    static func saved(in xml: String) -> (hardware: String, uuid: String)? {
        guard let domain = try? DomainDescription(parsing: xml), let uuid = domain.uuid,
            let hardware = domain.metadata[namespace: namespace]?[attribute: "hardware"]
        else { return nil }
        return (hardware, uuid)
    }

    /// A random UUID (RFC 4122, version 4).
    static func randomUUID() -> String {
        var bytes = (0..<16).map { _ in UInt8.random(in: 0...255) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text += byte < 16 ? "0\(String(byte, radix: 16))" : String(byte, radix: 16)
        }
        return text
    }
}
