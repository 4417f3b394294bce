/// Something that libvirt said had happened.
public struct LibvirtEvent: Hashable, Sendable {
    /// What happened. The names of libvirt's events for domains, and of the others with a prefix.
    public struct Kind: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The stable name.
        public let rawValue: String
        /// Makes a kind from its name.
        public init(rawValue: String) { self.rawValue = rawValue }
        /// The stable name.
        public var description: String { rawValue }
    }

    /// Which domain.
    public struct DomainIdentity: Hashable, Sendable {
        /// Its name.
        public var name: String
        /// Its UUID, as text.
        public var uuid: String
        /// Its number while it runs.
        public var id: UInt32?
    }

    /// What happened.
    public var kind: Kind
    /// The domain that it happened to; nil for events of others.
    public var domain: DomainIdentity?
    /// The name of the network, storage pool or host device; nil for domains.
    public var subject: String?
    /// Everything that libvirt said of it, by libvirt's names.
    public var values: [String: LibvirtValue]

    /// Makes an event.
    public init(
        _ kind: Kind, domain: DomainIdentity? = nil, subject: String? = nil, values: [String: LibvirtValue] = [:]
    ) {
        self.kind = kind
        self.domain = domain
        self.subject = subject
        self.values = values
    }

    // MARK: Typed views

    /// How a domain's life went on, for `.lifecycle`.
    public struct Lifecycle: Hashable, Sendable {
        /// The step.
        public var step: LifecycleStep
        /// Why, as a number whose meaning depends on the step.
        public var detail: Int32
    }

    /// For `.lifecycle`: the step and its detail.
    public var lifecycle: Lifecycle? {
        guard kind == .lifecycle, case .int(let event) = values["event"], case .int(let detail) = values["detail"]
        else {
            return nil
        }
        return Lifecycle(step: LifecycleStep(rawValue: event), detail: detail)
    }

    /// What became of a block job, for `.blockJob`.
    public struct BlockJob: Hashable, Sendable {
        /// The disk's target name.
        public var disk: String
        /// What kind of job it was.
        public var type: BlockJobType
        /// What became of it.
        public var status: BlockJobStatus
    }

    /// For `.blockJob`: the disk, and what became of its job.
    public var blockJob: BlockJob? {
        guard kind == .blockJob, let disk = values["disk"]?.text, case .int(let type) = values["type"],
            case .int(let status) = values["status"]
        else { return nil }
        return BlockJob(disk: disk, type: BlockJobType(rawValue: type), status: BlockJobStatus(rawValue: status))
    }

    /// For `.agentLifecycle`: whether the guest agent is connected.
    public var isAgentConnected: Bool? {
        guard kind == .agentLifecycle, case .int(let state) = values["state"] else { return nil }
        return state == 1
    }

    /// For device events: the alias of the device.
    public var deviceAlias: String? { values["alias"]?.text }

    /// For `.gap`: how many events were dropped; nil where nobody knows, because the connection was lost.
    public var missed: UInt64? { kind == .gap ? values["missed"]?.unsigned : nil }
}

