import Foundation
import Testing
import VirtKitCore
import VirtKitLibvirt
import VirtKitTesting

extension RealQEMU {
    /// What needs a guest that takes part.
    @Suite struct GuestTests {
        private static let ping = "{\"execute\":\"guest-ping\"}"

        private func waitForAgent(_ domain: LibvirtDomain) async throws {
            try await eventually("the agent answers") {
                (try? await domain.agent.command(Self.ping, timeout: 5)) != nil
            }
        }

        @Test func theAgentAnswers() async throws {
            try await LinuxGuest.with { connection, domain, console in
                try await waitForAgent(domain)
                let agent = domain.agent
                try await console.ask(
                    "hostname speaking; ifconfig lo 127.0.0.1 up; echo done-$((1 + 2))", gives: "done-3")
                // VIR_DOMAIN_GUEST_INFO_OS and _HOSTNAME
                let information = try await agent.information(types: 1 << 1 | 1 << 3)
                #expect(information["hostname"] == .string("speaking"))
                #expect(information["os.kernel-release"]?.text?.contains("amd64") == true)
                let addresses = try await domain.interfaceAddresses(.agent)
                #expect(addresses.first { $0.name == "lo" }?.addresses.contains("127.0.0.1/8") == true)
                try await agent.setTime(.seconds(1_900_000_000))
                #expect((1_900_000_000..<1_900_001_000).contains(try await agent.time().components.seconds))
                try await console.ask("echo year-$(date +%Y)", gives: "year-2030")
                let unknown = try await failure("a command that the agent does not have") {
                    _ = try await agent.command("{\"execute\":\"guest-sing\"}")
                }
                #expect(unknown.message.contains("guest-sing"))
            }
        }

        @Test func theAgentFreezesFileSystems() async throws {
            try await LinuxGuest.with { connection, domain, console in
                let path = try EmbeddedQEMU.makeDisk("frozen")
                defer { unlink(path) }
                try await domain.attachDevice(EmbeddedQEMU.disk(path, "vda"), [.live])
                try await console.ask(
                    "until [ -b /dev/vda ]; do sleep 0.1; done; mke2fs -q /dev/vda && mkdir -p /mnt "
                        + "&& mount /dev/vda /mnt && echo mounted-$((2 + 3))", gives: "mounted-5")
                try await waitForAgent(domain)
                let agent = domain.agent
                let fileSystems = try await agent.fileSystems()
                #expect(fileSystems.map(\.mountPoint) == ["/mnt"])
                #expect(fileSystems.first?.disks == ["vda"])
                #expect(try await agent.freeze() == 1)
                let frozen = try await agent.command("{\"execute\":\"guest-fsfreeze-status\"}")
                #expect(frozen.contains("frozen"))
                #expect(try await agent.thaw() == 1)
                try await console.ask("echo x >/mnt/x && sync && echo written-$((3 + 4))", gives: "written-7")
            }
        }

        @Test func theChannelAnswers() async throws {
            try await LinuxGuest.with { connection, domain, console in
                let channel = GuestConsole(try await domain.openChannel(name: "org.virtkit.echo"))
                // The guest notices its new other side within a second.
                try await eventually("an answer on the channel") {
                    try await channel.send("are you there\n")
                    return (try? await channel.expect("ARE YOU THERE", within: .seconds(2))) != nil
                }
                try await channel.send("line of \(String(repeating: "x", count: 500))\n")
                try await channel.expect("LINE OF \(String(repeating: "X", count: 500))")
                await channel.close()
                let missing = try await failure("a channel that is not there") {
                    _ = try await domain.openChannel(name: "org.virtkit.other")
                }
                #expect(missing.message.contains("org.virtkit.other"))
            }
        }

        @Test func memoryAndProcessorsChangeUnderTheGuest() async throws {
            try await LinuxGuest.with { connection, domain, console in
                let events = try await domain.events([.balloonChange])
                let less: UInt64 = LinuxGuest.memory - (48 << 10)
                try await domain.setMemory(less, [.live])
                try await eventually("the balloon has grown") {
                    try await domain.statistics([.balloon]).balloonCurrent == less
                }
                let told = try await promptly("the balloon's event") {
                    for await event in events where event.values["actual"]?.unsigned == less { return true }
                    return false
                }
                #expect(told)
                try await console.ask("echo cpus-$(cat /sys/devices/system/cpu/present)", gives: "cpus-0")
                try await domain.setVCPUCount(2, [.live])
                #expect(try await domain.vcpuCount([.live]) == 2)
                try await console.ask(
                    "until [ -d /sys/devices/system/cpu/cpu1 ]; do sleep 0.1; done; "
                        + "echo present-$(cat /sys/devices/system/cpu/present)", gives: "present-0-1")
            }
        }

