internal import VirtKitCore

/// Writes the domain document of a machine configuration.
struct DomainBuilder {
    static let namespace = "urn:virtkit:machine:1"

    let configuration: MachineConfiguration
    let options: LibvirtHypervisor.Options

    /// What this hypervisor can't honour, each as a sentence. (What no backend can, `configuration.faults` says.)
    var faults: [String] {
        var faults: [String] = []
        for device in configuration.devices {
            faults.append(
                "device \"\(device.id)\" has the model \"\(device.model)\", which libvirt's machines don't have")
        }
        if configuration.timerFrequency != nil {
            faults.append("timerFrequency can't be set for libvirt's machines")
        }
        if configuration.memory.rawValue % 1024 != 0 { faults.append("memory must be whole KiB") }
        if cpu == nil { faults.append("CPU model \(configuration.cpuModel) is not known for libvirt's machines") }
        if configuration.architecture != .x86_64 {
            faults.append("architecture \(configuration.architecture) has no machine type for the board")
        }
        for text in [configuration.name, commandLine] where text.unicodeScalars.contains(where: { !Self.isXML($0) }) {
            faults.append("a text has a character that XML can't hold")
        }
        return faults
    }

    private var commandLine: String {
        switch configuration.boot {
        case .linux(_, _, let line), .elf(_, let line): line
        case .flat, nil: ""
        }
    }

    /// Whether XML 1.0 may hold a character (section 2.2).
    private static func isXML(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A, 0x0D, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
        default: false
        }
    }

    /// The `<cpu>` element; nil for a model that is not known.
    private var cpu: String? {
        let isKVM = options.virtualization == .kvm
        switch configuration.cpuModel {
        case .standard, .x86_64v2: return "<cpu mode='custom' match='exact' check='none'><model>Nehalem</model></cpu>"
        case .host: return isKVM ? "<cpu mode='host-passthrough' migratable='off'/>" : "<cpu mode='maximum'/>"
        default: return nil
        }
    }

    /// What a saved machine's hardware is compared by.
    var hardware: String {
        "\(configuration.architecture) \(configuration.board) \(configuration.cpus) \(configuration.cpuModel) "
            + "\(configuration.memory.rawValue) \(options.virtualization.rawValue)"
    }

    /// The document.
    func xml(name: String, uuid: String, files: BootFiles) -> String {
        let onReset = configuration.onReset == .restart ? "restart" : "destroy"
        let initrd = files.initrd.map { "<initrd>\(Self.escape($0))</initrd>" } ?? ""
        let line = files.commandLine.isEmpty ? "" : "<cmdline>\(Self.escape(files.commandLine))</cmdline>"
        let emulator = options.emulator.map { "<emulator>\(Self.escape($0))</emulator>" } ?? ""
        return """
            <domain type='\(options.virtualization.rawValue)'>
              <name>\(Self.escape(name))</name>
              <uuid>\(uuid)</uuid>
              <title>\(Self.escape(configuration.name))</title>
              <metadata>
                <virtkit:machine xmlns:virtkit='\(Self.namespace)' hardware='\(Self.escape(hardware))'/>
              </metadata>
              <memory unit='KiB'>\(configuration.memory.rawValue / 1024)</memory>
              <vcpu>\(configuration.cpus)</vcpu>
              <os>
                <type arch='\(configuration.architecture)' machine='q35'>hvm</type>
                <kernel>\(Self.escape(files.kernel))</kernel>\(initrd)\(line)
              </os>
              <features><acpi/><apic/></features>
              \(cpu ?? "")
              <clock offset='utc'/>
              <on_poweroff>destroy</on_poweroff><on_reboot>\(onReset)</on_reboot><on_crash>destroy</on_crash>
              <devices>
                \(emulator)
                <controller type='usb' model='none'/>
                <serial type='pty'><target port='0'/></serial>
                <console type='pty'><target type='serial' port='0'/></console>
                <video><model type='none'/></video>
                <memballoon model='none'/>
              </devices>
            </domain>
            """
    }

    /// A text as the content of an element or of an attribute.
    static func escape(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "'": result += "&apos;"
            case "\"": result += "&quot;"
            case "\t", "\n", "\r": result += "&#\(scalar.value);"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
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
