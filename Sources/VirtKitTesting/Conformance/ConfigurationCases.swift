internal import VirtKitCore

extension HypervisorConformance {
    static let configurationCases: [ConformanceCase] = [
        ConformanceCase(
            "every-fault-is-named",
            "makeMachine refuses a configuration with faults by .invalidConfiguration, and names all of them at once."
        ) { subject in
            let sound = try subject.anyConfiguration()
            var configuration = sound
            configuration.name = ""
            configuration.cpus = 10000
            configuration.memory = .bytes(1 << 60)
            configuration.serial.inputCapacity = 0
            let faulty = configuration
            let error = try await expectError(
                .invalidConfiguration, when: "makeMachine with four faults", in: subject
            ) { _ = try await subject.hypervisor.makeMachine(faulty) }
            // What is a fault to VirtKit but not to the hypervisor, which may have a board of its own, counts as none.
            for fault in faulty.faults where !sound.faults.contains(fault) {
                try expect(error.message.contains(fault), "the error does not say \"\(fault)\": \(error)")
            }
        },
        ConformanceCase(
            "unknown-device-is-refused",
            "makeMachine refuses a device that it does not know; it never drops one."
        ) { subject in
            var configuration = try subject.anyConfiguration()
            configuration.devices.append(DeviceConfiguration(id: "x", model: "no-such-model"))
            let faulty = configuration
            let error = try await expectError(
                .unsupported, .invalidConfiguration, when: "makeMachine with an unknown device", in: subject
            ) {
                let machine = try await subject.hypervisor.makeMachine(faulty)
                await machine.stop()
            }
            try expect(error.message.contains("no-such-model"), "the error does not name the device's model: \(error)")
        },
        ConformanceCase(
            "bad-image-is-refused", "makeMachine refuses a malformed kernel by .invalidImage."
        ) { subject in
            var configuration = try subject.anyConfiguration()
            configuration.boot = .linux(kernel: .bytes(Array("this is no kernel".utf8)))
            let faulty = configuration
            try await expectError(.invalidImage, when: "makeMachine with a text for a kernel", in: subject) {
                let machine = try await subject.hypervisor.makeMachine(faulty)
                await machine.stop()
            }
        },
        ConformanceCase(
            "missing-image-is-refused", "makeMachine refuses a file that is not there by .inputOutput, and names it."
        ) { subject in
            var configuration = try subject.anyConfiguration()
            configuration.boot = .linux(kernel: .path("/nonexistent/vmlinuz"))
            let faulty = configuration
            let error = try await expectError(
                .inputOutput, when: "makeMachine with a kernel that is not there", in: subject
            ) {
                let machine = try await subject.hypervisor.makeMachine(faulty)
                await machine.stop()
            }
            try expect("\(error)".contains("/nonexistent/vmlinuz"), "the error does not name the file: \(error)")
        },
    ]
}
