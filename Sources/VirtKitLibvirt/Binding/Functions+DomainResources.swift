internal import CVirtKit

// libvirt's functions for the resources and devices of a domain, its statistics and its guest agent.
// A line each: the C name, and the type of the C function.
extension Libvirt {
    static let virDomainAttachDeviceFlags = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> CInt
    >("virDomainAttachDeviceFlags")
    static let virDomainDetachDeviceFlags = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> CInt
    >("virDomainDetachDeviceFlags")
    static let virDomainUpdateDeviceFlags = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> CInt
    >("virDomainUpdateDeviceFlags")
    static let virDomainDetachDeviceAlias = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> CInt
    >("virDomainDetachDeviceAlias")
    static let virDomainSetVcpusFlags = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt, CUnsignedInt) -> CInt
    >("virDomainSetVcpusFlags")
    static let virDomainGetVcpusFlags = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainGetVcpusFlags")
    static let virDomainSetVcpu = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CInt, CUnsignedInt) -> CInt
    >("virDomainSetVcpu")
    static let virDomainPinVcpuFlags = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt, UnsafeMutablePointer<UInt8>?, CInt, CUnsignedInt) -> CInt
    >("virDomainPinVcpuFlags")
    static let virDomainGetVcpuPinInfo = Symbol<
        @convention(c) (OpaquePointer?, CInt, UnsafeMutablePointer<UInt8>?, CInt, CUnsignedInt) -> CInt
    >("virDomainGetVcpuPinInfo")
    static let virDomainPinEmulator = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<UInt8>?, CInt, CUnsignedInt) -> CInt
    >("virDomainPinEmulator")
    static let virDomainGetEmulatorPinInfo = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<UInt8>?, CInt, CUnsignedInt) -> CInt
    >("virDomainGetEmulatorPinInfo")
    static let virDomainGetVcpus = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<vk_virVcpuInfo>?, CInt, UnsafeMutablePointer<UInt8>?, CInt)
            -> CInt
    >("virDomainGetVcpus")
    static let virDomainGetIOThreadInfo = Symbol<
        @convention(c) (
            OpaquePointer?,
            UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<vk_virDomainIOThreadInfo>?>?>?, CUnsignedInt
        ) -> CInt
    >("virDomainGetIOThreadInfo")
    static let virDomainIOThreadInfoFree = Symbol<
        @convention(c) (UnsafeMutablePointer<vk_virDomainIOThreadInfo>?) -> Void
    >("virDomainIOThreadInfoFree")
    static let virDomainPinIOThread = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt, UnsafeMutablePointer<UInt8>?, CInt, CUnsignedInt) -> CInt
    >("virDomainPinIOThread")
    static let virDomainAddIOThread = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt, CUnsignedInt) -> CInt
    >("virDomainAddIOThread")
    static let virDomainDelIOThread = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt, CUnsignedInt) -> CInt
    >("virDomainDelIOThread")
    static let virDomainSetMemoryFlags = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedLong, CUnsignedInt) -> CInt
    >("virDomainSetMemoryFlags")
    static let virDomainGetMaxMemory = Symbol<
        @convention(c) (OpaquePointer?) -> CUnsignedLong
    >("virDomainGetMaxMemory")
    static let virDomainSetMemoryStatsPeriod = Symbol<
        @convention(c) (OpaquePointer?, CInt, CUnsignedInt) -> CInt
    >("virDomainSetMemoryStatsPeriod")
    static let virDomainMemoryStats = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<vk_virDomainMemoryStatStruct>?, CUnsignedInt, CUnsignedInt)
            -> CInt
    >("virDomainMemoryStats")
    static let virDomainMemoryPeek = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedLongLong, CUnsignedLong, UnsafeMutableRawPointer?, CUnsignedInt) ->
            CInt
    >("virDomainMemoryPeek")
    static let virDomainGetSchedulerType = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CInt>?) -> UnsafeMutablePointer<CChar>?
    >("virDomainGetSchedulerType")
    static let virDomainGetSchedulerParametersFlags = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<vk_virTypedParameter>?, UnsafeMutablePointer<CInt>?, CUnsignedInt
        ) -> CInt
    >("virDomainGetSchedulerParametersFlags")
    static let virDomainSetSchedulerParametersFlags = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<vk_virTypedParameter>?, CInt, CUnsignedInt) -> CInt
    >("virDomainSetSchedulerParametersFlags")
    static let virDomainGetMemoryParameters = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<vk_virTypedParameter>?, UnsafeMutablePointer<CInt>?, CUnsignedInt
        ) -> CInt
    >("virDomainGetMemoryParameters")
    static let virDomainSetMemoryParameters = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<vk_virTypedParameter>?, CInt, CUnsignedInt) -> CInt
    >("virDomainSetMemoryParameters")
    static let virDomainGetBlkioParameters = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<vk_virTypedParameter>?, UnsafeMutablePointer<CInt>?, CUnsignedInt
        ) -> CInt
    >("virDomainGetBlkioParameters")
    static let virDomainSetBlkioParameters = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<vk_virTypedParameter>?, CInt, CUnsignedInt) -> CInt
    >("virDomainSetBlkioParameters")
    static let virDomainGetNumaParameters = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<vk_virTypedParameter>?, UnsafeMutablePointer<CInt>?, CUnsignedInt
        ) -> CInt
    >("virDomainGetNumaParameters")
    static let virDomainSetNumaParameters = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<vk_virTypedParameter>?, CInt, CUnsignedInt) -> CInt
    >("virDomainSetNumaParameters")
    static let virDomainGetBlockIoTune = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, UnsafeMutablePointer<vk_virTypedParameter>?,
            UnsafeMutablePointer<CInt>?, CUnsignedInt
        ) -> CInt
    >("virDomainGetBlockIoTune")
    static let virDomainSetBlockIoTune = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, UnsafeMutablePointer<vk_virTypedParameter>?, CInt, CUnsignedInt
        ) -> CInt
    >("virDomainSetBlockIoTune")
    static let virDomainGetInterfaceParameters = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, UnsafeMutablePointer<vk_virTypedParameter>?,
            UnsafeMutablePointer<CInt>?, CUnsignedInt
        ) -> CInt
    >("virDomainGetInterfaceParameters")
    static let virDomainSetInterfaceParameters = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, UnsafeMutablePointer<vk_virTypedParameter>?, CInt, CUnsignedInt
        ) -> CInt
    >("virDomainSetInterfaceParameters")
    static let virDomainGetCPUStats = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<vk_virTypedParameter>?, CUnsignedInt, CInt, CUnsignedInt, CUnsignedInt
        ) -> CInt
    >("virDomainGetCPUStats")
    static let virDomainBlockResize = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedLongLong, CUnsignedInt) -> CInt
    >("virDomainBlockResize")
    static let virDomainGetBlockInfo = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, UnsafeMutablePointer<vk_virDomainBlockInfo>?, CUnsignedInt
        ) -> CInt
    >("virDomainGetBlockInfo")
    static let virDomainBlockPeek = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, CUnsignedLongLong, CUnsignedLong, UnsafeMutableRawPointer?,
            CUnsignedInt
        ) -> CInt
    >("virDomainBlockPeek")
    static let virDomainBlockStatsFlags = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, UnsafeMutablePointer<vk_virTypedParameter>?,
            UnsafeMutablePointer<CInt>?, CUnsignedInt
        ) -> CInt
    >("virDomainBlockStatsFlags")
    static let virDomainInterfaceStats = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, UnsafeMutablePointer<vk_virDomainInterfaceStatsStruct>?,
            CUnsignedLong
        ) -> CInt
    >("virDomainInterfaceStats")
    static let virDomainBlockJobAbort = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> CInt
    >("virDomainBlockJobAbort")
    static let virDomainGetBlockJobInfo = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, UnsafeMutablePointer<vk_virDomainBlockJobInfo>?, CUnsignedInt
        ) -> CInt
    >("virDomainGetBlockJobInfo")
    static let virDomainBlockJobSetSpeed = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedLong, CUnsignedInt) -> CInt
    >("virDomainBlockJobSetSpeed")
    static let virDomainBlockPull = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedLong, CUnsignedInt) -> CInt
    >("virDomainBlockPull")
    static let virDomainBlockRebase = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, CUnsignedLong, CUnsignedInt) ->
            CInt
    >("virDomainBlockRebase")
    static let virDomainBlockCopy = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafeMutablePointer<vk_virTypedParameter>?,
            CInt, CUnsignedInt
        ) -> CInt
    >("virDomainBlockCopy")
    static let virDomainBlockCommit = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, CUnsignedLong,
            CUnsignedInt
        ) -> CInt
    >("virDomainBlockCommit")
    static let virDomainSetBlockThreshold = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedLongLong, CUnsignedInt) -> CInt
    >("virDomainSetBlockThreshold")
    static let virDomainGetDiskErrors = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<vk_virDomainDiskError>?, CUnsignedInt, CUnsignedInt) ->
            CInt
    >("virDomainGetDiskErrors")
    static let virConnectGetAllDomainStats = Symbol<
        @convention(c) (
            OpaquePointer?, CUnsignedInt,
            UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<vk_virDomainStatsRecord>?>?>?, CUnsignedInt
        ) -> CInt
    >("virConnectGetAllDomainStats")
    static let virDomainListGetStats = Symbol<
        @convention(c) (
            UnsafeMutablePointer<OpaquePointer?>?, CUnsignedInt,
            UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<vk_virDomainStatsRecord>?>?>?, CUnsignedInt
        ) -> CInt
    >("virDomainListGetStats")
    static let virDomainStatsRecordListFree = Symbol<
        @convention(c) (UnsafeMutablePointer<UnsafeMutablePointer<vk_virDomainStatsRecord>?>?) -> Void
    >("virDomainStatsRecordListFree")
    static let virDomainInterfaceAddresses = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<vk_virDomainInterface>?>?>?,
            CUnsignedInt, CUnsignedInt
        ) -> CInt
    >("virDomainInterfaceAddresses")
    static let virDomainInterfaceFree = Symbol<
        @convention(c) (UnsafeMutablePointer<vk_virDomainInterface>?) -> Void
    >("virDomainInterfaceFree")
    static let virDomainGetGuestInfo = Symbol<
        @convention(c) (
            OpaquePointer?, CUnsignedInt, UnsafeMutablePointer<UnsafeMutablePointer<vk_virTypedParameter>?>?,
            UnsafeMutablePointer<CInt>?, CUnsignedInt
        ) -> CInt
    >("virDomainGetGuestInfo")
    static let virDomainAgentSetResponseTimeout = Symbol<
        @convention(c) (OpaquePointer?, CInt, CUnsignedInt) -> CInt
    >("virDomainAgentSetResponseTimeout")
    static let virDomainFSFreeze = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<UnsafePointer<CChar>?>?, CUnsignedInt, CUnsignedInt) ->
            CInt
    >("virDomainFSFreeze")
    static let virDomainFSThaw = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<UnsafePointer<CChar>?>?, CUnsignedInt, CUnsignedInt) ->
            CInt
    >("virDomainFSThaw")
    static let virDomainFSTrim = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedLongLong, CUnsignedInt) -> CInt
    >("virDomainFSTrim")
    static let virDomainGetFSInfo = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<vk_virDomainFSInfo>?>?>?,
            CUnsignedInt
        ) -> CInt
    >("virDomainGetFSInfo")
    static let virDomainFSInfoFree = Symbol<
        @convention(c) (UnsafeMutablePointer<vk_virDomainFSInfo>?) -> Void
    >("virDomainFSInfoFree")
    static let virDomainGetTime = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<CLongLong>?, UnsafeMutablePointer<CUnsignedInt>?, CUnsignedInt
        ) -> CInt
    >("virDomainGetTime")
    static let virDomainSetTime = Symbol<
        @convention(c) (OpaquePointer?, CLongLong, CUnsignedInt, CUnsignedInt) -> CInt
    >("virDomainSetTime")
    static let virDomainSetUserPassword = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, CUnsignedInt) -> CInt
    >("virDomainSetUserPassword")
    static let virDomainQemuAgentCommand = QEMUSymbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CInt, CUnsignedInt) -> UnsafeMutablePointer<CChar>?
    >("virDomainQemuAgentCommand")
    static let virDomainQemuMonitorCommand = QEMUSymbol<
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, CUnsignedInt
        ) -> CInt
    >("virDomainQemuMonitorCommand")
}
