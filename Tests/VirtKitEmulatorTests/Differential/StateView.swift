import CVirtKitTestSupport

/// The registers before or after a case, by name.
///
/// SAFETY: whoever makes one keeps the structure that `pointer` names alive; all offsets lie within it, by the masks.
struct StateView {
    let pointer: UnsafeMutablePointer<native_state>

    private var raw: UnsafeMutableRawPointer { UnsafeMutableRawPointer(pointer) }
    private static let image = MemoryLayout<native_state>.offset(of: \native_state.fx) ?? 0

    /// The FXSAVE64 image.
    var image: UnsafeMutableRawPointer { raw + Self.image }

    subscript(general number: Int) -> UInt64 {
        get { raw.load(fromByteOffset: (number & 15) * 8, as: UInt64.self) }
        nonmutating set { raw.storeBytes(of: newValue, toByteOffset: (number & 15) * 8, as: UInt64.self) }
    }

    /// Half of an XMM register: `number` is twice the register's, or one more.
    subscript(vector number: Int) -> UInt64 {
        get { image.load(fromByteOffset: 160 + (number & 31) * 8, as: UInt64.self) }
        nonmutating set { image.storeBytes(of: newValue, toByteOffset: 160 + (number & 31) * 8, as: UInt64.self) }
    }

    func single(_ register: Int, _ element: Int) -> UInt32 {
        image.load(fromByteOffset: 160 + (register & 15) * 16 + (element & 3) * 4, as: UInt32.self)
    }

    /// The significand of ST(`number`).
    subscript(significand number: Int) -> UInt64 {
        get { image.load(fromByteOffset: 32 + (number & 7) * 16, as: UInt64.self) }
        nonmutating set { image.storeBytes(of: newValue, toByteOffset: 32 + (number & 7) * 16, as: UInt64.self) }
    }

    /// The sign and exponent of ST(`number`).
    subscript(signExponent number: Int) -> UInt16 {
        get { image.load(fromByteOffset: 40 + (number & 7) * 16, as: UInt16.self) }
        nonmutating set {
            image.storeBytes(of: UInt64(newValue), toByteOffset: 40 + (number & 7) * 16, as: UInt64.self)
        }
    }

    var control: UInt16 {
        get { image.load(as: UInt16.self) }
        nonmutating set { image.storeBytes(of: newValue, as: UInt16.self) }
    }
    var status: UInt16 {
        get { image.load(fromByteOffset: 2, as: UInt16.self) }
        nonmutating set { image.storeBytes(of: newValue, toByteOffset: 2, as: UInt16.self) }
    }
    var tag: UInt8 {
        get { image.load(fromByteOffset: 4, as: UInt8.self) }
        nonmutating set { image.storeBytes(of: newValue, toByteOffset: 4, as: UInt8.self) }
    }
    var mxcsr: UInt32 {
        get { image.load(fromByteOffset: 24, as: UInt32.self) }
        nonmutating set { image.storeBytes(of: newValue, toByteOffset: 24, as: UInt32.self) }
    }

    /// ES, CS, SS, DS, FS, GS.
    subscript(selector number: Int) -> UInt16 {
        get {
            switch number {
            case 0: pointer.pointee.es
            case 1: pointer.pointee.cs
            case 2: pointer.pointee.ss
            case 3: pointer.pointee.ds
            case 4: pointer.pointee.fs
            default: pointer.pointee.gs
            }
        }
        nonmutating set {
            switch number {
            case 0: pointer.pointee.es = newValue
            case 1: pointer.pointee.cs = newValue
            case 2: pointer.pointee.ss = newValue
            case 3: pointer.pointee.ds = newValue
            case 4: pointer.pointee.fs = newValue
            default: pointer.pointee.gs = newValue
            }
        }
    }

    /// Puts the plainest state in place: zeros, everything masked, user-mode selectors.
    func reset(is32Bit: Bool) {
        pointer.pointee = native_state()
        pointer.pointee.rflags = 0x202
        control = 0x37F
        mxcsr = 0x1F80
        image.storeBytes(of: 0xFFFF, toByteOffset: 28, as: UInt32.self)
        self[selector: 1] = is32Bit ? LinuxSegments.userCode32 : LinuxSegments.userCode
        self[selector: 2] = LinuxSegments.userData
        if is32Bit {
            for number in [0, 3, 4, 5] { self[selector: number] = LinuxSegments.userData }
        }
    }
}

/// Where a case lies and what it consists of.
///
/// SAFETY: as ``StateView``; offsets into code and data are checked by their callers or masked.
struct CaseView {
    let pointer: UnsafeMutablePointer<native_case>

    private static let afterOffset = MemoryLayout<native_case>.offset(of: \native_case.after) ?? 0
    private static let codeOffset = MemoryLayout<native_case>.offset(of: \native_case.code) ?? 0

    private var raw: UnsafeMutableRawPointer { UnsafeMutableRawPointer(pointer) }

    var before: StateView { StateView(pointer: raw.assumingMemoryBound(to: native_state.self)) }
    var after: StateView { StateView(pointer: (raw + Self.afterOffset).assumingMemoryBound(to: native_state.self)) }
    var code: UnsafeMutableRawPointer { raw + Self.codeOffset }
    var dataBefore: UnsafeMutableRawPointer { UnsafeMutableRawPointer(native_data_before(pointer)) }
    var dataAfter: UnsafeMutableRawPointer { UnsafeMutableRawPointer(native_data_after(pointer)) }

    var codeAddress: UInt64 { pointer.pointee.code_address }
    var codeBytes: [UInt8] {
        (0..<Int(pointer.pointee.code_bytes)).map { code.load(fromByteOffset: $0, as: UInt8.self) }
    }
    var is32Bit: Bool { before[selector: 1] == LinuxSegments.userCode32 }

    func setCode(_ bytes: [UInt8], at address: UInt64) {
        precondition(bytes.count <= Window.codeBytes)
        pointer.pointee.code_address = address
        pointer.pointee.code_bytes = UInt32(bytes.count)
        before.pointer.pointee.rip = address
        for (index, byte) in bytes.enumerated() { code.storeBytes(of: byte, toByteOffset: index, as: UInt8.self) }
    }
}

/// The memory that both sides see.
enum Window {
    static let code: UInt64 = 0x3A51_7000
    static let codeSize = UInt64(NATIVE_CODE_WINDOW)
    static let codeBytes = Int(NATIVE_CODE_BYTES)
    static let data: UInt64 = 0x1000_0000
    static let dataSize = UInt64(NATIVE_DATA_WINDOW)
    /// A page that can only be read.
    static let constant: UInt64 = 0x1000_3000
}

/// The segments of Linux's user programs (arch/x86/include/asm/segment.h).
enum LinuxSegments {
    static let userCode32: UInt16 = 0x23
    static let userData: UInt16 = 0x2B
    static let userCode: UInt16 = 0x33
    static let task: UInt16 = 0x40
    static let kernelCode: UInt16 = 0x10
}
