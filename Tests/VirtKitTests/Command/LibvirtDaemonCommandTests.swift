import Foundation
import Testing
import VirtKit

/// `virtkit --connect` and `virtkit run --backend URI` on QEMU: a private daemon, and the driver inside the command.
@Suite(
    .serialized, .enabled(if: CommandProcess.path != nil, CommandProcess.absence),
    .enabled(if: LibvirtDaemon.isPossible, LibvirtDaemon.absence))
struct LibvirtDaemonCommandTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// Code of 32 or 64 bits that sends back every byte that comes, and powers the machine off at "q".
    private static let echoCode: [UInt8] =
        [
            0x66, 0xBA, 0xFD, 0x03,  // 0: mov $0x3FD, %dx
            0xEC, 0xA8, 0x01, 0x74, 0xFB,  // 4: in (%dx), %al; test $1, %al; jz 4
            0x66, 0xBA, 0xF8, 0x03,  // mov $0x3F8, %dx
            0xEC, 0x3C, 0x71, 0x74, 0x03,  // in (%dx), %al; cmp $'q', %al; je 1f
            0xEE, 0xEB, 0xEB,  // out %al, (%dx); jmp 0; 1:
        ] + BareCode.powerOff

    /// The same as a multiboot image.
    private static let echo: [UInt8] = {
        let words: [UInt32] = [
            0x1BAD_B002, 0x1_0003, 0 &- 0x1BAD_B002 &- 0x1_0003, 0x10_0000, 0x10_0000, 0, 0x10_1000, 0x10_0020,
        ]
        return words.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> (8 * UInt32($0))) } } + echoCode
    }()

    private func document(_ name: String) throws -> String {
        """
        <domain type='qemu'><name>\(name)</name><memory unit='MiB'>32</memory><vcpu>1</vcpu>
        <os><type arch='x86_64' machine='pc'>hvm</type><kernel>\(try folder.write("echo", Self.echo))</kernel></os>
        <features><acpi/></features><devices><controller type='usb' model='none'/>
        <serial type='pty'><target port='0'/></serial><console type='pty'><target type='serial' port='0'/></console>
        <memballoon model='none'/></devices></domain>
        """
    }

    private func run(_ arguments: [String], on daemon: LibvirtDaemon) async throws -> CommandProcess.Result {
        try await CommandProcess.run(["--connect", daemon.uri] + arguments)
    }

    @Test func aDomainsLife() async throws {
        try await LibvirtDaemon.with { daemon in
            let xml = try document("guest")
            try await LibvirtConnection.with(daemon.uri) { _ = try await $0.define(xml) }
            #expect(try await run(["list"], on: daemon).output.isEmpty)
            #expect(try await run(["list", "--all"], on: daemon).output == "-    guest  shut off\n")
            let absent = try await run(["console", "guest"], on: daemon)
            #expect(absent.code == 74 && absent.error.contains("not running"), "\(absent)")

            let events = try CommandProcess(["--connect", daemon.uri, "events"])
            defer { events.process.terminate() }
            // The command is there when an event comes through.
            try await events.wait(for: "an event") {
                try runTool("/usr/bin/virsh", ["-q", "-c", daemon.uri, "desc", "guest", "--title", UUID().uuidString])
                return events.output.contains("metadata-change guest")
            }
            let started = try await run(["start", "guest"], on: daemon)
            #expect(started.code == 0 && started.error.isEmpty, "\(started)")
            let list = try await run(["list"], on: daemon)
            #expect(list.output.contains("guest  running"), "\(list)")
            let statistics = try await run(["stats", "guest"], on: daemon)
            #expect(statistics.output.contains("guest cpu.time="), "\(statistics)")
            let live = try await run(["dumpxml", "guest"], on: daemon).output
            let resting = try await run(["dumpxml", "--inactive", "guest"], on: daemon).output
            #expect(live.hasPrefix("<domain type='qemu' id='") && resting.hasPrefix("<domain type='qemu'>"))

            try await leaveTheConsole(daemon)
            let stopped = try await run(["stop", "guest", "--deadline", "0.5"], on: daemon)
            #expect(stopped.code == 0 && stopped.error.contains("was ended"), "\(stopped)")
            try await events.wait(for: "the last event") { events.output.contains("lifecycle guest stopped") }
            #expect(events.output.contains("lifecycle guest started"))
            kill(events.process.processIdentifier, SIGINT)
            #expect(try await events.result().signal == SIGINT)

            try await endTheGuest(daemon)
        }
    }

    /// The escape key leaves the console, and the domain goes on.
    private func leaveTheConsole(_ daemon: LibvirtDaemon) async throws {
        let terminal = try Terminal()
        let command = try CommandProcess(["--connect", daemon.uri, "console", "guest"], terminal: terminal.slave)
        defer { command.process.terminate() }
        try await command.wait(for: "raw mode") { terminal.isRaw }
        #expect(command.error.contains("the domain goes on"))
        // Control characters go to the guest.
        var shown: [UInt8] = []
        try await command.wait(for: "the echo") {
            terminal.type([3, 0x78])
            shown += terminal.read()
            return shown.contains(3) && shown.contains(0x78)
        }
        let other = try await run(["console", "guest"], on: daemon)
        #expect(other.code == 74 && other.error.contains("console session"), "\(other)")
        terminal.type([0x1D])
        let result = try await command.result()
        #expect(result.code == 0, "\(result)")
        #expect(terminal.isAsItWas)
        #expect(try await run(["list"], on: daemon).output.contains("guest  running"))
    }

    /// The console ends with the guest; so do events whose reader has gone.
    private func endTheGuest(_ daemon: LibvirtDaemon) async throws {
        let events = try CommandProcess(
            ["events", "--connect", daemon.uri], script: "\"$0\" \"$@\" | head -n 1; exit ${PIPESTATUS[0]}")
        defer { events.process.terminate() }
        try await events.wait(for: "the reader's end") {
            try runTool("/usr/bin/virsh", ["-q", "-c", daemon.uri, "desc", "guest", "--title", UUID().uuidString])
            return !events.process.isRunning
        }
        #expect(try await events.result().code == 0)
        #expect(try await run(["start", "guest"], on: daemon).code == 0)
        let console = try CommandProcess(
            ["--connect", daemon.uri, "console", "guest"],
            script: "exec \"$0\" \"$@\" < <(while sleep 0.2; do echo -n abcq; done)")
        let result = try await console.result()
        #expect(result.code == 0, "\(result)")
        #expect(result.output.contains("abc"))
        // The console ends a little before the domain.
        var list = ""
        for _ in 0..<100 where list != "-    guest  shut off\n" {
            list = try await run(["list", "--all"], on: daemon).output
        }
        #expect(list == "-    guest  shut off\n")
    }

    /// One description, on the emulator and on QEMU by way of the daemon: one text, one end.
    @Test func oneDescriptionRunsOnBoth() async throws {
        try await LibvirtDaemon.with { daemon in
            let guest = try folder.write("guest", BareCode.print("one machine\n") + BareCode.powerOff)
            let file = try folder.write(
                "machine.json",
                """
                {"version": 1, "architecture": "x86_64", "memory": 33554432, "cpus": 1,
                 "boot": {"flat": {"image": "\(guest)", "address": 1048576}}}
                """)
            let kvm = await KVMBackend().availability()
            for backend in ["emulator", daemon.uri] {
                let result = try await CommandProcess.run(["run", "--backend", backend, "--config", file])
                #expect(result.code == 0 && result.output == "one machine\n", "\(backend): \(result)")
                #expect(result.lastErrorLine == "virtkit: the machine ended: powered-off", "\(result)")
                // A KVM that does not run machines in full is not taken, and that is told.
                let translates = backend == daemon.uri && kvm.level < .full
                #expect(result.error.contains("QEMU translates") == translates, "\(result)")
            }
            let echo = try folder.write("echo", Self.echoCode)
            let script = "\"$0\" \"$@\" < <(while sleep 0.2; do echo -n abcq; done)"
            for backend in ["emulator", daemon.uri] {
                let result = try await CommandProcess.run(
                    ["run", "--backend", backend, "--memory", "32M", "--kernel", echo], script: script)
                #expect(result.code == 0 && result.output == "abc", "\(backend): \(result)")
            }
            let spin = try folder.write("spin", BareCode.print("on") + BareCode.spin)
            let late = try await CommandProcess.run(
                ["run", "--backend", daemon.uri, "--virt-type", "qemu", "--kernel", spin, "--timeout", "1"])
            #expect(late.code == 124, "\(late)")
            let command = try CommandProcess(
                ["run", "--backend", daemon.uri, "--virt-type", "qemu", "--kernel", spin])
            try await command.wait(for: "the guest") { command.output == "on" }
            kill(command.process.processIdentifier, SIGTERM)
            #expect(try await command.result().code == 130)
            #expect(try await run(["list", "--all"], on: daemon).output.isEmpty)
        }
    }

    /// What a daemon says of drivers that it does not have, or whose hypervisor is not there; and to whom it does not speak.
    @Test func theDaemonsRefusals() async throws {
        try await LibvirtDaemon.with { daemon in
            for driver in ["xen", "vbox", "bhyve", "vz", "ch"] {
                let result = try await CommandProcess.run(["list", "--connect", daemon.uri(driver)])
                // Without the driver, or with a driver that finds no hypervisor.
                #expect(result.code == 78 || result.code == 74, "\(result)")
                #expect(result.error.contains(driver) && result.output.isEmpty, "\(result)")
                #expect(
                    result.error.contains("; check the URI") || result.error.contains("; install")
                        || result.error.contains("; boot the host under Xen"), "\(result)")
            }
            let stranger = try await CommandProcess.run(
                ["list", "--connect", daemon.uri],
                script: """
                    copy=$(mktemp -d /tmp/virtkit-test-XXXXXX); trap 'rm -rf "$copy"' EXIT
                    cp "$0" "$copy/virtkit"; chmod -R 755 "$copy"
                    setpriv --reuid 65534 --clear-groups "$copy/virtkit" "$@"
                    """)
            #expect(stranger.code == 74, "\(stranger)")
            #expect(stranger.error.contains("Permission denied"), "\(stranger)")
            #expect(stranger.error.contains("; join the group libvirt"), "\(stranger)")
        }
    }

    /// A container: defined, started, spoken with on its console until its shell ends.
    @Test(.enabled(if: LibvirtDaemon.hasContainers, LibvirtDaemon.noContainers)) func aContainer() async throws {
        try await LibvirtDaemon.with(containers: true) { daemon in
            let uri = daemon.uri("lxc")
            let xml = """
                <domain type='lxc'><name>box</name><memory unit='MiB'>64</memory><os><type>exe</type>
                <init>/bin/sh</init></os><devices><console type='pty'/></devices></domain>
                """
            try await LibvirtConnection.with(uri) { connection in
                #expect(try await connection.type() == "LXC")
                _ = try await connection.define(xml)
            }
            let started = try await CommandProcess.run(["start", "--connect", uri, "box"])
            #expect(started.code == 0, "\(started)")
            let list = try await CommandProcess.run(["list", "--connect", uri])
            #expect(list.output.contains("box  running"), "\(list)")
            let console = try await CommandProcess.run(
                ["console", "--connect", uri, "box"],
                script: "exec \"$0\" \"$@\" < <(sleep 1; echo 'echo from-$((6 * 7)); exit'; exec sleep 20)")
            #expect(console.code == 0 && console.output.contains("from-42"), "\(console)")
            let statistics = try await CommandProcess.run(["stats", "--connect", uri, "box"])
            #expect(statistics.code == 78 && statistics.error.contains("not supported"), "\(statistics)")
            let rest = try await CommandProcess.run(["list", "--all", "--connect", uri])
            #expect(rest.output == "-    box  shut off\n", "\(rest)")
        }
    }

    @Test func theDriverInsideTheCommand() async throws {
        let root = try await LibvirtDaemon.embeddedRoot()
        let uri = "qemu:///embed?root=\(root.path)"
        let guest = try folder.write("guest", BareCode.print("inside") + BareCode.powerOff)
        let result = try await CommandProcess.run(["run", "--backend", uri, "--memory", "32M", "--kernel", guest])
        #expect(result.code == 0 && result.output == "inside", "\(result)")
        let list = try await CommandProcess.run(["list", "--all", "--connect", uri])
        #expect(list.code == 0 && list.output.isEmpty, "\(list)")
    }
}

/// Runs a program to its end; its failure is not ours to judge.
private func runTool(_ path: String, _ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = arguments
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
}
