import Foundation
import Glibc
import Testing
import VirtKit

/// Where a machine's threads run, on the real kernel.
@Suite struct MachinePlacementTests {
    /// The CPUs that this process may use, for tests that need two.
    private static let cpus: [Int] = {
        let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
        let list = line?.split(separator: "\t").last.map(String.init)
        return list.flatMap(HostNumberSet.init(parsing:))?.numbers ?? []
    }()

    @Test func onTheEmulator() async throws { try await threadsAreWhereTheyAreTold(.emulator) }

    @Test(.enabled(LocalAccelerator.kvmAbsence) { await LocalAccelerator.hasKVM() }) func onKVM() async throws {
        try await threadsAreWhereTheyAreTold(.kvm)
    }

    private func threadsAreWhereTheyAreTold(_ subject: LocalAccelerator) async throws {
        let first = try #require(Self.cpus.first)
        let last = try #require(Self.cpus.last)
        let placement = MachinePlacement(
            vcpus: ThreadPlacement(cpus: [first], scheduling: ThreadScheduling(.batch, nice: 3), name: "guest-cpu-"),
            vcpu: [1: ThreadPlacement(cpus: [last], scheduling: ThreadScheduling(.idle))],
            io: ThreadPlacement(cpus: [first, last], scheduling: ThreadScheduling(.other, nice: 1), name: "guest-io"))
        try await subject.hypervisor.withMachine(subject.machine(BareCode.spin, cpus: 2, placement)) { machine in
            let control = try #require(machine.placement)
            var found = try await control.effective()
            #expect(found.map(\.thread) == [.vcpu(0), .vcpu(1), .io])
            #expect(found.map(\.cpus) == [[first], [last], [first, last]])
            #expect(found.map(\.name) == ["guest-cpu-0", "guest-cpu-1", "guest-io"])
            #expect(
                found.map(\.scheduling) == [
                    ThreadScheduling(.batch, nice: 3), ThreadScheduling(.idle), ThreadScheduling(.other, nice: 1),
                ])
            try await machine.start()
            // The kernel's own word of where a busy thread runs.
            try await Task.sleep(for: .milliseconds(50))
            for thread in try await control.effective() {
                #expect(thread.lastCPU.map { thread.cpus.contains($0) } == true, "\(thread)")
                // What other programs see.
                let folder = "/proc/\(getpid())/task/\(thread.threadID)"
                #expect(try String(contentsOfFile: "\(folder)/comm", encoding: .utf8) == thread.name + "\n")
                let status = try String(contentsOfFile: "\(folder)/status", encoding: .utf8)
                #expect(status.contains("Cpus_allowed_list:\t\(thread.cpus)\n"), "\(status)")
            }
            // While it runs.
            try await control.place(.vcpu(0), ThreadPlacement(cpus: [last], name: "moved"))
            try await control.place(.io, ThreadPlacement(scheduling: ThreadScheduling(.batch, nice: 2)))
            found = try await control.effective()
            #expect(found[0].cpus == [last] && found[0].name == "moved")
            #expect(found[0].scheduling == ThreadScheduling(.batch, nice: 3))
            #expect(found[2].scheduling == ThreadScheduling(.batch, nice: 2) && found[2].cpus == [first, last])
            // While it stands still.
            try await machine.pause()
            try await control.place(.vcpu(1), ThreadPlacement(cpus: [first, last]))
            #expect(try await control.effective()[1].cpus == [first, last])
            try await machine.resume()
            try await refusals(control, last)
            await machine.stop()
            let late = await #expect(throws: VirtKitError.self) { try await control.effective() }
            #expect(late?.code == .invalidState)
            let later = await #expect(throws: VirtKitError.self) {
                try await control.place(.io, ThreadPlacement(cpus: [first]))
            }
            #expect(later?.code == .invalidState)
        }
    }

    private func refusals(_ control: any MachinePlacementControl, _ last: Int) async throws {
        let before = try await control.effective().map {
            ThreadPlacement(cpus: $0.cpus, scheduling: $0.scheduling, name: $0.name)
        }
        for (thread, placement, code, words) in [
            (
                MachineThread.vcpu(2), ThreadPlacement(cpus: [last]), VirtKitError.Code.invalidConfiguration,
                "no thread \"vcpu2\""
            ),
            (MachineThread(rawValue: "timer"), ThreadPlacement(), .invalidConfiguration, "no thread \"timer\""),
            (.io, ThreadPlacement(cpus: []), .invalidConfiguration, "empty"),
            (
                .vcpu(0), ThreadPlacement(scheduling: ThreadScheduling(.fifo, priority: 0)), .invalidConfiguration,
                "1 to 99"
            ),
            // Refused as a whole: the name comes after the CPUs, and the scheduling before it.
            (
                .vcpu(0), ThreadPlacement(cpus: [last, 4000], name: "other"), .unsupported,
                "CPU 4000 of vcpu0 is not online"
            ),
            (
                .io, ThreadPlacement(cpus: [4000, 4001], scheduling: ThreadScheduling(.idle)), .unsupported,
                "CPUs 4000-4001"
            ),
        ] {
            let error = await #expect(throws: VirtKitError.self) { try await control.place(thread, placement) }
            #expect(error?.code == code)
            #expect(error?.message.contains(words) == true, "\(error.debugDescription)")
        }
        let after = try await control.effective().map {
            ThreadPlacement(cpus: $0.cpus, scheduling: $0.scheduling, name: $0.name)
        }
        #expect(before == after)
    }

    @Test func anImpossibleRequestIsRefusedBeforeTheStart() async throws {
        let subject = LocalAccelerator.emulator
        for (placement, code) in [
            (MachinePlacement(io: ThreadPlacement(cpus: [4000])), VirtKitError.Code.unsupported),
            (MachinePlacement(vcpu: [1: ThreadPlacement(cpus: [0])]), .invalidConfiguration),
            (MachinePlacement(vcpus: ThreadPlacement(cpus: [])), .invalidConfiguration),
        ] {
            let error = await #expect(throws: VirtKitError.self) {
                _ = try await subject.hypervisor.makeMachine(subject.machine(BareCode.spin, placement))
            }
            #expect(error?.code == code)
        }
    }

    @Test func realTimeWhereTheHostAllowsIt() async throws {
        let subject = LocalAccelerator.emulator
        let scheduling = ThreadScheduling(.roundRobin, priority: 1)
        let placement = MachinePlacement(vcpus: ThreadPlacement(scheduling: scheduling))
        do {
            try await subject.hypervisor.withMachine(subject.machine(BareCode.haltForEver, placement)) { machine in
                let found = try await machine.placement?.effective().first?.scheduling
                #expect(found == scheduling)
            }
        } catch let error as VirtKitError {
            #expect(error.code == .unsupported && error.errno == EPERM, "\(error)")
            #expect(error.remedy?.contains("RLIMIT_RTPRIO") == true)
        }
    }
}