extension LibvirtEvent.Kind {
    /// A domain's life went on. (VIR_DOMAIN_EVENT_ID_LIFECYCLE)
    public static let lifecycle = Self(rawValue: "lifecycle")
    /// A guest was reset. (VIR_DOMAIN_EVENT_ID_REBOOT)
    public static let reboot = Self(rawValue: "reboot")
    /// A guest set its clock. (VIR_DOMAIN_EVENT_ID_RTC_CHANGE)
    public static let rtcChange = Self(rawValue: "rtc-change")
    /// A watchdog fired. (VIR_DOMAIN_EVENT_ID_WATCHDOG)
    public static let watchdog = Self(rawValue: "watchdog")
    /// A disk failed. (VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON)
    public static let ioError = Self(rawValue: "io-error")
    /// A viewer came or went. (VIR_DOMAIN_EVENT_ID_GRAPHICS)
    public static let graphics = Self(rawValue: "graphics")
    /// The hypervisor can't be controlled. (VIR_DOMAIN_EVENT_ID_CONTROL_ERROR)
    public static let controlError = Self(rawValue: "control-error")
    /// A block job changed; disks are named by their targets. (VIR_DOMAIN_EVENT_ID_BLOCK_JOB_2)
    public static let blockJob = Self(rawValue: "block-job")
    /// A disk's source changed. (VIR_DOMAIN_EVENT_ID_DISK_CHANGE)
    public static let diskChange = Self(rawValue: "disk-change")
    /// A tray was opened or closed. (VIR_DOMAIN_EVENT_ID_TRAY_CHANGE)
    public static let trayChange = Self(rawValue: "tray-change")
    /// A guest woke up. (VIR_DOMAIN_EVENT_ID_PMWAKEUP)
    public static let wakeUp = Self(rawValue: "pm-wakeup")
    /// A guest went to sleep. (VIR_DOMAIN_EVENT_ID_PMSUSPEND)
    public static let sleep = Self(rawValue: "pm-suspend")
    /// A guest went to sleep on its disk. (VIR_DOMAIN_EVENT_ID_PMSUSPEND_DISK)
    public static let sleepOnDisk = Self(rawValue: "pm-suspend-disk")
    /// The balloon changed; `actual` is in KiB. (VIR_DOMAIN_EVENT_ID_BALLOON_CHANGE)
    public static let balloonChange = Self(rawValue: "balloon-change")
    /// A device is gone. (VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED)
    public static let deviceRemoved = Self(rawValue: "device-removed")
    /// A device came. (VIR_DOMAIN_EVENT_ID_DEVICE_ADDED)
    public static let deviceAdded = Self(rawValue: "device-added")
    /// A guest would not let a device go. (VIR_DOMAIN_EVENT_ID_DEVICE_REMOVAL_FAILED)
    public static let deviceRemovalFailed = Self(rawValue: "device-removal-failed")
    /// A resource limit changed. (VIR_DOMAIN_EVENT_ID_TUNABLE)
    public static let tunable = Self(rawValue: "tunable")
    /// The guest agent came or went. (VIR_DOMAIN_EVENT_ID_AGENT_LIFECYCLE)
    public static let agentLifecycle = Self(rawValue: "agent-lifecycle")
    /// A migration began another round. (VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION)
    public static let migrationIteration = Self(rawValue: "migration-iteration")
    /// A job ended, with its statistics. (VIR_DOMAIN_EVENT_ID_JOB_COMPLETED)
    public static let jobCompleted = Self(rawValue: "job-completed")
    /// Metadata changed. (VIR_DOMAIN_EVENT_ID_METADATA_CHANGE)
    public static let metadataChange = Self(rawValue: "metadata-change")
    /// A disk was written beyond a threshold. (VIR_DOMAIN_EVENT_ID_BLOCK_THRESHOLD)
    public static let blockThreshold = Self(rawValue: "block-threshold")
    /// The host's memory failed under a guest. (VIR_DOMAIN_EVENT_ID_MEMORY_FAILURE)
    public static let memoryFailure = Self(rawValue: "memory-failure")
    /// A memory device changed its size. (VIR_DOMAIN_EVENT_ID_MEMORY_DEVICE_SIZE_CHANGE)
    public static let memoryDeviceSizeChange = Self(rawValue: "memory-device-size-change")
    /// A network was defined, started, stopped … (VIR_NETWORK_EVENT_ID_LIFECYCLE)
    public static let networkLifecycle = Self(rawValue: "network-lifecycle")
    /// A storage pool was defined, started, stopped … (VIR_STORAGE_POOL_EVENT_ID_LIFECYCLE)
    public static let storagePoolLifecycle = Self(rawValue: "storage-pool-lifecycle")
    /// A storage pool was read again. (VIR_STORAGE_POOL_EVENT_ID_REFRESH)
    public static let storagePoolRefresh = Self(rawValue: "storage-pool-refresh")
    /// A host device came or went. (VIR_NODE_DEVICE_EVENT_ID_LIFECYCLE)
    public static let nodeDeviceLifecycle = Self(rawValue: "node-device-lifecycle")
    /// A host device changed. (VIR_NODE_DEVICE_EVENT_ID_UPDATE)
    public static let nodeDeviceUpdate = Self(rawValue: "node-device-update")
    /// An event of QEMU's monitor: `event`, `details` as JSON. Only QEMU's driver has it, and only where it is asked for by name.
    public static let qemuMonitor = Self(rawValue: "qemu-monitor")

    /// Events are missing here: a reader was too slow, or the connection was lost. Look at what is, and go on.
    public static let gap = Self(rawValue: "gap")
    /// The connection was lost. Where it is made again, `.gap` follows when it is.
    public static let connectionLost = Self(rawValue: "connection-lost")

