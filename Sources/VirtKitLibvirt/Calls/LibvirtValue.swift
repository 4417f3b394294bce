internal import CVirtKit
internal import Glibc

/// A value of one of the seven types that libvirt's typed parameters have. (virTypedParameterType)
public enum LibvirtValue: Hashable, Sendable, CustomStringConvertible {
    /// VIR_TYPED_PARAM_INT
    case int(Int32)
    /// VIR_TYPED_PARAM_UINT
    case unsignedInt(UInt32)
    /// VIR_TYPED_PARAM_LLONG
    case long(Int64)
    /// VIR_TYPED_PARAM_ULLONG
    case unsignedLong(UInt64)
    /// VIR_TYPED_PARAM_DOUBLE
    case double(Double)
    /// VIR_TYPED_PARAM_BOOLEAN
    case bool(Bool)
    /// VIR_TYPED_PARAM_STRING
    case string(String)

    /// Copies a native parameter's value; nil for a type of a later libvirt, whose size is not known.
    init?(_ parameter: borrowing vk_virTypedParameter) {
        let value = parameter.value
        switch parameter.type {
        case 1: self = .int(value.i)
        case 2: self = .unsignedInt(value.ui)
        case 3: self = .long(value.l)
        case 4: self = .unsignedLong(value.ul)
        case 5: self = .double(value.d)
        case 6: self = .bool(value.b != 0)
        case 7: self = .string(value.s.map { String(cString: $0) } ?? "")
        default: return nil
        }
    }

    /// The value as a number without sign, where it is one that fits.
    public var unsigned: UInt64? {
        switch self {
        case .int(let value): UInt64(exactly: value)
        case .unsignedInt(let value): UInt64(value)
        case .long(let value): UInt64(exactly: value)
        case .unsignedLong(let value): value
        case .bool(let value): value ? 1 : 0
        case .double, .string: nil
        }
    }

    /// The value as a number with a sign, where it is one that fits.
    public var signed: Int64? {
        switch self {
        case .int(let value): Int64(value)
        case .unsignedInt(let value): Int64(value)
        case .long(let value): value
        case .unsignedLong(let value): Int64(exactly: value)
        case .bool(let value): value ? 1 : 0
        case .double, .string: nil
        }
    }

    /// The value as a text, where it is one.
    public var text: String? { if case .string(let value) = self { value } else { nil } }

    /// The value, written out.
    public var description: String {
        switch self {
        case .int(let value): "\(value)"
        case .unsignedInt(let value): "\(value)"
        case .long(let value): "\(value)"
        case .unsignedLong(let value): "\(value)"
        case .double(let value): "\(value)"
        case .bool(let value): "\(value)"
        case .string(let value): value
        }
    }
}

/// Named values, as libvirt's typed parameters. A name may be there several times (lists are given so); `self[name]` is the first.
public struct LibvirtParameters: Hashable, Sendable, ExpressibleByDictionaryLiteral, Sequence {
    /// A name and its value.
    public struct Parameter: Hashable, Sendable {
        /// The name, of at most 79 bytes.
        public var name: String
        /// The value.
        public var value: LibvirtValue
    }

    private var list: [Parameter]

    /// Makes parameters, in order.
    public init(_ list: [(String, LibvirtValue)] = []) {
        self.list = list.map { Parameter(name: $0.0, value: $0.1) }
    }

    /// Makes parameters, in order.
    public init(dictionaryLiteral elements: (String, LibvirtValue)...) { self.init(elements) }

    /// How many there are.
    public var count: Int { list.count }

    /// Iterates over the parameters in order.
    public func makeIterator() -> IndexingIterator<[Parameter]> { list.makeIterator() }

    /// Adds a parameter, after those of the same name.
    public mutating func append(_ name: String, _ value: LibvirtValue) {
        list.append(Parameter(name: name, value: value))
    }

    /// The first parameter of a name; setting replaces it, or takes it away.
    public subscript(name: String) -> LibvirtValue? {
        get { list.first { $0.name == name }?.value }
        set {
            guard let index = list.firstIndex(where: { $0.name == name }) else {
                if let newValue { append(name, newValue) }
                return
            }
            if let newValue { list[index].value = newValue } else { list.remove(at: index) }
        }
    }

    // MARK: Native

