internal import CVirtKit

// libvirt calls each event's callback with other arguments. Each is cast to the one type that the registering function
// takes, as in C.
//
// SAFETY: the type of each callback is that of the C typedef that is named beside it, and libvirt calls it with these
// arguments for the number in the table. Strings and domains are libvirt's own, and copied before the callback returns.

private typealias Text = UnsafePointer<CChar>?
private typealias Data = UnsafeMutableRawPointer?
private let text = EventRegistration.text
private let box = EventRegistration.box

/// The callbacks of events about domains.
enum DomainEventCallbacks {
    typealias AnyCallback = EventRegistration.AnyCallback

    /// The number that libvirt has for a kind of event, and its callback. (virDomainEventID)
    static let table: [LibvirtEvent.Kind: (CInt, AnyCallback)] = [
        .lifecycle: (0, lifecycle), .reboot: (1, plain), .rtcChange: (2, rtcChange), .watchdog: (3, action),
        .graphics: (5, graphics), .ioError: (6, ioError), .controlError: (7, plain), .diskChange: (9, diskChange),
        .trayChange: (10, trayChange), .wakeUp: (11, action), .sleep: (12, action), .balloonChange: (13, balloonChange),
        .sleepOnDisk: (14, action), .deviceRemoved: (15, device), .blockJob: (16, blockJob), .tunable: (17, parameters),
        .agentLifecycle: (18, agentLifecycle), .deviceAdded: (19, device), .migrationIteration: (20, action),
        .jobCompleted: (21, parameters), .deviceRemovalFailed: (22, device), .metadataChange: (23, metadataChange),
        .blockThreshold: (24, blockThreshold), .memoryFailure: (25, memoryFailure),
        .memoryDeviceSizeChange: (26, memoryDeviceSize),
    ]

