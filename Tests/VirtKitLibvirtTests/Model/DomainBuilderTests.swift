import Testing
import VirtKitCore
import VirtKitLibvirt

/// Domains for machine configurations.
@Suite struct DomainBuilderTests {
    static func configuration() -> MachineConfiguration {
        var configuration = MachineConfiguration(
            name: "m", architecture: .x86_64, cpus: 2, memory: .mebibytes(512),
            boot: .linux(kernel: "/vmlinuz", initrd: "/initrd", commandLine: "console=ttyS0 a=\"b\" <&>"))
        configuration.devices = [
            DeviceConfiguration(id: "d", model: "virtio-blk", properties: ["path": "/a'\".img", "readonly": "yes"]),
            DeviceConfiguration(id: "n", model: "virtio-net", properties: ["network": "default"]),
            DeviceConfiguration(id: "r", model: "virtio-rng"), DeviceConfiguration(id: "v", model: "virtio-vsock"),
        ]
        return configuration
    }

    @Test func describesTheMachine() throws {
        let domain = try DomainDescription(for: Self.configuration(), type: .qemu)
        #expect(
            try domain.xmlString(indented: true) == """
                <domain type="qemu">
                  <name>m</name>
                  <memory unit="KiB">524288</memory>
                  <currentMemory unit="KiB">524288</currentMemory>
                  <vcpu>2</vcpu>
                  <os>
                    <type arch="x86_64" machine="q35">hvm</type>
                    <kernel>/vmlinuz</kernel>
                    <initrd>/initrd</initrd>
                    <cmdline>console=ttyS0 a="b" &lt;&amp;&gt;</cmdline>
                  </os>
                  <features>
                    <acpi/>
                    <apic/>
                  </features>
                  <cpu mode="custom" match="exact">
                    <model fallback="forbid">Nehalem</model>
                  </cpu>
                  <on_poweroff>destroy</on_poweroff>
                  <on_reboot>destroy</on_reboot>
                  <on_crash>destroy</on_crash>
                  <devices>
                    <disk type="file" device="disk">
                      <driver name="qemu" type="raw"/>
                      <source file="/a'&quot;.img"/>
                      <target dev="vda" bus="virtio"/>
                      <readonly/>
                    </disk>
                    <controller type="usb" model="none"/>
                    <interface type="network">
                      <source network="default"/>
                      <model type="virtio"/>
                    </interface>
                    <serial type="pty">
                      <target port="0"/>
                    </serial>
                    <console type="pty">
                      <target type="serial" port="0"/>
                    </console>
                    <memballoon model="none"/>
                    <rng model="virtio">
                      <backend model="random">/dev/urandom</backend>
                    </rng>
                    <vsock model="virtio">
                      <cid auto="yes"/>
                    </vsock>
                  </devices>
                </domain>

                """)
    }

    @Test func kvmHasTheHostsCPUAndAFrequency() throws {
        var configuration = Self.configuration()
        configuration.cpuModel = .host
        configuration.timerFrequency = 2_000_000_000
        configuration.onReset = .restart
        let domain = try DomainDescription(for: configuration, type: .kvm)
        #expect(domain.cpu.mode == .hostPassthrough)
        #expect(domain.clock.timers.map(\.frequency) == [2_000_000_000])
        #expect(domain.onReboot == .restart)
        configuration.timerFrequency = nil
        #expect(try DomainDescription(for: configuration, type: .qemu).cpu.mode == .maximum)
    }

    @Test func refusesAllAtOnce() throws {
        var configuration = Self.configuration()
        configuration.name = "a/b\u{1}"
        configuration.cpuModel = CPUModel(rawValue: "abacus")
        configuration.timerFrequency = 2_000_000_000
        configuration.boot = .linux(kernel: .bytes([1]), initrd: "relative", commandLine: "\u{7}")
        configuration.devices = [
            DeviceConfiguration(id: "x", model: "toaster"),
            DeviceConfiguration(id: "d", model: "virtio-blk", properties: ["readonly": "maybe", "colour": "red"]),
            DeviceConfiguration(id: "n", model: "virtio-net", properties: ["network": "a", "bridge": "b"]),
            DeviceConfiguration(id: "v", model: "virtio-vsock", properties: ["cid": "2"]),
            DeviceConfiguration(id: "w", model: "virtio-vsock"),
        ]
        let obstacles = DomainDescription.obstacles(for: configuration, type: .qemu)
        for part in [
            "slash", "name contains a control character", "abacus", "time-stamp counter", "in this program's memory",
            "\"relative\", is not absolute", "command line contains a control character", "toaster",
            "device d has no path",
            "readonly of the device d", "property colour", "a network and a bridge", "cid of the device v",
            "is the second",
        ] {
            #expect(obstacles.contains { $0.reason.contains(part) }, "\(part)")
        }
        #expect(obstacles.count == 14)
        #expect(obstacles.allSatisfy { !$0.remedy.isEmpty })
        let error = try #require(throws: VirtKitError.self) { try DomainDescription(for: configuration, type: .qemu) }
        #expect(error.code == .unsupported)
        #expect(obstacles.allSatisfy { error.message.contains($0.description) })
        configuration.cpus = 0
        let second = try #require(throws: VirtKitError.self) { try DomainDescription(for: configuration, type: .xen) }
        #expect(second.code == .invalidConfiguration)
        #expect(second.message.contains("cpus is 0"))
        #expect(second.message.contains("not for xen"))
    }

    @Test func everyBootSourceIsHonouredOrRefused() throws {
        var configuration = Self.configuration()
        configuration.boot = .linux(kernel: "/k", entry: .bits32)
        #expect(
            DomainDescription.obstacles(for: configuration, type: .kvm).map(\.reason).first?.contains("32-bit") == true)
        configuration.boot = .multiboot("/k")
        #expect(DomainDescription.obstacles(for: configuration, type: .kvm).count == 1)
        configuration.boot = .firmware("/rom")
        #expect(try DomainDescription(for: configuration, type: .kvm).os.loader == "/rom")
        configuration.boot = .flat("/image", address: 0x1000)
        #expect(
            DomainDescription.obstacles(for: configuration, type: .kvm).map(\.reason).first?.contains("flat") == true)
        configuration.boot = .elf("/elf", commandLine: "x")
        #expect(try DomainDescription(for: configuration, type: .kvm).os.kernel == "/elf")
    }
}