    /// Every kind of event about domains, but for `.qemuMonitor`.
    public static let allOfDomains: Set<Self> = Set(DomainEventCallbacks.table.keys)
    /// Every kind of event about networks, storage pools and host devices.
    public static let allOfHost: Set<Self> = [
        .networkLifecycle, .storagePoolLifecycle, .storagePoolRefresh, .nodeDeviceLifecycle, .nodeDeviceUpdate,
    ]
}

/// A step of a domain's life. (virDomainEventType)
public struct LifecycleStep: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number.
    public let rawValue: Int32
    /// Makes a step from its number.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// It was defined. (VIR_DOMAIN_EVENT_DEFINED)
    public static let defined = LifecycleStep(rawValue: 0)
    /// Its definition was taken away. (VIR_DOMAIN_EVENT_UNDEFINED)
    public static let undefined = LifecycleStep(rawValue: 1)
    /// It was started. (VIR_DOMAIN_EVENT_STARTED)
    public static let started = LifecycleStep(rawValue: 2)
    /// It was paused. (VIR_DOMAIN_EVENT_SUSPENDED)
    public static let suspended = LifecycleStep(rawValue: 3)
    /// It goes on. (VIR_DOMAIN_EVENT_RESUMED)
    public static let resumed = LifecycleStep(rawValue: 4)
    /// It has ended. (VIR_DOMAIN_EVENT_STOPPED)
    public static let stopped = LifecycleStep(rawValue: 5)
    /// Its guest has ended. (VIR_DOMAIN_EVENT_SHUTDOWN)
    public static let shutdown = LifecycleStep(rawValue: 6)
    /// Its guest sleeps. (VIR_DOMAIN_EVENT_PMSUSPENDED)
    public static let asleep = LifecycleStep(rawValue: 7)
    /// Its guest has crashed. (VIR_DOMAIN_EVENT_CRASHED)
    public static let crashed = LifecycleStep(rawValue: 8)

    /// The step's name.
    public var description: String {
        let names = [
            "defined", "undefined", "started", "suspended", "resumed", "stopped", "shutdown", "asleep", "crashed",
        ]
        return names.indices.contains(Int(rawValue)) ? names[Int(rawValue)] : "step-\(rawValue)"
    }
}

/// A kind of block job. (virDomainBlockJobType)
public struct BlockJobType: RawRepresentable, Hashable, Sendable {
    /// The number.
    public let rawValue: Int32
    /// Makes a type from its number.
    public init(rawValue: Int32) { self.rawValue = rawValue }
    /// Data of the backing files is pulled into the disk. (VIR_DOMAIN_BLOCK_JOB_TYPE_PULL)
    public static let pull = BlockJobType(rawValue: 1)
    /// The disk is copied. (VIR_DOMAIN_BLOCK_JOB_TYPE_COPY)
    public static let copy = BlockJobType(rawValue: 2)
    /// A backing file's data is pushed down. (VIR_DOMAIN_BLOCK_JOB_TYPE_COMMIT)
    public static let commit = BlockJobType(rawValue: 3)
    /// The disk's own data is pushed down. (VIR_DOMAIN_BLOCK_JOB_TYPE_ACTIVE_COMMIT)
    public static let activeCommit = BlockJobType(rawValue: 4)
    /// The disk is backed up. (VIR_DOMAIN_BLOCK_JOB_TYPE_BACKUP)
    public static let backup = BlockJobType(rawValue: 5)
}

/// What became of a block job. (virConnectDomainEventBlockJobStatus)
public struct BlockJobStatus: RawRepresentable, Hashable, Sendable {
    /// The number.
    public let rawValue: Int32
    /// Makes a status from its number.
    public init(rawValue: Int32) { self.rawValue = rawValue }
    /// It is done. (VIR_DOMAIN_BLOCK_JOB_COMPLETED)
    public static let completed = BlockJobStatus(rawValue: 0)
    /// It failed. (VIR_DOMAIN_BLOCK_JOB_FAILED)
    public static let failed = BlockJobStatus(rawValue: 1)
    /// It was cancelled. (VIR_DOMAIN_BLOCK_JOB_CANCELED)
    public static let cancelled = BlockJobStatus(rawValue: 2)
    /// Both sides are equal, and it waits for the pivot. (VIR_DOMAIN_BLOCK_JOB_READY)
    public static let ready = BlockJobStatus(rawValue: 3)
}
