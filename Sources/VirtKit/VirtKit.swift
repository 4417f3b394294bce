@_exported public import VirtKitCore
@_exported public import VirtKitEmulator
@_exported public import VirtKitKVM
@_exported public import VirtKitLibvirt
@_exported public import VirtKitMachine
