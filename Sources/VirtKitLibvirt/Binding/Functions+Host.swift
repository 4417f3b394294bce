internal import CVirtKit

// libvirt's functions for what a host has beside domains: networks, storage, devices, secrets.
// A line each: the C name, and the type of the C function.
extension Libvirt {
    static let virConnectListAllNetworks = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<OpaquePointer?>?>?, CUnsignedInt) ->
            CInt
    >("virConnectListAllNetworks")
    static let virNetworkLookupByName = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> OpaquePointer?
    >("virNetworkLookupByName")
    static let virNetworkLookupByUUIDString = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> OpaquePointer?
    >("virNetworkLookupByUUIDString")
    static let virNetworkCreateXML = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> OpaquePointer?
    >("virNetworkCreateXML")
    static let virNetworkDefineXML = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> OpaquePointer?
    >("virNetworkDefineXML")
    static let virNetworkUndefine = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virNetworkUndefine")
    static let virNetworkCreate = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virNetworkCreate")
    static let virNetworkDestroy = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virNetworkDestroy")
    static let virNetworkFree = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virNetworkFree")
    static let virNetworkGetName = Symbol<
        @convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?
    >("virNetworkGetName")
    static let virNetworkGetUUIDString = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>?) -> CInt
    >("virNetworkGetUUIDString")
    static let virNetworkGetXMLDesc = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> UnsafeMutablePointer<CChar>?
    >("virNetworkGetXMLDesc")
    static let virNetworkGetBridgeName = Symbol<
        @convention(c) (OpaquePointer?) -> UnsafeMutablePointer<CChar>?
    >("virNetworkGetBridgeName")
    static let virNetworkGetAutostart = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CInt>?) -> CInt
    >("virNetworkGetAutostart")
    static let virNetworkSetAutostart = Symbol<
        @convention(c) (OpaquePointer?, CInt) -> CInt
    >("virNetworkSetAutostart")
    static let virNetworkIsActive = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virNetworkIsActive")
    static let virNetworkIsPersistent = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virNetworkIsPersistent")
    static let virNetworkUpdate = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt, CUnsignedInt, CInt, UnsafePointer<CChar>?, CUnsignedInt) -> CInt
    >("virNetworkUpdate")
    static let virNetworkGetDHCPLeases = Symbol<
        @convention(c) (
            OpaquePointer?, UnsafePointer<CChar>?,
            UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<vk_virNetworkDHCPLease>?>?>?, CUnsignedInt
        ) -> CInt
    >("virNetworkGetDHCPLeases")
    static let virNetworkDHCPLeaseFree = Symbol<
        @convention(c) (UnsafeMutablePointer<vk_virNetworkDHCPLease>?) -> Void
    >("virNetworkDHCPLeaseFree")
    static let virConnectListAllStoragePools = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<OpaquePointer?>?>?, CUnsignedInt) ->
            CInt
    >("virConnectListAllStoragePools")
    static let virStoragePoolLookupByName = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> OpaquePointer?
    >("virStoragePoolLookupByName")
    static let virStoragePoolLookupByUUIDString = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> OpaquePointer?
    >("virStoragePoolLookupByUUIDString")
    static let virStoragePoolCreateXML = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> OpaquePointer?
    >("virStoragePoolCreateXML")
    static let virStoragePoolDefineXML = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> OpaquePointer?
    >("virStoragePoolDefineXML")
    static let virStoragePoolBuild = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virStoragePoolBuild")
    static let virStoragePoolUndefine = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virStoragePoolUndefine")
    static let virStoragePoolCreate = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virStoragePoolCreate")
    static let virStoragePoolDestroy = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virStoragePoolDestroy")
    static let virStoragePoolDelete = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virStoragePoolDelete")
    static let virStoragePoolFree = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virStoragePoolFree")
    static let virStoragePoolRefresh = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virStoragePoolRefresh")
    static let virStoragePoolGetName = Symbol<
        @convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?
    >("virStoragePoolGetName")
    static let virStoragePoolGetUUIDString = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>?) -> CInt
    >("virStoragePoolGetUUIDString")
    static let virStoragePoolGetInfo = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<vk_virStoragePoolInfo>?) -> CInt
    >("virStoragePoolGetInfo")
    static let virStoragePoolGetXMLDesc = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> UnsafeMutablePointer<CChar>?
    >("virStoragePoolGetXMLDesc")
    static let virStoragePoolGetAutostart = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CInt>?) -> CInt
    >("virStoragePoolGetAutostart")
    static let virStoragePoolSetAutostart = Symbol<
        @convention(c) (OpaquePointer?, CInt) -> CInt
    >("virStoragePoolSetAutostart")
    static let virStoragePoolIsActive = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virStoragePoolIsActive")
    static let virStoragePoolIsPersistent = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virStoragePoolIsPersistent")
    static let virStoragePoolListAllVolumes = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<OpaquePointer?>?>?, CUnsignedInt) ->
            CInt
    >("virStoragePoolListAllVolumes")
    static let virStorageVolLookupByName = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> OpaquePointer?
    >("virStorageVolLookupByName")
    static let virStorageVolLookupByKey = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> OpaquePointer?
    >("virStorageVolLookupByKey")
    static let virStorageVolLookupByPath = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> OpaquePointer?
    >("virStorageVolLookupByPath")
    static let virStorageVolGetName = Symbol<
        @convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?
    >("virStorageVolGetName")
    static let virStorageVolGetKey = Symbol<
        @convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?
    >("virStorageVolGetKey")
    static let virStorageVolCreateXML = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> OpaquePointer?
    >("virStorageVolCreateXML")
    static let virStorageVolCreateXMLFrom = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, OpaquePointer?, CUnsignedInt) -> OpaquePointer?
    >("virStorageVolCreateXMLFrom")
    static let virStorageVolDownload = Symbol<
        @convention(c) (OpaquePointer?, OpaquePointer?, CUnsignedLongLong, CUnsignedLongLong, CUnsignedInt) -> CInt
    >("virStorageVolDownload")
    static let virStorageVolUpload = Symbol<
        @convention(c) (OpaquePointer?, OpaquePointer?, CUnsignedLongLong, CUnsignedLongLong, CUnsignedInt) -> CInt
    >("virStorageVolUpload")
    static let virStorageVolDelete = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virStorageVolDelete")
    static let virStorageVolWipe = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> CInt
    >("virStorageVolWipe")
    static let virStorageVolFree = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virStorageVolFree")
    static let virStorageVolGetInfo = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<vk_virStorageVolInfo>?) -> CInt
    >("virStorageVolGetInfo")
    static let virStorageVolGetXMLDesc = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> UnsafeMutablePointer<CChar>?
    >("virStorageVolGetXMLDesc")
    static let virStorageVolGetPath = Symbol<
        @convention(c) (OpaquePointer?) -> UnsafeMutablePointer<CChar>?
    >("virStorageVolGetPath")
    static let virStorageVolResize = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedLongLong, CUnsignedInt) -> CInt
    >("virStorageVolResize")
    static let virConnectListAllNodeDevices = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<OpaquePointer?>?>?, CUnsignedInt) ->
            CInt
    >("virConnectListAllNodeDevices")
    static let virNodeDeviceLookupByName = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> OpaquePointer?
    >("virNodeDeviceLookupByName")
    static let virNodeDeviceGetName = Symbol<
        @convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?
    >("virNodeDeviceGetName")
    static let virNodeDeviceGetParent = Symbol<
        @convention(c) (OpaquePointer?) -> UnsafePointer<CChar>?
    >("virNodeDeviceGetParent")
    static let virNodeDeviceGetXMLDesc = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> UnsafeMutablePointer<CChar>?
    >("virNodeDeviceGetXMLDesc")
    static let virNodeDeviceDetachFlags = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> CInt
    >("virNodeDeviceDetachFlags")
    static let virNodeDeviceReAttach = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virNodeDeviceReAttach")
    static let virNodeDeviceReset = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virNodeDeviceReset")
    static let virNodeDeviceFree = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virNodeDeviceFree")
    static let virConnectListAllSecrets = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<UnsafeMutablePointer<OpaquePointer?>?>?, CUnsignedInt) ->
            CInt
    >("virConnectListAllSecrets")
    static let virSecretLookupByUUIDString = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?) -> OpaquePointer?
    >("virSecretLookupByUUIDString")
    static let virSecretDefineXML = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<CChar>?, CUnsignedInt) -> OpaquePointer?
    >("virSecretDefineXML")
    static let virSecretGetUUIDString = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CChar>?) -> CInt
    >("virSecretGetUUIDString")
    static let virSecretGetXMLDesc = Symbol<
        @convention(c) (OpaquePointer?, CUnsignedInt) -> UnsafeMutablePointer<CChar>?
    >("virSecretGetXMLDesc")
    static let virSecretSetValue = Symbol<
        @convention(c) (OpaquePointer?, UnsafePointer<UInt8>?, CUnsignedLong, CUnsignedInt) -> CInt
    >("virSecretSetValue")
    static let virSecretGetValue = Symbol<
        @convention(c) (OpaquePointer?, UnsafeMutablePointer<CUnsignedLong>?, CUnsignedInt) -> UnsafeMutablePointer<
            UInt8
        >?
    >("virSecretGetValue")
    static let virSecretUndefine = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virSecretUndefine")
    static let virSecretFree = Symbol<
        @convention(c) (OpaquePointer?) -> CInt
    >("virSecretFree")
}
