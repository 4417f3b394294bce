/// How a domain is started. (virDomainCreateFlags)
public struct LibvirtStartFlags: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set from its bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// Its vCPUs stand still. (VIR_DOMAIN_START_PAUSED)
    public static let paused = LibvirtStartFlags(rawValue: 1 << 0)
    /// It is destroyed with the connection. (VIR_DOMAIN_START_AUTODESTROY)
    public static let autoDestroy = LibvirtStartFlags(rawValue: 1 << 1)
    /// Past the file server's cache. (VIR_DOMAIN_START_BYPASS_CACHE)
    public static let bypassCache = LibvirtStartFlags(rawValue: 1 << 2)
    /// A managed save image is thrown away. (VIR_DOMAIN_START_FORCE_BOOT)
    public static let forceBoot = LibvirtStartFlags(rawValue: 1 << 3)
    /// The document is held against the schema. (VIR_DOMAIN_START_VALIDATE)
    public static let validate = LibvirtStartFlags(rawValue: 1 << 4)
    /// The variables of the firmware are made anew. (VIR_DOMAIN_START_RESET_NVRAM)
    public static let resetVariables = LibvirtStartFlags(rawValue: 1 << 5)
}

/// By what a guest is asked to end or to boot again. (virDomainShutdownFlagValues, virDomainRebootFlagValues)
public struct LibvirtShutdownMeans: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set from its bits; empty for what the driver prefers.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The ACPI power button. (VIR_DOMAIN_SHUTDOWN_ACPI_POWER_BTN)
    public static let powerButton = LibvirtShutdownMeans(rawValue: 1 << 0)
    /// The guest agent. (VIR_DOMAIN_SHUTDOWN_GUEST_AGENT)
    public static let guestAgent = LibvirtShutdownMeans(rawValue: 1 << 1)
    /// init's control pipe. (VIR_DOMAIN_SHUTDOWN_INITCTL)
    public static let initControl = LibvirtShutdownMeans(rawValue: 1 << 2)
    /// A signal to init. (VIR_DOMAIN_SHUTDOWN_SIGNAL)
    public static let signal = LibvirtShutdownMeans(rawValue: 1 << 3)
    /// Xen's paravirtual control. (VIR_DOMAIN_SHUTDOWN_PARAVIRT)
    public static let paravirtual = LibvirtShutdownMeans(rawValue: 1 << 4)
}

/// What goes with a definition that is taken away. (virDomainUndefineFlagsValues)
public struct LibvirtUndefineFlags: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set from its bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The managed save image. (VIR_DOMAIN_UNDEFINE_MANAGED_SAVE)
    public static let managedSave = LibvirtUndefineFlags(rawValue: 1 << 0)
    /// What libvirt knows of snapshots. (VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA)
    public static let snapshotsMetadata = LibvirtUndefineFlags(rawValue: 1 << 1)
    /// The firmware's variables. (VIR_DOMAIN_UNDEFINE_NVRAM)
    public static let variables = LibvirtUndefineFlags(rawValue: 1 << 2)
    /// What libvirt knows of checkpoints. (VIR_DOMAIN_UNDEFINE_CHECKPOINTS_METADATA)
    public static let checkpointsMetadata = LibvirtUndefineFlags(rawValue: 1 << 4)
}

/// What a domain does at one of its ends. (virDomainLifecycleAction)
public struct LibvirtLifecycleAction: RawRepresentable, Hashable, Sendable {
    /// The number.
    public let rawValue: UInt32
    /// Makes an action from its number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// It ends. (VIR_DOMAIN_LIFECYCLE_ACTION_DESTROY)
    public static let destroy = LibvirtLifecycleAction(rawValue: 0)
    /// It starts again. (VIR_DOMAIN_LIFECYCLE_ACTION_RESTART)
    public static let restart = LibvirtLifecycleAction(rawValue: 1)
    /// It is kept as it is. (VIR_DOMAIN_LIFECYCLE_ACTION_PRESERVE)
    public static let preserve = LibvirtLifecycleAction(rawValue: 3)
}

