import Testing
import VirtKitCore
import VirtKitLibvirt

/// Typed views: what they read, change and keep.
@Suite struct ViewTests {
    static let text = """
        <!-- made by hand -->
        <domain xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0" type="kvm" unknown="kept">
          <name>one</name>
          <memory unit="GiB">2</memory>
          <vcpu placement="static" cpuset="0-3,^2">4</vcpu>
          <os>
            <type arch="x86_64" machine="q35">hvm</type>
            <boot dev="cdrom"/>
            <boot dev="hd"/>
          </os>
          <features>
            <acpi/>
            <kvm>
              <hidden state="on"/>
            </kvm>
          </features>
          <clock offset="utc">
            <timer name="rtc" tickpolicy="catchup"/>
            <timer name="hpet" present="no"/>
          </clock>
          <future>something <new/></future>
          <devices>
            <!-- the system's disk -->
            <disk type="file" device="disk">
              <driver name="qemu" type="qcow2" cache="none"/>
              <source file="/a.qcow2"/>
              <target dev="vda" bus="virtio"/>
            </disk>
            <disk type="file" device="cdrom">
              <target dev="sda" bus="sata"/>
              <readonly/>
            </disk>
            <memballoon model="virtio"/>
          </devices>
          <qemu:commandline>
            <qemu:arg value="-foo"/>
          </qemu:commandline>
        </domain>

        """

    @Test func reads() throws {
        let domain = try DomainDescription(parsing: Self.text)
        #expect(domain.type == .kvm)
        #expect(domain.name == "one")
        #expect(domain.uuid == nil)
        #expect(domain.memory == .gibibytes(2))
        #expect(domain.vcpus == 4)
        #expect(domain.vcpuSet == [0, 1, 3])
        #expect(domain.os.bootDevices == [.cdrom, .disk])
        #expect(domain.os.machine == "q35")
        #expect(domain.features.acpi)
        #expect(!domain.features.apic)
        #expect(domain.features.kvm.hidden == true)
        #expect(domain.features.hyperV.relaxed == nil)
        #expect(domain.clock.timers.map(\.name) == [.rtc, .hpet])
        #expect(domain.clock.timers[1].present == false)
        #expect(domain.devices.disks.count == 2)
        #expect(domain.devices.disks[0].driver.cache == DiskCache.none)
        #expect(domain.devices.disks[1].readOnly)
        #expect(domain.devices.memoryBalloon?.model == "virtio")
        #expect(domain.devices.tpms.isEmpty)
        #expect(domain.launchSecurity == nil)
        #expect(domain.qemu?.arguments == ["-foo"])
    }