/// `virtkit run --pin …`, and hosts that refuse.
@Suite(.enabled(if: CommandProcess.path != nil, CommandProcess.absence)) struct PlacementCommandTests {
    private let guest: String
    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
        guest = try folder.write("guest", BareCode.powerOff)
    }

    private func run(_ arguments: [String], script: String? = nil) async throws -> CommandProcess.Result {
        try await CommandProcess.run(
            ["run", "--backend", "emulator", "--kernel", guest, "--stats"] + arguments, script: script)
    }

    @Test func optionsReachTheThreads() async throws {
        let result = try await run([
            "--cpus", "2", "--pin", "vcpus=0", "--schedule", "vcpu1=idle", "--schedule", "io=other:4",
            "--thread-name", "vcpus=g", "--thread-name", "io=front",
        ])
        #expect(result.code == 0, "\(result.error)")
        for words in [
            #""vcpu0":{"cpus":"0","name":"g0""#, #""vcpu1":{"cpus":"0","name":"g1","scheduling":{"policy":"idle"}}"#,
            #""name":"front","scheduling":{"nice":4,"policy":"other"}"#,
        ] {
            #expect(result.error.contains(words), "\(result.error)")
        }
    }

    @Test(arguments: [
        (["--pin", "vcpus"], "is not of the form thread="), (["--pin", "disk=0"], "there is no thread \"disk\""),
        (["--pin", "io=3-1"], "is not a list of CPUs"), (["--pin", "vcpu1=0"], "placement names vCPU 1"),
        (["--pin", "io=4000"], "CPU 4000 of io is not online"), (["--schedule", "io=fifo"], "must be 1 to 99"),
        (["--schedule", "io=fifo:x"], "is not a number"), (["--schedule", "io=best:1"], "\"best\" is not known"),
        (["--thread-name", "io=0123456789abcdef"], "1 to 15 bytes"),
        (["--numa", "bind"], "is not of the form mode:nodes"),
        (["--numa", "bind:1000"], "1000"), (["--huge-pages", "3M"], "transparent, 2M or 1G"),
    ])
    func whatIsRefused(_ arguments: [String], _ words: String) async throws {
        let result = try await run(arguments)
        #expect(result.code != 0)
        #expect(result.error.contains(words), "\(result.error)")
    }

    /// Without the right the kernel refuses real time, and a nice value below the present one.
    @Test func withoutTheRight() async throws {
        let script = #"exec setpriv --bounding-set=-sys_nice --inh-caps=-sys_nice "$0" "$@""#
        for (option, words) in [("io=fifo:10", "RLIMIT_RTPRIO"), ("vcpus=other:-20", "RLIMIT_NICE")] {
            let result = try await run(["--schedule", option], script: script)
            #expect(result.code != 0)
            #expect(result.error.contains(words) && result.error.contains("CAP_SYS_NICE"), "\(result.error)")
        }
    }

    /// In a cpuset of one CPU the others are refused, though they are online. It takes the right to make one.
    @Test func outsideOfTheCpuset() async throws {
        let script = #"""
            set -u
            mkdir -p "$1" && mount -t cgroup -o cpuset none "$1" 2>/dev/null || exit 77
            group=$1/virtkit-test-$$
            mkdir "$group" || exit 77
            cat "$1/cpuset.mems" >"$group/cpuset.mems" && echo 0 >"$group/cpuset.cpus" || exit 77
            shift
            (echo "$BASHPID" >"$group/tasks" || exit 77; exec "$0" "$@")
            code=$?
            rmdir "$group"
            exit $code
            """#
        let wrapped =
            "exec unshare --mount /bin/bash -c '" + script.replacingOccurrences(of: "'", with: "'\\''")
            + "' \"$0\" \"$@\""
        let result = try await CommandProcess.run(
            [folder("cgroup"), "run", "--backend", "emulator", "--kernel", guest, "--pin", "vcpus=0-1"], script: wrapped
        )
        guard result.code != 77, !result.error.contains("unshare") else {
            try Test.cancel("needs the right to make a cpuset")
        }
        #expect(result.code != 0)
        #expect(result.error.contains("CPU 1 of vcpu0 is outside of the process's cpuset"), "\(result.error)")
    }
}