/// Which of a domain's ends an action is for. (virDomainLifecycle)
public struct LibvirtLifecycleEnd: RawRepresentable, Hashable, Sendable {
    /// The number.
    public let rawValue: UInt32
    /// Makes an end from its number.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// The guest powers off. (VIR_DOMAIN_LIFECYCLE_POWEROFF)
    public static let powerOff = LibvirtLifecycleEnd(rawValue: 0)
    /// The guest asks for a reset. (VIR_DOMAIN_LIFECYCLE_REBOOT)
    public static let reboot = LibvirtLifecycleEnd(rawValue: 1)
    /// The guest crashes. (VIR_DOMAIN_LIFECYCLE_CRASH)
    public static let crash = LibvirtLifecycleEnd(rawValue: 2)
}

/// What a change is made to. (virDomainModificationImpact)
public struct LibvirtImpact: OptionSet, Sendable {
    /// The bits.
    public let rawValue: UInt32
    /// Makes a set from its bits; empty for what is now: the running machine, or the definition while it does not run.
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    /// What is now. (VIR_DOMAIN_AFFECT_CURRENT)
    public static let current = LibvirtImpact([])
    /// The running machine. (VIR_DOMAIN_AFFECT_LIVE)
    public static let live = LibvirtImpact(rawValue: 1 << 0)
    /// The definition, from the next start on. (VIR_DOMAIN_AFFECT_CONFIG)
    public static let persistent = LibvirtImpact(rawValue: 1 << 1)
}

extension LibvirtDomain {
    /// Starts a defined domain; from its managed save image where it has one.
    public func start(_ flags: LibvirtStartFlags = []) async throws {
        try await perform("start domain") {
            try $0.check(Libvirt.virDomainCreateWithFlags.call($0.object, flags.rawValue))
        }
    }

    /// Makes its vCPUs stand still.
    public func pause() async throws {
        try await perform("pause domain") { try $0.check(Libvirt.virDomainSuspend.call($0.object)) }
    }

    /// Lets its vCPUs go on.
    public func resume() async throws {
        try await perform("resume domain") { try $0.check(Libvirt.virDomainResume.call($0.object)) }
    }

    /// Asks the guest to end, and returns at once: whether and when it does is the guest's affair.
    public func requestShutdown(_ means: LibvirtShutdownMeans = []) async throws {
        try await perform("ask the guest to shut down") {
            try $0.check(Libvirt.virDomainShutdownFlags.call($0.object, means.rawValue))
        }
    }

    /// Asks the guest to end, and waits for it.
    ///
    /// - Parameters:
    ///   - deadline: how long to wait.
    ///   - means: by what to ask.
    ///   - thenDestroy: whether to destroy a domain that runs after the deadline.
    /// - Returns: whether the guest ended by itself.
    /// - Throws: `LibvirtError` with `.operationTimeout` where the domain still runs after the deadline.
    @discardableResult
    public func shutdown(
        deadline: Duration, means: LibvirtShutdownMeans = [], thenDestroy: Bool = false
    ) async throws -> Bool {
        let end = ContinuousClock.now + deadline
        let events = try await events([.lifecycle])
        try await requestShutdown(means)
        // Events say when to look; looking every second besides keeps a lost connection from hiding the end.
        while try await isRunning() {
            guard ContinuousClock.now < end else {
                guard thenDestroy else {
                    throw LibvirtError(
                        .operationTimeout, operation: "shut domain down",
                        message: "the guest of \(name) has not ended within \(deadline)",
                        remedy: "destroy the domain, or give the guest more time")
                }
                try await destroy()
                return false
            }
            await events.wait(for: min(.seconds(1), end - ContinuousClock.now))
        }
        return true
    }

    /// Whether it runs; a domain that is gone does not.
    func isRunning() async throws -> Bool {
        do {
            let kind = try await state().kind
            return kind != .shutOff && kind != .crashed
        } catch let error as LibvirtError where error.code == .noDomain {
            return false
        }
    }

    /// Asks the guest to boot again, and returns at once.
    public func requestReboot(_ means: LibvirtShutdownMeans = []) async throws {
        try await perform("ask the guest to reboot") {
            try $0.check(Libvirt.virDomainReboot.call($0.object, means.rawValue))
        }
    }

