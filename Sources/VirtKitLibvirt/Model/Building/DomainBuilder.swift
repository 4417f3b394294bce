public import VirtKitCore

extension XML.View<DomainDescriptionSchema> {
    /// Describes a domain that is the machine of a configuration, for QEMU with or without KVM.
    ///
    /// The board `pc-1` becomes QEMU's q35, with a serial port on a pseudo-terminal, ACPI, and nothing that the
    /// configuration does not name. `CPUModel.standard` and `.x86_64v2` become Nehalem, which is that level; `.host` becomes
    /// the host's CPU, or all that QEMU's emulation can do. Devices of the models "virtio-blk", "virtio-net", "virtio-rng",
    /// "virtio-balloon" and "virtio-vsock" become libvirt's, with these properties:
    ///
    /// | model | properties |
    /// |---|---|
    /// | virtio-blk | `path` (needed), `format` (raw), `readonly` (no), `serial` |
    /// | virtio-net | `network` or `bridge`; the user mode stack without either; `mac` |
    /// | virtio-rng | `source` (/dev/urandom) |
    /// | virtio-balloon | none |
    /// | virtio-vsock | `cid`, chosen by libvirt where it is missing |
    ///
    /// - Parameters:
    ///   - configuration: the machine.
    ///   - type: `.kvm` or `.qemu`.
    /// - Throws: `VirtKitError` with the code `.invalidConfiguration` where the configuration has faults of its own, or else
    ///   `.unsupported` where libvirt can't honour it. The message names all of them with their remedies.
    public init(for configuration: MachineConfiguration, type: DomainType) throws(VirtKitError) {
        var builder = DomainBuilder(configuration: configuration, type: type)
        let domain = builder.build()
        let faults = configuration.faults
        guard faults.isEmpty, builder.obstacles.isEmpty else {
            throw VirtKitError(
                faults.isEmpty ? .unsupported : .invalidConfiguration, operation: "describe a domain",
                message: (faults + builder.obstacles.map(\.description)).joined(separator: "; "),
                remedy: builder.obstacles.first?.remedy)
        }
        self = domain
    }

    /// Why libvirt can't honour a configuration that has no faults of its own; empty where it can.
    public static func obstacles(for configuration: MachineConfiguration, type: DomainType) -> [DomainObstacle] {
        var builder = DomainBuilder(configuration: configuration, type: type)
        _ = builder.build()
        return builder.obstacles
    }
}

/// Makes a domain of a configuration, and notes what can't be honoured.
struct DomainBuilder {
    let configuration: MachineConfiguration
    let type: DomainType
    private(set) var obstacles: [DomainObstacle] = []
    private var domain = DomainDescription()

    init(configuration: MachineConfiguration, type: DomainType) {
        self.configuration = configuration
        self.type = type
    }

    mutating func build() -> DomainDescription {
        domain.type = type
        if type != .kvm, type != .qemu {
            refuse(
                "machines are described for the domain types kvm and qemu, and not for \(type)",
                remedy: "choose one of them, or write a DomainDescription of your own")
        }
        buildIdentity()
        buildCPU()
        buildBoot()
        domain.features.acpi = true
        domain.features.apic = true
        domain.onPowerOff = .destroy
        domain.onReboot = configuration.onReset == .restart ? .restart : .destroy
        domain.onCrash = .destroy
        buildConsole()
        for device in configuration.devices { build(device) }
        if configuration.cpuFeatures != nil {
            refuse(
                "single CPU features are not turned into libvirt's",
                remedy: "leave cpuFeatures out, and set them in a DomainDescription")
        }
        if !configuration.placement.isEmpty {
            refuse(
                "the threads of a domain are QEMU's, and placement is not turned into libvirt's tuning",
                remedy: "leave placement out, and set cputune in a DomainDescription")
        }
        if !configuration.memoryPolicy.isEmpty {
            refuse(
                "the memory of a domain is QEMU's, and memoryPolicy is not turned into libvirt's",
                remedy: "leave memoryPolicy out, and set memoryBacking and numatune in a DomainDescription")
        }
        return domain
    }

    private mutating func refuse(_ reason: String, remedy: String) {
        obstacles.append(DomainObstacle(reason, remedy: remedy))
    }