    @Test func changesInPlace() throws {
        var domain = try DomainDescription(parsing: Self.text)
        domain.name = "two"
        domain.memory = .gibibytes(3)
        domain.currentMemory = .mebibytes(1)
        domain.vcpuSet = nil
        domain.title = "A title"
        domain.features.apic = true
        domain.features.kvm.hidden = nil
        domain.devices.disks[0].driver.cache = .writeback
        domain.devices.disks[0].source.file = "/b.qcow2"
        domain.devices.memoryBalloon?.statisticsPeriod = 5
        domain.os.bootDevices = [.network]
        domain.qemu?.arguments.append("-bar")
        #expect(
            try domain.xmlString()
                == Self.text
                .replacing("<name>one</name>", with: "<name>two</name>\n  <title>A title</title>")
                .replacing(">2</memory>", with: ">3</memory>\n  <currentMemory unit=\"KiB\">1024</currentMemory>")
                .replacing(" cpuset=\"0-3,^2\"", with: "")
                .replacing("<acpi/>\n    <kvm>\n      <hidden state=\"on\"/>\n    </kvm>", with: "<acpi/>\n    <apic/>")
                .replacing("cache=\"none\"", with: "cache=\"writeback\"")
                .replacing("/a.qcow2", with: "/b.qcow2")
                .replacing(
                    "<memballoon model=\"virtio\"/>",
                    with: "<memballoon model=\"virtio\"><stats period=\"5\"/></memballoon>"
                )
                .replacing("<boot dev=\"cdrom\"/>\n    <boot dev=\"hd\"/>", with: "<boot dev=\"network\"/>")
                .replacing(
                    "<qemu:arg value=\"-foo\"/>", with: "<qemu:arg value=\"-foo\"/>\n    <qemu:arg value=\"-bar\"/>"))
    }

    @Test func listsKeepWhatStays() throws {
        var domain = try DomainDescription(parsing: Self.text)
        var disk = DomainDisk()
        disk.type = .block
        disk.source.device = "/dev/sdx"
        domain.devices.disks.append(disk)
        #expect(domain.devices.disks.map(\.type) == [.file, .file, .block])
        domain.devices.disks.removeAll { $0.device == .cdrom }
        #expect(domain.devices.disks.map(\.type) == [.file, .block])
        #expect(domain.devices.disks[1].source.device == "/dev/sdx")
        domain.devices.disks.swapAt(0, 1)
        #expect(domain.devices.disks.map(\.type) == [.block, .file])
        domain.devices.disks.insert(DomainDisk(), at: 0)
        #expect(domain.devices.disks.map(\.type) == [nil, .block, .file])
        domain.devices.disks.removeFirst(2)
        #expect(domain.devices.disks.map(\.source.file) == ["/a.qcow2"])
        let text = try domain.xmlString()
        #expect(text.contains("<!-- the system's disk -->"))
        #expect(text.split(separator: "<disk").count == 2)
        domain.devices.disks = []
        #expect(domain.devices.disks.isEmpty)
        #expect(domain.devices.memoryBalloon != nil)
    }

    /// What replaces a view as a whole, by an inout argument too, replaces that element only.
    @Test func partsAreReplaced() throws {
        func replace<Value>(_ value: inout Value, _ new: Value) { value = new }
        var domain = try DomainDescription(parsing: Self.text)
        var tpm = DomainTPM()
        tpm.model = "tpm-crb"
        replace(&domain.devices.tpms, [tpm])
        #expect(domain.devices.tpms == [tpm])
        replace(&domain.devices.memoryBalloon, nil)
        #expect(domain.devices.memoryBalloon == nil)
        replace(&domain.features, DomainFeatures())
        #expect(domain.element["features"] == nil)
        replace(&domain.name, nil)
        #expect(domain.name == nil)
        #expect(domain.devices.disks.count == 2)
        var vsock = DomainVSock()
        vsock.cid = 7
        domain.devices.vsock = vsock
        #expect(domain.devices.vsock?.cid == 7)
        #expect(domain.devices.tpms == [tpm])
    }

    @Test func newElementsStandWhereLibvirtPutsThem() throws {
        var domain = DomainDescription()
        domain.devices.memoryBalloon = DomainMemoryBalloon()
        domain.devices.disks = [DomainDisk()]
        domain.devices.emulator = "/bin/true"
        domain.vcpus = 1
        domain.memory = .mebibytes(512)
        domain.individualVCPUs = [DomainVCPU()]
        domain.individualVCPUs[0].id = 0
        domain.name = "x"
        domain.type = .qemu
        domain.cpuTuning.vcpuPins = [DomainVCPUPin()]
        domain.cpuTuning.vcpuPins[0].vcpu = 0
        domain.cpuTuning.vcpuPins[0].cpus = [0, 1, 5]
        #expect(
            try domain.xmlString(indented: true) == """
                <domain type="qemu">
                  <name>x</name>
                  <memory unit="KiB">524288</memory>
                  <vcpu>1</vcpu>
                  <vcpus>
                    <vcpu id="0"/>
                  </vcpus>
                  <cputune>
                    <vcpupin vcpu="0" cpuset="0-1,5"/>
                  </cputune>
                  <devices>
                    <emulator>/bin/true</emulator>
                    <disk/>
                    <memballoon/>
                  </devices>
                </domain>

                """)
        domain.cpuTuning.vcpuPins = []
        domain.individualVCPUs = []
        #expect(domain.element["cputune"] == nil)
        #expect(domain.element["vcpus"] == nil)
    }

    @Test func namespacesAreDeclaredWhereTheyAreUsed() throws {
        var domain = DomainDescription()
        domain.qemu = QEMUCommandLine()
        domain.qemu?.arguments = ["-x"]
        let uri = "https://example.org/app"
        domain.metadata[namespace: uri] = XML.Element(XML.Name("note", in: .init(prefix: "app", uri: uri)), text: "me")
        let text = try domain.xmlString()
        #expect(text.contains("<app:note xmlns:app=\"\(uri)\">me</app:note>"))
        let read = try DomainDescription(parsing: text)
        #expect(read.qemu?.arguments == ["-x"])
        #expect(read.metadata[namespace: uri]?.text == "me")
        domain.metadata[namespace: uri] = nil
        #expect(domain.element["metadata"] == nil)
    }

    @Test func flagsStayWhenTheirAttributesGo() throws {
        var domain = try DomainDescription(parsing: "<domain><features><apic eoi='on'/></features></domain>")
        domain.features.apicEndOfInterrupt = nil
        #expect(domain.features.apic)
        domain.features.apic = false
        #expect(try domain.xmlString() == "<domain/>\n")
    }

    @Test func unreadableValuesAreNil() throws {
        let domain = try DomainDescription(
            parsing:
                "<domain><memory unit='parsec'>1</memory><vcpu cpuset='3-1'>many</vcpu><features><hap state='so'/></features></domain>"
        )
        #expect(domain.memory == nil)
        #expect(domain.vcpus == nil)
        #expect(domain.vcpuSet == nil)
        #expect(domain.features.hardwareAssistedPaging == nil)
    }

    @Test(arguments: [
        ("1", "bytes", 1), ("1", "b", 1), ("2", "KB", 2000), ("2", "k", 2048), ("2", "KiB", 2048),
        ("3", "MB", 3_000_000),
        ("3", "M", 3 << 20), ("1", "GiB", 1 << 30), ("1", "TB", 1_000_000_000_000), ("1", "E", 1 << 60),
        (" 7\n", "kib", 7168), ("0x10", "MiB", 16 << 20),
    ])
    func units(_ number: String, _ unit: String, _ bytes: UInt64) throws {
        var domain = try DomainDescription(parsing: "<domain><memory unit='\(unit)'>\(number)</memory></domain>")
        #expect(domain.memory == .bytes(bytes))
        domain.memory = .bytes(3 << 40)
        #expect(domain.memory == .bytes(3 << 40))
        domain.memory = .bytes(12_345_679)
        #expect(domain.memory == .bytes(12_345_679))
    }

    @Test(arguments: [
        ("", [], ""), ("1", [1], "1"), ("0-3", [0, 1, 2, 3], "0-3"), ("0-3,^2", [0, 1, 3], "0-1,3"),
        (" 5 , 1 ", [1, 5], "1,5"),
    ])
    func sets(_ text: String, _ members: [Int], _ written: String) throws {
        let set = try #require(CPUSet(xml: text))
        #expect(set.members == members)
        #expect(set.xml == written)
    }

    @Test(arguments: [
        "-1", "3-1", "1-2-3", "x", "0-99999999999", "^", "1;2", "9223372036854775807-9223372036854775807",
    ])
    func badSets(_ text: String) { #expect(CPUSet(xml: text) == nil) }

    @Test func anotherKindIsRefused() throws {
        let error = try #require(throws: VirtKitError.self) { try NetworkDescription(parsing: "<domain/>") }
        #expect(error.message == "the document is a <domain>, and not a <network>")
        #expect(throws: VirtKitError.self) { try DomainDescription(parsing: "<domain xmlns='urn:x'/>") }
    }

    @Test func programsHaveTypesOfTheirOwn() throws {
        var settings = XML.View<Settings>()
        settings.colour = "green"
        settings.retries = 3
        #expect(
            try settings.xmlString()
                == "<settings colour=\"green\"><network><retries>3</retries></network></settings>\n")
    }

    struct Settings: XML.Schema {
        static let prototype = XML.Prototype("settings", Settings())
        let colour = XML.Field<String>("@colour")
        let retries = XML.Field<Int>("network/retries")
    }
}
