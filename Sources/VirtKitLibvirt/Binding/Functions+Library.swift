internal import CVirtKit

// libvirt's functions for the library as a whole: errors, events, typed parameters.
// A line each: the C name, and the type of the C function.
extension Libvirt {
    static let virInitialize = Symbol<
        @convention(c) () -> CInt
    >("virInitialize")
    static let virGetVersion = Symbol<
        @convention(c) (
            UnsafeMutablePointer<CUnsignedLong>?, UnsafePointer<CChar>?, UnsafeMutablePointer<CUnsignedLong>?
        ) -> CInt
    >("virGetVersion")
    static let virGetLastError = Symbol<
        @convention(c) () -> UnsafeMutablePointer<vk_virError>?
    >("virGetLastError")
    static let virResetLastError = Symbol<
        @convention(c) () -> Void
    >("virResetLastError")
    static let virSetErrorFunc = Symbol<
        @convention(c) (
            UnsafeMutableRawPointer?,
            (@convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<vk_virError>?) -> Void)?
        ) -> Void
    >("virSetErrorFunc")
    static let virEventRegisterDefaultImpl = Symbol<
        @convention(c) () -> CInt
    >("virEventRegisterDefaultImpl")
    static let virEventRunDefaultImpl = Symbol<
        @convention(c) () -> CInt
    >("virEventRunDefaultImpl")
    static let virEventAddTimeout = Symbol<
        @convention(c) (
            CInt, (@convention(c) (CInt, UnsafeMutableRawPointer?) -> Void)?, UnsafeMutableRawPointer?,
            (@convention(c) (UnsafeMutableRawPointer?) -> Void)?
        ) -> CInt
    >("virEventAddTimeout")
    static let virEventUpdateTimeout = Symbol<
        @convention(c) (CInt, CInt) -> Void
    >("virEventUpdateTimeout")
    static let virEventRemoveTimeout = Symbol<
        @convention(c) (CInt) -> CInt
    >("virEventRemoveTimeout")
    static let virTypedParamsFree = Symbol<
        @convention(c) (UnsafeMutablePointer<vk_virTypedParameter>?, CInt) -> Void
    >("virTypedParamsFree")
    static let virTypedParamsClear = Symbol<
        @convention(c) (UnsafeMutablePointer<vk_virTypedParameter>?, CInt) -> Void
    >("virTypedParamsClear")
}
