internal import CVirtKit

// libvirt's functions for connections and their hosts.
// A line each: the C name, and the type of the C function.
extension Libvirt {
    static let virConnectOpenAuth = Symbol<
        @convention(c) (UnsafePointer<CChar>?, UnsafeMutablePointer<vk_virConnectAuth>?, CUnsignedInt) -> OpaquePointer?
    >("virConnectOpenAuth")
    static let virConnectClose = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virConnectClose")
    static let virConnectRef = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virConnectRef")
    static let virConnectSetKeepAlive = Symbol<
        @convention(c) (OpaquePointer?, CInt, CUnsignedInt) -> CInt
    >("virConnectSetKeepAlive")
    static let virConnectIsAlive = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virConnectIsAlive")
    static let virConnectIsEncrypted = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virConnectIsEncrypted")
    static let virConnectIsSecure = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virConnectIsSecure")
    static let virConnectRegisterCloseCallback = Symbol<
        @convention(c) (
            OpaquePointer?, (@convention(c) (OpaquePointer?, CInt, UnsafeMutableRawPointer?) -> Void)?,
            UnsafeMutableRawPointer?, (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
        ) -> CInt
    >("virConnectRegisterCloseCallback")
    static let virConnectUnregisterCloseCallback = Symbol<
        @convention(c) (OpaquePointer?, (@convention(c) (OpaquePointer?, CInt, UnsafeMutableRawPointer?) -> Void)?) ->
            CInt
    >("virConnectUnregisterCloseCallback")
    static let virConnectGetType = Symbol<
        @convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?
    >("virConnectGetType")
    static let virConnectGetVersion = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CUnsignedLong>?) -> CInt
    >("virConnectGetVersion")
    static let virConnectGetLibVersion = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CUnsignedLong>?) -> CInt
    >("virConnectGetLibVersion")
    static let virConnectGetHostname = Symbol<
        @convention(c) (OpaquePointer?) -> UnsafeMutablePointer<CChar>?
    >("virConnectGetHostname")
    static let virConnectGetURI = Symbol<
        @convention(c) (OpaquePointer?) -> UnsafeMutablePointer<CChar>?
    >("virConnectGetURI")
    static let virConnectGetSysinfo = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> UnsafeMutablePointer<CChar>?
    >("virConnectGetSysinfo")
    static let virConnectGetMaxVcpus = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> CInt
    >("virConnectGetMaxVcpus")
    static let virConnectGetCapabilities = Symbol<
        @convention(c) (OpaquePointer?) -> UnsafeMutablePointer<CChar>?
    >("virConnectGetCapabilities")
    static let virConnectGetDomainCapabilities = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?,
            CUnsignedInt
        ) -> UnsafeMutablePointer<CChar>?
    >("virConnectGetDomainCapabilities")
    static let virConnectGetCPUModelNames = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?,
            UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?, CUnsignedInt
        ) -> CInt
    >("virConnectGetCPUModelNames")
    static let virConnectCompareCPU = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> CInt
    >("virConnectCompareCPU")
    static let virConnectBaselineCPU = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<UnsafePointer<CChar>?>?, CUnsignedInt, CUnsignedInt) ->
            UnsafeMutablePointer<CChar>?
    >("virConnectBaselineCPU")
    static let virConnectDomainXMLFromNative = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, CUnsignedInt) ->
            UnsafeMutablePointer<CChar>?
    >("virConnectDomainXMLFromNative")
    static let virConnectDomainXMLToNative = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, CUnsignedInt) ->
            UnsafeMutablePointer<CChar>?
    >("virConnectDomainXMLToNative")
    static let virNodeGetInfo = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<vk_virNodeInfo>?) -> CInt
    >("virNodeGetInfo")
    static let virNodeGetFreeMemory = Symbol<
        @convention(c) (OpaquePointer?) -> CUnsignedLongLong
    >("virNodeGetFreeMemory")
    static let virNodeGetCellsFreeMemory = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CUnsignedLongLong>?, CInt, CInt) -> CInt
    >("virNodeGetCellsFreeMemory")
    static let virNodeGetCPUMap = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?, UnsafeMutablePointer<CUnsignedInt>?,
            CUnsignedInt
        ) -> CInt
    >("virNodeGetCPUMap")
    static let virNodeGetFreePages = Symbol<
        @convention(c) (
            OpaquePointer?, CUnsignedInt, UnsafeMutablePointer<CUnsignedInt>?, CInt, CUnsignedInt,
            UnsafeMutablePointer<CUnsignedLongLong>?, CUnsignedInt
        ) -> CInt
    >("virNodeGetFreePages")
    static let virConnectDomainEventRegisterAny = Symbol<
        @convention(c) (
            OpaquePointer?, OpaquePointer?, CInt, (@convention(c) () -> Void)?, UnsafeMutableRawPointer?,
            (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
        ) -> CInt
    >("virConnectDomainEventRegisterAny")
    static let virConnectDomainEventDeregisterAny = Symbol<
        @convention(c) (OpaquePointer?, CInt) -> CInt
    >("virConnectDomainEventDeregisterAny")
    static let virConnectNetworkEventRegisterAny = Symbol<
        @convention(c) (
            OpaquePointer?, OpaquePointer?, CInt, (@convention(c) () -> Void)?, UnsafeMutableRawPointer?,
            (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
        ) -> CInt
    >("virConnectNetworkEventRegisterAny")
    static let virConnectNetworkEventDeregisterAny = Symbol<
        @convention(c) (OpaquePointer?, CInt) -> CInt
    >("virConnectNetworkEventDeregisterAny")
    static let virConnectStoragePoolEventRegisterAny = Symbol<
        @convention(c) (
            OpaquePointer?, OpaquePointer?, CInt, (@convention(c) () -> Void)?, UnsafeMutableRawPointer?,
            (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
        ) -> CInt
    >("virConnectStoragePoolEventRegisterAny")
    static let virConnectStoragePoolEventDeregisterAny = Symbol<
        @convention(c) (OpaquePointer?, CInt) -> CInt
    >("virConnectStoragePoolEventDeregisterAny")
    static let virConnectNodeDeviceEventRegisterAny = Symbol<
        @convention(c) (
            OpaquePointer?, OpaquePointer?, CInt, (@convention(c) () -> Void)?, UnsafeMutableRawPointer?,
            (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
        ) -> CInt
    >("virConnectNodeDeviceEventRegisterAny")
    static let virConnectNodeDeviceEventDeregisterAny = Symbol<
        @convention(c) (OpaquePointer?, CInt) -> CInt
    >("virConnectNodeDeviceEventDeregisterAny")
    static let virConnectDomainQemuMonitorEventRegister = QEMUSymbol<
        @convention(c) (
            OpaquePointer?, OpaquePointer?, UnsafePointer<CChar>?, (@convention(c) () -> Void)?,
            UnsafeMutableRawPointer?, (@convention(c) (UnsafeMutableRawPointer?) -> Void)?, CUnsignedInt
        ) -> CInt
    >("virConnectDomainQemuMonitorEventRegister")
    static let virConnectDomainQemuMonitorEventDeregister = QEMUSymbol<
        @convention(c) (OpaquePointer?, CInt) -> CInt
    >("virConnectDomainQemuMonitorEventDeregister")
    static let virStreamNew = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> OpaquePointer?
    >("virStreamNew")
    static let virStreamFree = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virStreamFree")
    static let virStreamSend = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedLong) -> CInt
    >("virStreamSend")
    static let virStreamRecv = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>?, CUnsignedLong) -> CInt
    >("virStreamRecv")
    static let virStreamFinish = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virStreamFinish")
    static let virStreamAbort = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virStreamAbort")
    static let virStreamEventAddCallback = Symbol<
        @convention(c) (
            OpaquePointer?, CInt, (@convention(c) (OpaquePointer?, CInt, UnsafeMutableRawPointer?) -> Void)?,
            UnsafeMutableRawPointer?, (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
        ) -> CInt
    >("virStreamEventAddCallback")
    static let virStreamEventUpdateCallback = Symbol<
        @convention(c) (OpaquePointer?, CInt) -> CInt
    >("virStreamEventUpdateCallback")
    static let virStreamEventRemoveCallback = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virStreamEventRemoveCallback")
}