    /// Resets the machine as by its button; the guest is not asked.
    public func reset() async throws {
        try await perform("reset domain") { try $0.check(Libvirt.virDomainReset.call($0.object, 0)) }
    }

    /// Ends the machine now. A transient domain is gone then.
    ///
    /// - Parameter graceful: fail rather than end the hypervisor by force. (VIR_DOMAIN_DESTROY_GRACEFUL)
    public func destroy(graceful: Bool = false) async throws {
        try await perform("destroy domain") {
            try $0.check(Libvirt.virDomainDestroyFlags.call($0.object, graceful ? 1 : 0))
        }
    }

    /// Takes the definition away. A running domain becomes transient.
    public func undefine(_ flags: LibvirtUndefineFlags = []) async throws {
        try await perform("undefine domain") {
            try $0.check(Libvirt.virDomainUndefineFlags.call($0.object, flags.rawValue))
        }
    }

    /// Gives a domain that does not run another name. Look it up again to see it.
    public func rename(to newName: String) async throws {
        try await perform("rename domain", texts: [newName]) {
            try $0.check(Libvirt.virDomainRename.call($0.object, newName, 0))
        }
    }

    /// Whether it is started with the host.
    public func autostart() async throws -> Bool {
        try await perform("read autostart") { call in
            var value: CInt = 0
            try call.check(Libvirt.virDomainGetAutostart.call(call.object, &value))
            return value != 0
        }
    }

    /// Says whether it is started with the host.
    public func setAutostart(_ isOn: Bool) async throws {
        try await perform("set autostart") { try $0.check(Libvirt.virDomainSetAutostart.call($0.object, isOn ? 1 : 0)) }
    }

    /// Says what happens at one of its ends.
    public func setAction(
        _ action: LibvirtLifecycleAction, at end: LibvirtLifecycleEnd, _ impact: LibvirtImpact = .current
    ) async throws {
        try await perform("set a life-cycle action") {
            try $0.check(
                Libvirt.virDomainSetLifecycleAction.call($0.object, end.rawValue, action.rawValue, impact.rawValue))
        }
    }

    /// Sends a non-maskable interrupt to the guest.
    public func injectNMI() async throws {
        try await perform("inject an NMI") { try $0.check(Libvirt.virDomainInjectNMI.call($0.object, 0)) }
    }

    /// Presses keys, all at once, for some time.
    ///
    /// - Parameters:
    ///   - keys: Linux's key codes (KEY_A is 30), at most 16. (VIR_KEYCODE_SET_LINUX)
    ///   - duration: how long.
    public func sendKeys(_ keys: [UInt32], for duration: Duration = .milliseconds(50)) async throws {
        let milliseconds = UInt32(clamping: duration.nanoseconds / 1_000_000)
        try await perform("send keys") { call in
            var keys = keys
            let count = CInt(clamping: keys.count)
            try call.check(Libvirt.virDomainSendKey.call(call.object, 0, milliseconds, &keys, count, 0))
        }
    }

    /// Has the guest go to sleep. (virDomainPMSuspendForDuration)
    ///
    /// - Parameter target: 0 for memory, 1 for its disk, 2 for both.
    public func sleep(target: UInt32 = 0) async throws {
        try await perform("send the guest to sleep") {
            try $0.check(Libvirt.virDomainPMSuspendForDuration.call($0.object, target, 0, 0))
        }
    }

    /// Wakes a guest that sleeps.
    public func wakeUp() async throws {
        try await perform("wake the guest up") { try $0.check(Libvirt.virDomainPMWakeup.call($0.object, 0)) }
    }
}

extension LibvirtEvents {
    /// Waits for one event, but not longer than some time. Gives whether one came; nil where none will come any more.
    @discardableResult
    func wait(for limit: Duration) async -> Bool? {
        await withTaskGroup(of: Bool?.self) { group in
            group.addTask { await buffer.next() == nil ? nil : true }
            group.addTask {
                try? await Task.sleep(for: Swift.max(.zero, limit))
                return false
            }
            let came = await group.next() ?? nil
            group.cancelAll()
            return came
        }
    }
}