    /// Refuses what XML can't hold.
    private mutating func check(_ text: String, _ what: String) {
        if text.unicodeScalars.contains(where: { $0.value < 0x20 && ![0x09, 0x0A, 0x0D].contains($0.value) }) {
            refuse("\(what) contains a control character, which XML can't hold", remedy: "remove it")
        }
    }

    // MARK: Parts

    private mutating func buildIdentity() {
        let name = configuration.name
        if name.contains("/") || name.contains("\n") || name.allSatisfy(\.isWhitespace) {
            refuse(
                "libvirt takes no domain name that has a slash or a line break, or that is blank",
                remedy: "give the machine another name")
        }
        check(name, "the name")
        domain.name = name
        domain.memory = configuration.memory
        domain.currentMemory = configuration.memory
        domain.vcpus = configuration.cpus
    }

    private mutating func buildCPU() {
        switch configuration.cpuModel {
        case .standard, .x86_64v2: useModel("Nehalem")
        case CPUModel(rawValue: "x86-64-v3"): useModel("Haswell-noTSX")
        case .host: domain.cpu.mode = type == .kvm ? .hostPassthrough : .maximum
        default:
            refuse(
                "the CPU model \(configuration.cpuModel) has no counterpart in libvirt",
                remedy: "choose standard, x86-64-v2, x86-64-v3 or host")
        }
        guard let frequency = configuration.timerFrequency else { return }
        if type == .kvm {
            var timer = DomainTimer()
            timer.name = .tsc
            timer.frequency = Int(clamping: frequency)
            domain.clock.offset = .utc
            domain.clock.timers = [timer]
        } else {
            refuse(
                "QEMU's emulation has a time-stamp counter of its own frequency",
                remedy: "leave timerFrequency out, or use KVM")
        }
    }

    private mutating func useModel(_ name: String) {
        domain.cpu.mode = .custom
        domain.cpu.match = .exact
        domain.cpu.model = name
        domain.cpu.fallback = .forbid
    }

    private mutating func buildBoot() {
        domain.os.type = .hvm
        domain.os.architecture = configuration.architecture.rawValue
        if configuration.architecture == .x86_64 {
            domain.os.machine = "q35"
        } else {
            refuse(
                "machines are described for x86_64, and not for \(configuration.architecture)",
                remedy: "write a DomainDescription of your own")
        }
        switch configuration.boot {
        case .linux(let kernel, let initrd, let commandLine, let entry):
            domain.os.kernel = path(kernel, "the kernel")
            domain.os.initrd = initrd.flatMap { path($0, "the initial RAM disk") }
            if !commandLine.isEmpty { domain.os.commandLine = commandLine }
            check(commandLine, "the command line")
            if entry != .automatic, entry != .bits16 {
                refuse(
                    "QEMU enters Linux by its 16-bit entry, and not by the \(entry.rawValue) one",
                    remedy: "leave the entry to the backend")
            }
        case .elf(let image, let commandLine):
            // QEMU enters it by its PVH note.
            domain.os.kernel = path(image, "the ELF file")
            if !commandLine.isEmpty { domain.os.commandLine = commandLine }
            check(commandLine, "the command line")
        case .flat:
            refuse("QEMU has no boot loader for flat images", remedy: "make an ELF file with a PVH note of it")
        case .multiboot:
            refuse(
                "QEMU changes a multiboot kernel's command line, and libvirt passes no modules on",
                remedy: "make an ELF file with a PVH note of it")
        case .firmware(let image):
            domain.os.loader = path(image, "the firmware")
            domain.os.loaderType = .rom
            domain.os.loaderReadOnly = true
        case nil: break
        }
    }

    private mutating func path(_ image: BootImage, _ what: String) -> String? {
        guard case .path(let path) = image else {
            refuse(
                "\(what) is in this program's memory, and libvirt's host reads files",
                remedy: "write it to a file on that host, and give its path")
            return nil
        }
        checkPath(path, what)
        return path
    }

    private mutating func checkPath(_ path: String, _ what: String) {
        if !path.hasPrefix("/") {
            refuse(
                "the path of \(what), \"\(path)\", is not absolute", remedy: "give an absolute path on libvirt's host")
        }
        check(path, "the path of \(what)")
    }