        @Test func disksComeAndGo() async throws {
            try await LinuxGuest.with { connection, domain, console in
                let events = try await domain.events([.deviceAdded, .deviceRemoved])
                let path = try EmbeddedQEMU.makeDisk("hot")
                defer { unlink(path) }
                try await domain.attachDevice(EmbeddedQEMU.disk(path, "vda"), [.live])
                try await console.ask(
                    "until [ -b /dev/vda ]; do sleep 0.1; done; echo sectors-$(cat /sys/block/vda/size)",
                    gives: "sectors-32768")
                try await console.ask(
                    "dd if=/dev/zero of=/dev/vda bs=4k count=16 conv=fsync 2>/dev/null; echo wrote-$((4 + 4))",
                    gives: "wrote-8")
                let disk = try #require(try await domain.statistics([.block]).disks.first)
                #expect((disk.writtenBytes ?? 0) >= 65536)
                try await domain.resizeBlock("vda", bytes: 32 << 20)
                try await console.ask(
                    "until grep -q 65536 /sys/block/vda/size; do sleep 0.1; done; echo grown-$((5 + 4))",
                    gives: "grown-9"
                )
                try await domain.detachDevice(EmbeddedQEMU.disk(path, "vda"), [.live])
                let kinds = try await promptly("the events of a disk") {
                    var kinds: [LibvirtEvent.Kind] = []
                    for await event in events where event.deviceAlias == "virtio-disk0" {
                        kinds.append(event.kind)
                        if event.kind == .deviceRemoved { break }
                    }
                    return kinds
                }
                #expect(kinds == [.deviceAdded, .deviceRemoved])
                try await console.ask("[ -b /dev/vda ] || echo gone-$((5 + 5))", gives: "gone-10")
                #expect(try await !domain.xml().contains(path))
            }
        }

        @Test func aRevertBringsTheGuestBack() async throws {
            try await LinuxGuest.with { connection, domain, console in
                // Internal snapshots with memory need a place: a disk.
                let path = try EmbeddedQEMU.makeDisk("memory")
                defer { unlink(path) }
                try await domain.attachDevice(EmbeddedQEMU.disk(path, "vda"), [.live])
                try await console.ask("word=before; echo set-$((6 + 5))", gives: "set-11")
                let snapshot = try await domain.makeSnapshot(xml: "<domainsnapshot><name>one</name></domainsnapshot>")
                try await console.ask("word=after; echo \"now $word\"", gives: "now after")
                try await snapshot.revert([.running])
                #expect(try await domain.state().kind == .running)
                // libvirt may have made another QEMU for it, with another console.
                await console.close()
                let again = try await GuestConsole(domain)
                try await again.ask("echo \"again $word\"", gives: "again before")
                await again.close()
                try await snapshot.delete()
                #expect(try await domain.snapshots().isEmpty)
            }
        }

        @Test func theGuestShutsDown() async throws {
            try await LinuxGuest.with { connection, domain, console in
                let ended = try await promptly("a shutdown by the power button", within: .seconds(200)) {
                    try await domain.shutdown(deadline: .seconds(180), means: .powerButton)
                }
                #expect(ended)
                try await console.expect("the power button")
            }
            try await LinuxGuest.with { connection, domain, console in
                try await waitForAgent(domain)
                let ended = try await promptly("a shutdown by the agent", within: .seconds(200)) {
                    try await domain.shutdown(deadline: .seconds(180), means: .guestAgent)
                }
                #expect(ended)
            }
        }

        @Test func theGuestReboots() async throws {
            let connection = try await EmbeddedQEMU.connect()
            // The kit's guest that powers off at the button, and prints when it is there.
            var configuration = try #require(EmbeddedQEMU.guests[.obeysPowerButton])
            configuration.name = "reboots"
            configuration.onReset = .restart
            let final = configuration
            try await LibvirtHypervisor(connection).withMachine(final) { machine in
                try await machine.start()
                try await eventually("ready") { machine.serial.recentOutput.count == 1 }
                let domain = try await connection.domain(named: "reboots")
                let events = try await domain.events([.reboot])
                try await domain.requestReboot(.powerButton)
                try await eventually("there again") { machine.serial.recentOutput.count == 2 }
                let told = try await promptly("the event of a reboot") {
                    for await _ in events { return true }
                    return false
                }
                #expect(told)
                #expect(machine.state == .running)
            }
        }
    }
}
