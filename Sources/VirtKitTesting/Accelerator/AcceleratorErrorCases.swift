internal import VirtKitCore

extension AcceleratorConformance {
    static let errorCases: [AcceleratorCase] = [
        AcceleratorCase(
            "unknown-model-is-refused", "makeDomain throws .unsupported for a CPU model that it does not know."
        ) {
            try refuses($0) { $0.cpuModel = CPUModel(rawValue: "no-such-model") }
        },
        AcceleratorCase("foreign-architecture-is-refused", "makeDomain throws .unsupported for another architecture.") {
            try refuses($0) { $0.architecture = Architecture(rawValue: "no-such-architecture") }
        },
        AcceleratorCase("too-many-vcpus-are-refused", "makeDomain throws .unsupported for more vCPUs than it can make.")
        {
            try refuses($0) { $0.cpus = 1_000_000 }
        },
        AcceleratorCase("no-vcpus-are-refused", "makeDomain throws .unsupported for no vCPU at all.") {
            try refuses($0) { $0.cpus = 0 }
        },
        AcceleratorCase(
            "odd-frequency-is-refused", "makeDomain throws .unsupported for a frequency that it can't give."
        ) {
            try refuses($0) { $0.timerFrequency = 1 }
        },
        AcceleratorCase(
            "domain-is-as-asked", "A domain has the architecture and the number of vCPUs that were asked for."
        ) {
            subject in
            let guest = try BareGuest(subject, GuestCode.halt)
            try expectEqual(guest.domain.cpuCount, 1, "cpuCount")
            let two = try BareGuest(subject, GuestCode.halt, cpus: 2)
            try expectEqual(two.domain.cpuCount, 2, "cpuCount")
        },
    ]

    private static func refuses(_ subject: AcceleratorSubject, _ change: (inout DomainRequest) -> Void) throws {
        var request = subject.request(try BareGuest.makeMemory(GuestCode.halt))
        change(&request)
        try expectThrows(.unsupported, "makeDomain") { _ = try subject.accelerator.makeDomain(request) }
    }
}
