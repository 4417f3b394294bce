internal import CVirtKit
internal import Glibc

extension vk_virTypedParameter {
    /// The parameter's name: at most 79 bytes, and a zero byte.
    var name: String {
        withUnsafeBytes(of: field) { bytes in String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// Whether that is its name.
    borrowing func isNamed(_ name: String.UTF8View) -> Bool {
        withUnsafeBytes(of: field) { bytes in
            name.count < bytes.count && bytes[name.count] == 0 && bytes.prefix(name.count).elementsEqual(name)
        }
    }
}

/// Parameters that libvirt gave. Names and values become Swift's when they are asked for: statistics have some hundred, of which
/// most readers want a few.
struct NativeParameters: @unchecked Sendable {
    // SAFETY: nobody writes to the list, which lives as long as its owner.
    private let list: UnsafePointer<vk_virTypedParameter>?
    private let owner: AnyObject
    let count: Int

    /// Parameters that somebody owns.
    init(_ list: UnsafePointer<vk_virTypedParameter>?, count: Int, of owner: AnyObject) {
        self.list = list
        self.owner = owner
        self.count = list == nil ? 0 : max(0, count)
    }

    /// Copies parameters.
    ///
    /// SAFETY: as `LibvirtParameters.init(copying:count:)`.
    init(copying native: UnsafePointer<vk_virTypedParameter>?, count: Int) {
        let copy = Copy(native, count: native == nil ? 0 : max(0, count))
        self.init(copy.list, count: copy.count, of: copy)
    }

    private final class Copy {
        // SAFETY: the strings are copies from strdup; all is freed with the only owner.
        let list: UnsafeMutablePointer<vk_virTypedParameter>
        let count: Int

        init(_ native: UnsafePointer<vk_virTypedParameter>?, count: Int) {
            self.count = count
            list = .allocate(capacity: max(1, count))
            guard let native else { return }
            list.initialize(from: native, count: count)
            for index in 0..<count where list[index].type == 7 {
                list[index].value.s = list[index].value.s.flatMap { strdup($0) }
            }
        }

        deinit {
            for index in 0..<count where list[index].type == 7 { free(list[index].value.s) }
            list.deallocate()
        }
    }

    /// The last parameter of a name, as in `dictionary`.
    subscript(name: String) -> LibvirtValue? {
        guard let list else { return nil }
        let name = name.utf8
        return withExtendedLifetime(owner) {
            for index in (0..<count).reversed() where list[index].isNamed(name) { return LibvirtValue(list[index]) }
            return nil
        }
    }

    /// All of them.
    var dictionary: [String: LibvirtValue] {
        var values: [String: LibvirtValue] = [:]
        guard let list else { return values }
        values.reserveCapacity(count)
        withExtendedLifetime(owner) {
            for index in 0..<count { values[list[index].name] = LibvirtValue(list[index]) }
        }
        return values
    }
}
