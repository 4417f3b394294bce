internal import CVirtKit

// libvirt's functions for the life of a domain.
// A line each: the C name, and the type of the C function.
extension Libvirt {
    static let virConnectListAllDomains = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<OpaquePointer?>?>?, CUnsignedInt) ->
            CInt
    >("virConnectListAllDomains")
    static let virDomainLookupByName = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> OpaquePointer?
    >("virDomainLookupByName")
    static let virDomainLookupByID = Symbol<
        @convention(c) (OpaquePointer?, CInt) -> OpaquePointer?
    >("virDomainLookupByID")
    static let virDomainLookupByUUIDString = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> OpaquePointer?
    >("virDomainLookupByUUIDString")
    static let virDomainCreateXML = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> OpaquePointer?
    >("virDomainCreateXML")
    static let virDomainDefineXMLFlags = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> OpaquePointer?
    >("virDomainDefineXMLFlags")
    static let virDomainCreateWithFlags = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainCreateWithFlags")
    static let virDomainUndefineFlags = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainUndefineFlags")
    static let virDomainRef = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virDomainRef")
    static let virDomainFree = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virDomainFree")
    static let virDomainGetName = Symbol<
        @convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?
    >("virDomainGetName")
    static let virDomainGetID = Symbol<
        @convention(c) (OpaquePointer?) -> CUnsignedInt
    >("virDomainGetID")
    static let virDomainGetUUID = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<UInt8>?) -> CInt
    >("virDomainGetUUID")
    static let virDomainGetUUIDString = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>?) -> CInt
    >("virDomainGetUUIDString")
    static let virDomainGetOSType = Symbol<
        @convention(c) (OpaquePointer?) -> UnsafeMutablePointer<CChar>?
    >("virDomainGetOSType")
    static let virDomainGetXMLDesc = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> UnsafeMutablePointer<CChar>?
    >("virDomainGetXMLDesc")
    static let virDomainRename = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> CInt
    >("virDomainRename")
    static let virDomainIsActive = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virDomainIsActive")
    static let virDomainIsPersistent = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virDomainIsPersistent")
    static let virDomainIsUpdated = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virDomainIsUpdated")
    static let virDomainGetInfo = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<vk_virDomainInfo>?) -> CInt
    >("virDomainGetInfo")
    static let virDomainGetState = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CInt>?, UnsafeMutablePointer<CInt>?, CUnsignedInt) -> CInt
    >("virDomainGetState")
    static let virDomainGetHostname = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> UnsafeMutablePointer<CChar>?
    >("virDomainGetHostname")
    static let virDomainSuspend = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virDomainSuspend")
    static let virDomainResume = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virDomainResume")
    static let virDomainShutdownFlags = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainShutdownFlags")
    static let virDomainReboot = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainReboot")
    static let virDomainReset = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainReset")
    static let virDomainDestroyFlags = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainDestroyFlags")
    static let virDomainPMSuspendForDuration = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt, CUnsignedLongLong, CUnsignedInt) -> CInt
    >("virDomainPMSuspendForDuration")
    static let virDomainPMWakeup = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainPMWakeup")
    static let virDomainInjectNMI = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainInjectNMI")
    static let virDomainSendKey = Symbol<
        @convention(c) (
            OpaquePointer?, CUnsignedInt, CUnsignedInt, UnsafeMutablePointer<CUnsignedInt>?, CInt, CUnsignedInt
        ) -> CInt
    >("virDomainSendKey")
    static let virDomainSetLifecycleAction = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt, CUnsignedInt, CUnsignedInt) -> CInt
    >("virDomainSetLifecycleAction")
    static let virDomainGetAutostart = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CInt>?) -> CInt
    >("virDomainGetAutostart")
    static let virDomainSetAutostart = Symbol<
        @convention(c) (OpaquePointer?, CInt) -> CInt
    >("virDomainSetAutostart")
    static let virDomainSetMetadata = Symbol<
        @convention(c) (
            OpaquePointer?, CInt, UnsafePointer<CChar>?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, CUnsignedInt
        ) -> CInt
    >("virDomainSetMetadata")
    static let virDomainGetMetadata = Symbol<
        @convention(c) (OpaquePointer?, CInt, UnsafePointer<CChar>?, CUnsignedInt) -> UnsafeMutablePointer<CChar>?
    >("virDomainGetMetadata")
    static let virDomainGetMessages = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?, CUnsignedInt
        ) -> CInt
    >("virDomainGetMessages")
    static let virDomainSaveFlags = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, CUnsignedInt) -> CInt
    >("virDomainSaveFlags")
    static let virDomainRestoreFlags = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, CUnsignedInt) -> CInt
    >("virDomainRestoreFlags")
    static let virDomainSaveImageGetXMLDesc = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> UnsafeMutablePointer<CChar>?
    >("virDomainSaveImageGetXMLDesc")
    static let virDomainSaveImageDefineXML = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, CUnsignedInt) -> CInt
    >("virDomainSaveImageDefineXML")
    static let virDomainManagedSave = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainManagedSave")
    static let virDomainHasManagedSaveImage = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainHasManagedSaveImage")
    static let virDomainManagedSaveRemove = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainManagedSaveRemove")
    static let virDomainCoreDumpWithFormat = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt, CUnsignedInt) -> CInt
    >("virDomainCoreDumpWithFormat")
    static let virDomainScreenshot = Symbol<
        @convention(c) (OpaquePointer?, OpaquePointer?, CUnsignedInt, CUnsignedInt) -> UnsafeMutablePointer<CChar>?
    >("virDomainScreenshot")
    static let virDomainOpenConsole = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainOpenConsole")
    static let virDomainOpenChannel = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainOpenChannel")
    static let virDomainOpenGraphicsFD = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt, CUnsignedInt) -> CInt
    >("virDomainOpenGraphicsFD")
    static let virDomainGetJobStats = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafeMutablePointer<CInt>?,
            UnsafeMutablePointer<UnsafeMutablePointer<vk_virTypedParameter>?>?, UnsafeMutablePointer<CInt>?,
            CUnsignedInt
        ) -> CInt
    >("virDomainGetJobStats")
    static let virDomainAbortJob = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virDomainAbortJob")
    static let virDomainMigrate3 = Symbol<
        @convention(c) (
            OpaquePointer?, OpaquePointer?, UnsafeMutablePointer<vk_virTypedParameter>?, CUnsignedInt, CUnsignedInt
        ) -> OpaquePointer?
    >("virDomainMigrate3")
    static let virDomainMigrateToURI3 = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?, UnsafeMutablePointer<vk_virTypedParameter>?, CUnsignedInt,
            CUnsignedInt
        ) -> CInt
    >("virDomainMigrateToURI3")
    static let virDomainMigrateSetMaxDowntime = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedLongLong, CUnsignedInt) -> CInt
    >("virDomainMigrateSetMaxDowntime")
    static let virDomainMigrateGetMaxDowntime = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CUnsignedLongLong>?, CUnsignedInt) -> CInt
    >("virDomainMigrateGetMaxDowntime")
    static let virDomainMigrateSetMaxSpeed = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedLong, CUnsignedInt) -> CInt
    >("virDomainMigrateSetMaxSpeed")
    static let virDomainMigrateGetMaxSpeed = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CUnsignedLong>?, CUnsignedInt) -> CInt
    >("virDomainMigrateGetMaxSpeed")
    static let virDomainMigrateStartPostCopy = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainMigrateStartPostCopy")
    static let virDomainSnapshotCreateXML = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> OpaquePointer?
    >("virDomainSnapshotCreateXML")
    static let virDomainListAllSnapshots = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<OpaquePointer?>?>?, CUnsignedInt) ->
            CInt
    >("virDomainListAllSnapshots")
    static let virDomainSnapshotLookupByName = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> OpaquePointer?
    >("virDomainSnapshotLookupByName")
    static let virDomainSnapshotCurrent = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> OpaquePointer?
    >("virDomainSnapshotCurrent")
    static let virDomainSnapshotGetName = Symbol<
        @convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?
    >("virDomainSnapshotGetName")
    static let virDomainSnapshotGetXMLDesc = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> UnsafeMutablePointer<CChar>?
    >("virDomainSnapshotGetXMLDesc")
    static let virDomainSnapshotGetParent = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> OpaquePointer?
    >("virDomainSnapshotGetParent")
    static let virDomainSnapshotIsCurrent = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainSnapshotIsCurrent")
    static let virDomainRevertToSnapshot = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainRevertToSnapshot")
    static let virDomainSnapshotDelete = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainSnapshotDelete")
    static let virDomainSnapshotFree = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virDomainSnapshotFree")
    static let virDomainSnapshotListAllChildren = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<OpaquePointer?>?>?, CUnsignedInt) ->
            CInt
    >("virDomainSnapshotListAllChildren")
    static let virDomainCheckpointCreateXML = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> OpaquePointer?
    >("virDomainCheckpointCreateXML")
    static let virDomainListAllCheckpoints = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<OpaquePointer?>?>?, CUnsignedInt) ->
            CInt
    >("virDomainListAllCheckpoints")
    static let virDomainCheckpointLookupByName = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> OpaquePointer?
    >("virDomainCheckpointLookupByName")
    static let virDomainCheckpointGetName = Symbol<
        @convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?
    >("virDomainCheckpointGetName")
    static let virDomainCheckpointGetXMLDesc = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> UnsafeMutablePointer<CChar>?
    >("virDomainCheckpointGetXMLDesc")
    static let virDomainCheckpointDelete = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virDomainCheckpointDelete")
    static let virDomainCheckpointFree = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virDomainCheckpointFree")
    static let virDomainBackupBegin = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, UnsafePointer<CChar>?, CUnsignedInt) -> CInt
    >("virDomainBackupBegin")
    static let virDomainBackupGetXMLDesc = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> UnsafeMutablePointer<CChar>?
    >("virDomainBackupGetXMLDesc")
}