    /// virConnectDomainEventCallback
    private static let lifecycle: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, CInt, CInt, Data) -> CInt = {
            box($4)?.send(["event": .int($2), "detail": .int($3)], domain: $1)
            return 0
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainEventGenericCallback
    private static let plain: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, Data) -> Void = {
            box($2)?.send([:], domain: $1)
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainEventRTCChangeCallback
    private static let rtcChange: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, CLongLong, Data) -> Void = {
            box($3)?.send(["utcoffset": .long($2)], domain: $1)
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainEventWatchdogCallback, …PMWakeupCallback, …PMSuspendCallback, …MigrationIterationCallback
    private static let action: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, CInt, Data) -> Void = {
            box($3)?.send(["value": .int($2)], domain: $1)
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainEventGraphicsCallback
    private static let graphics: AnyCallback = {
        let callback:
            @convention(c) (
                OpaquePointer?, OpaquePointer?, CInt, UnsafeRawPointer?, UnsafeRawPointer?, Text, UnsafeRawPointer?,
                Data
            ) -> Void = { box($7)?.send(["phase": .int($2), "authScheme": text($5)], domain: $1) }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainEventIOErrorReasonCallback
    private static let ioError: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, Text, Text, CInt, Text, Data) -> Void = {
            box($6)?.send(
                ["path": text($2), "alias": text($3), "action": .int($4), "reason": text($5)], domain: $1)
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainEventBlockJobCallback
    private static let blockJob: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, Text, CInt, CInt, Data) -> Void = {
            box($5)?.send(["disk": text($2), "type": .int($3), "status": .int($4)], domain: $1)
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainEventDiskChangeCallback
    private static let diskChange: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, Text, Text, Text, CInt, Data) -> Void = {
            box($6)?.send(
                ["oldPath": text($2), "newPath": text($3), "alias": text($4), "reason": .int($5)], domain: $1)
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainEventTrayChangeCallback
    private static let trayChange: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, Text, CInt, Data) -> Void = {
            box($4)?.send(["alias": text($2), "reason": .int($3)], domain: $1)
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainEventBalloonChangeCallback
    private static let balloonChange: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, CUnsignedLongLong, Data) -> Void = {
            box($3)?.send(["actual": .unsignedLong($2)], domain: $1)
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainEventDeviceRemovedCallback, …DeviceAddedCallback, …DeviceRemovalFailedCallback
    private static let device: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, Text, Data) -> Void = {
            box($3)?.send(["alias": text($2)], domain: $1)
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainEventTunableCallback, …JobCompletedCallback
    private static let parameters: AnyCallback = {
        let callback:
            @convention(c) (
                OpaquePointer?, OpaquePointer?, UnsafeMutablePointer<vk_virTypedParameter>?, CInt, Data
            ) -> Void = { _, domain, native, count, data in
                var values: [String: LibvirtValue] = [:]
                for parameter in LibvirtParameters(copying: native, count: Int(count)) {
                    values[parameter.name] = parameter.value
                }
                box(data)?.send(values, domain: domain)
            }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainEventAgentLifecycleCallback
    private static let agentLifecycle: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, CInt, CInt, Data) -> Void = {
            box($4)?.send(["state": .int($2), "reason": .int($3)], domain: $1)
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainEventMetadataChangeCallback
    private static let metadataChange: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, CInt, Text, Data) -> Void = {
            box($4)?.send(["type": .int($2), "uri": text($3)], domain: $1)
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainEventBlockThresholdCallback
    private static let blockThreshold: AnyCallback = {
        let callback:
            @convention(c) (
                OpaquePointer?, OpaquePointer?, Text, Text, CUnsignedLongLong, CUnsignedLongLong, Data
            ) -> Void = {
                box($6)?.send(
                    [
                        "disk": text($2), "path": text($3), "threshold": .unsignedLong($4), "excess": .unsignedLong($5),
                    ], domain: $1)
            }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainEventMemoryFailureCallback
    private static let memoryFailure: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, CInt, CInt, CUnsignedInt, Data) -> Void = {
            box($5)?.send(["recipient": .int($2), "action": .int($3), "flags": .unsignedInt($4)], domain: $1)
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainEventMemoryDeviceSizeChangeCallback
    private static let memoryDeviceSize: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, Text, CUnsignedLongLong, Data) -> Void = {
            box($4)?.send(["alias": text($2), "size": .unsignedLong($3)], domain: $1)
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectDomainQemuMonitorEventCallback
    static let qemuMonitor: AnyCallback = {
        let callback:
            @convention(c) (OpaquePointer?, OpaquePointer?, Text, CLongLong, CUnsignedInt, Text, Data) -> Void = {
                box($6)?.send(
                    ["event": text($2), "seconds": .long($3), "micros": .unsignedInt($4), "details": text($5)],
                    domain: $1)
            }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()
}

/// The callbacks of events about networks, storage pools and host devices.
enum HostEventCallbacks {
    typealias AnyCallback = EventRegistration.AnyCallback

    /// virConnectNetworkEventLifecycleCallback
    static let network: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, CInt, CInt, Data) -> Void = {
            box($4)?.send(
                ["event": .int($2), "detail": .int($3)], subject: (try? Libvirt.virNetworkGetName.call)?($1))
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectStoragePoolEventLifecycleCallback
    static let pool: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, CInt, CInt, Data) -> Void = {
            box($4)?.send(
                ["event": .int($2), "detail": .int($3)], subject: (try? Libvirt.virStoragePoolGetName.call)?($1))
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectStoragePoolEventGenericCallback
    static let poolRefresh: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, Data) -> Void = {
            box($2)?.send([:], subject: (try? Libvirt.virStoragePoolGetName.call)?($1))
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectNodeDeviceEventLifecycleCallback
    static let device: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, CInt, CInt, Data) -> Void = {
            box($4)?.send(
                ["event": .int($2), "detail": .int($3)], subject: (try? Libvirt.virNodeDeviceGetName.call)?($1))
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()

    /// virConnectNodeDeviceEventGenericCallback
    static let deviceUpdate: AnyCallback = {
        let callback: @convention(c) (OpaquePointer?, OpaquePointer?, Data) -> Void = {
            box($2)?.send([:], subject: (try? Libvirt.virNodeDeviceGetName.call)?($1))
        }
        return unsafeBitCast(callback, to: AnyCallback.self)
    }()
}