    /// Copies native parameters.
    ///
    /// SAFETY: `count` parameters are at `native`, each with a value of the type that it names; names end with a zero byte
    /// within their 80 bytes.
    init(copying native: UnsafePointer<vk_virTypedParameter>?, count: Int) {
        list = []
        guard let native else { return }
        for index in 0..<Swift.max(0, count) {
            if let value = LibvirtValue(native[index]) { append(native[index].name, value) }
        }
    }

    /// Native parameters for the length of a call.
    func withNative<Result>(
        _ operation: String,
        _ body: (UnsafeMutablePointer<vk_virTypedParameter>?, CInt) throws -> Result
    ) throws -> Result {
        let native = UnsafeMutablePointer<vk_virTypedParameter>.allocate(capacity: Swift.max(1, list.count))
        native.initialize(repeating: vk_virTypedParameter(), count: Swift.max(1, list.count))
        // SAFETY: the strings come from strdup and are freed after the call.
        defer {
            for index in list.indices where native[index].type == 7 { free(native[index].value.s) }
            native.deallocate()
        }
        for (index, parameter) in list.enumerated() {
            let name = Array(parameter.name.utf8)
            guard name.count < 80, !name.contains(0) else {
                throw LibvirtError.invalid(operation, "\"\(parameter.name)\" is no parameter's name")
            }
            withUnsafeMutableBytes(of: &native[index].field) { $0.copyBytes(from: name) }
            switch parameter.value {
            case .int(let value): (native[index].type, native[index].value.i) = (1, value)
            case .unsignedInt(let value): (native[index].type, native[index].value.ui) = (2, value)
            case .long(let value): (native[index].type, native[index].value.l) = (3, value)
            case .unsignedLong(let value): (native[index].type, native[index].value.ul) = (4, value)
            case .double(let value): (native[index].type, native[index].value.d) = (5, value)
            case .bool(let value): (native[index].type, native[index].value.b) = (6, value ? 1 : 0)
            case .string(let value):
                guard !value.utf8.contains(0) else {
                    throw LibvirtError.invalid(operation, "the value of \(parameter.name) has a zero byte")
                }
                guard let copy = strdup(value) else {
                    throw LibvirtError(.noMemory, operation: operation, message: "there is no memory for a string")
                }
                (native[index].type, native[index].value.s) = (7, copy)
            }
        }
        return try body(native, CInt(list.count))
    }
}

extension NativeCall {
    /// Parameters that libvirt allocates: copied and freed.
    func parameters(
        _ read: (UnsafeMutablePointer<UnsafeMutablePointer<vk_virTypedParameter>?>?, UnsafeMutablePointer<CInt>?) ->
            CInt
    ) throws(LibvirtError) -> LibvirtParameters {
        var native: UnsafeMutablePointer<vk_virTypedParameter>?
        var count: CInt = 0
        try check(read(&native, &count))
        let free = try Libvirt.virTypedParamsFree.call
        defer { free(native, count) }
        return LibvirtParameters(copying: native, count: Int(count))
    }

    /// Parameters that the caller allocates: asked for their number first.
    func sizedParameters(
        _ read: (UnsafeMutablePointer<vk_virTypedParameter>?, UnsafeMutablePointer<CInt>?) -> CInt
    ) throws(LibvirtError) -> LibvirtParameters {
        var count: CInt = 0
        try check(read(nil, &count))
        return try parameters(room: count, read)
    }

    /// Parameters that the caller allocates, of a number that is known.
    func parameters(
        room: CInt, _ read: (UnsafeMutablePointer<vk_virTypedParameter>?, UnsafeMutablePointer<CInt>?) -> CInt
    ) throws(LibvirtError) -> LibvirtParameters {
        var count = room
        guard count > 0, count < 65536 else { return LibvirtParameters() }
        let native = UnsafeMutablePointer<vk_virTypedParameter>.allocate(capacity: Int(count))
        native.initialize(repeating: vk_virTypedParameter(), count: Int(count))
        defer { native.deallocate() }
        let capacity = count
        try check(read(native, &count))
        // SAFETY: libvirt has filled at most as many as it was given room for, and owns no string of ours.
        let filled = min(count, capacity)
        let clear = try Libvirt.virTypedParamsClear.call
        defer { clear(native, filled) }
        return LibvirtParameters(copying: native, count: Int(filled))
    }
}