    private mutating func buildConsole() {
        var serial = DomainSerial()
        serial.type = .pty
        serial.port = 0
        domain.devices.serials = [serial]
        var console = DomainConsole()
        console.type = .pty
        console.targetType = "serial"
        console.port = 0
        domain.devices.consoles = [console]
        // Without these, libvirt adds devices of its own choice.
        var usb = DomainController()
        usb.type = .usb
        usb.model = "none"
        domain.devices.controllers = [usb]
        domain.devices.memoryBalloon = DomainMemoryBalloon()
        domain.devices.memoryBalloon?.model = "none"
    }

    // MARK: Devices

    private mutating func build(_ device: DeviceConfiguration) {
        let what = "the device \(device.id)"
        check(device.id, "the id of a device")
        func known(_ names: [String]) {
            for name in device.properties.keys.sorted() where !names.contains(name) {
                refuse("\(what) has a property \(name), which \(device.model) does not have here", remedy: "remove it")
            }
        }
        for (name, value) in device.properties { check(value, "the property \(name) of \(what)") }
        switch device.model {
        case "virtio-blk":
            known(["path", "format", "readonly", "serial"])
            buildDisk(device, what)
        case "virtio-net":
            known(["network", "bridge", "mac"])
            var interface = DomainInterface()
            if let network = device.properties["network"] {
                interface.type = .network
                interface.source.network = network
            } else if let bridge = device.properties["bridge"] {
                interface.type = .bridge
                interface.source.bridge = bridge
            } else {
                interface.type = .user
            }
            if device.properties["network"] != nil, device.properties["bridge"] != nil {
                refuse("\(what) names a network and a bridge", remedy: "name one of them")
            }
            interface.mac = device.properties["mac"]
            interface.model = "virtio"
            domain.devices.interfaces.append(interface)
        case "virtio-rng":
            known(["source"])
            var generator = DomainRandomGenerator()
            generator.model = "virtio"
            generator.backend = "random"
            generator.device = device.properties["source"] ?? "/dev/urandom"
            checkPath(generator.device ?? "", "the source of \(what)")
            domain.devices.randomGenerators.append(generator)
        case "virtio-balloon":
            known([])
            domain.devices.memoryBalloon?.model = "virtio"
        case "virtio-vsock":
            known(["cid"])
            var socket = DomainVSock()
            socket.model = "virtio"
            socket.cidAuto = device.properties["cid"] == nil
            if let cid = device.properties["cid"] {
                socket.cid = Int(cid)
                if !(3..<0xFFFF_FFFF).contains(socket.cid ?? 0) {
                    refuse("the cid of \(what) is \"\(cid)\"", remedy: "give a number from 3 to 4294967294")
                }
            }
            if domain.devices.vsock != nil {
                refuse("a domain has one virtio-vsock, and \(what) is the second", remedy: "remove one of them")
            }
            domain.devices.vsock = socket
        default:
            refuse(
                "\(what) is of the model \(device.model), which libvirt does not have",
                remedy:
                    "use a virtio model that it has (virtio-blk, virtio-net, virtio-rng, virtio-balloon, virtio-vsock), "
                    + "or a backend that knows this one")
        }
    }

    private mutating func buildDisk(_ device: DeviceConfiguration, _ what: String) {
        var disk = DomainDisk()
        disk.type = .file
        disk.device = .disk
        disk.driver.name = "qemu"
        disk.driver.type = device.properties["format"] ?? "raw"
        if let path = device.properties["path"] {
            checkPath(path, what)
            disk.source.file = path
        } else {
            refuse("\(what) has no path", remedy: "give it the property path")
        }
        let letters = Array("abcdefghijklmnopqrstuvwxyz")
        let number = domain.devices.disks.count
        if number < letters.count {
            disk.target = "vd\(letters[number])"
        } else {
            refuse("\(what) is the disk number \(number + 1)", remedy: "use 26 disks at most")
        }
        disk.bus = .virtio
        switch device.properties["readonly"] {
        case nil, "no", "false": break
        case "yes", "true": disk.readOnly = true
        case let other?: refuse("the property readonly of \(what) is \"\(other)\"", remedy: "say yes or no")
        }
        disk.serial = device.properties["serial"]
        domain.devices.disks.append(disk)
    }
}
