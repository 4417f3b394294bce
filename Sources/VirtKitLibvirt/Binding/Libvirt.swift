internal import CVirtKit
internal import Glibc
public import VirtKitCore

/// libvirt's client library, loaded at run time: VirtKit is built, and runs, where it is not installed.
public enum Libvirt {
    /// What a symbol is looked up in.
    struct SharedLibrary: @unchecked Sendable {
        let name: String
        /// Nil where the library can't be loaded.
        let handle: UnsafeMutableRawPointer?
        let failure: String

        // SAFETY: dlopen and dlerror take and give C strings; the handle is never closed, so symbols stay valid.
        init(_ name: String) {
            self.name = name
            handle = dlopen(name, RTLD_NOW | RTLD_LOCAL)
            failure = handle == nil ? dlerror().map { String(cString: $0) } ?? "it can't be loaded" : ""
        }
    }

    /// `libvirt.so.0`; or what the environment variable VIRTKIT_LIBVIRT names.
    static let library = SharedLibrary(environment("VIRTKIT_LIBVIRT") ?? "libvirt.so.0")
    /// `libvirt-qemu.so.0`: the calls that only QEMU has; or what VIRTKIT_LIBVIRT_QEMU names.
    static let qemuLibrary = SharedLibrary(environment("VIRTKIT_LIBVIRT_QEMU") ?? "libvirt-qemu.so.0")

    private static func environment(_ name: String) -> String? {
        // SAFETY: getenv gives a C string or nil, which is copied at once.
        getenv(name).map { String(cString: $0) }
    }

    /// How to install libvirt.
    static let remedy =
        "install libvirt: apt-get install libvirt0 (the client library) "
        + "and libvirt-daemon-system (the daemon), or your system's equivalent"

    /// The version of the library.
    ///
    /// - Throws: `LibvirtError` with `.libraryMissing`.
    public static func version() throws(LibvirtError) -> LibvirtVersion {
        try initialize()
        var number: CUnsignedLong = 0
        let result = try virGetVersion.call(&number, nil, nil)
        guard result >= 0 else { throw LibvirtError.last("ask libvirt's version") }
        return LibvirtVersion(rawValue: number)
    }

    /// Whether libvirt's client library is here, and what to install where it is not.
    public static func availability() -> Suitability {
        do {
            return Suitability(.full, reason: "libvirt \(try version()) is installed")
        } catch {
            return Suitability(.no, reason: error.message, remedy: error.remedy)
        }
    }

    /// What libvirt's own initialisation said; done once.
    private static let initialization: Result<Void, LibvirtError> = {
        do throws(LibvirtError) {
            let result = try virInitialize.call()
            guard result >= 0 else { throw LibvirtError.last("initialise libvirt") }
            // libvirt prints every error on standard error unless a program takes them.
            try virSetErrorFunc.call(nil, { _, _ in })
            return .success(())
        } catch {
            return .failure(error)
        }
    }()

    static func initialize() throws(LibvirtError) { try initialization.get() }
}

/// A function of a shared library, looked up when it is first used.
///
/// SAFETY: `Function` is a `@convention(c)` function type, which is one pointer and has no state; that it is the type of
/// the C function is what the header test compares.
struct Symbol<Function>: @unchecked Sendable {
    private let name: StaticString
    private let function: Function?

    init(_ name: StaticString) { self.init(name, in: Libvirt.library) }

    init(_ name: StaticString, in library: Libvirt.SharedLibrary) {
        self.name = name
        let address = library.handle.flatMap { handle in
            dlsym(handle, UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self))
        }
        function = address.map { unsafeBitCast($0, to: Function.self) }
    }

    /// The function.
    var call: Function {
        get throws(LibvirtError) {
            if let function { return function }
            throw missing
        }
    }

    private var missing: LibvirtError {
        if Libvirt.library.handle == nil {
            return LibvirtError(
                .libraryMissing, operation: "load libvirt", message: Libvirt.library.failure, remedy: Libvirt.remedy)
        }
        return LibvirtError(
            .functionMissing, operation: "call \(name)", message: "this libvirt has no function \(name)",
            remedy: "install a newer libvirt")
    }
}

/// A function that only QEMU's driver has.
struct QEMUSymbol<Function>: Sendable {
    private let symbol: Symbol<Function>
    init(_ name: StaticString) { symbol = Symbol(name, in: Libvirt.qemuLibrary) }
    var call: Function { get throws(LibvirtError) { try symbol.call } }
}
