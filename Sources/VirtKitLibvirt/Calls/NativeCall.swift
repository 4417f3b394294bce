internal import CVirtKit
internal import Glibc

/// What a call of libvirt is made with, on a thread that may block: the connection, maybe a domain, and the operation's name
/// for errors. The error of a failed call is read here, on the same thread.
struct NativeCall {
    let connection: OpaquePointer
    /// The object that the call is about; nil for calls about the connection.
    let object: OpaquePointer?
    let operation: String

    /// The result, unless it is negative.
    @discardableResult
    func check(_ result: CInt) throws(LibvirtError) -> CInt {
        guard result >= 0 else { throw LibvirtError.last(operation) }
        return result
    }

    /// A string that libvirt allocated: copied and freed.
    func string(_ text: UnsafeMutablePointer<CChar>?) throws(LibvirtError) -> String {
        guard let text else { throw LibvirtError.last(operation) }
        // SAFETY: libvirt allocates with malloc, and gives the string to us.
        defer { free(text) }
        return String(cString: text)
    }

    /// A string that belongs to libvirt's object: copied.
    func borrowedString(_ text: UnsafePointer<CChar>?) throws(LibvirtError) -> String {
        guard let text else { throw LibvirtError.last(operation) }
        return String(cString: text)
    }

    /// An object.
    func pointer(_ pointer: OpaquePointer?) throws(LibvirtError) -> OpaquePointer {
        guard let pointer else { throw LibvirtError.last(operation) }
        return pointer
    }

    /// The UUID of an object, as text.
    func uuid(
        _ read: (OpaquePointer?, UnsafeMutablePointer<CChar>?) -> CInt, _ object: OpaquePointer
    ) throws(LibvirtError) -> String {
        // SAFETY: VIR_UUID_STRING_BUFLEN is 37, and libvirt ends the string with a zero byte.
        let buffer = UnsafeMutablePointer<CChar>.allocate(capacity: 37)
        defer { buffer.deallocate() }
        buffer.initialize(repeating: 0, count: 37)
        try check(read(object, buffer))
        return String(cString: buffer)
    }

    /// The objects of a list that libvirt allocated: the array is freed, its objects are given to the caller.
    func list(
        _ read: (UnsafeMutablePointer<UnsafeMutablePointer<OpaquePointer?>?>?) -> CInt
    ) throws(LibvirtError) -> [OpaquePointer] {
        try list(read) { (pointer: OpaquePointer) throws(LibvirtError) in pointer }
    }

    /// What is made of the objects of a list that libvirt allocated, each of which is given to `take`.
    func list<Value>(
        _ read: (UnsafeMutablePointer<UnsafeMutablePointer<OpaquePointer?>?>?) -> CInt,
        _ take: (OpaquePointer) throws(LibvirtError) -> Value
    ) throws(LibvirtError) -> [Value] {
        var array: UnsafeMutablePointer<OpaquePointer?>?
        let count = try check(read(&array))
        // SAFETY: the array has `count` objects and comes from malloc.
        defer { free(array) }
        guard let array else { return [] }
        var failure: LibvirtError?
        let values = [Value](unsafeUninitializedCapacity: Int(count)) { values, filled in
            for index in 0..<Int(count) {
                guard let object = array[index] else { continue }
                do throws(LibvirtError) {
                    (values.baseAddress! + filled).initialize(to: try take(object))
                    filled += 1
                } catch {
                    failure = error
                }
            }
        }
        if let failure { throw failure }
        return values
    }

    /// Refuses a text that C would cut short, and names it.
    func checkText(_ text: String, _ what: String) throws(LibvirtError) {
        if text.utf8.contains(0) { throw LibvirtError.invalid(operation, "\(what) has a zero byte") }
    }
}

/// An object of libvirt that this process holds a reference to; the reference is given back with this one.
final class ObjectHandle: @unchecked Sendable {
    // SAFETY: libvirt's objects may be used from any thread; their reference counts are atomic.
    let pointer: OpaquePointer
    /// Keeps the connection until the object is let go.
    let connection: ConnectionHandle
    private let release: @convention(c) (OpaquePointer?) -> CInt

    init(
        _ pointer: OpaquePointer, on connection: ConnectionHandle,
        release: Symbol<@convention(c) (OpaquePointer?) -> CInt>
    ) throws(LibvirtError) {
        self.pointer = pointer
        self.connection = connection
        self.release = try release.call
    }

    deinit { _ = release(pointer) }
}

extension NativeCall {
    /// A list of strings that libvirt allocated: copied and freed.
    func strings(_ list: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?, _ count: CInt) -> [String] {
        guard let list else { return [] }
        // SAFETY: `count` strings from malloc, in an array from malloc.
        defer { free(list) }
        return (0..<Int(max(0, count))).map { index in
            defer { free(list[index]) }
            return list[index].map { String(cString: $0) } ?? ""
        }
    }
}

extension NativeCall {
    /// The structures of a list that libvirt allocated: read, and freed with the array.
    func take<Native, Value>(
        _ list: UnsafeMutablePointer<UnsafeMutablePointer<Native>?>?, _ count: CInt,
        release: (UnsafeMutablePointer<Native>?) -> Void, read: (Native) -> Value
    ) -> [Value] {
        guard let list else { return [] }
        // SAFETY: `count` pointers from libvirt, in an array from malloc.
        defer { free(list) }
        return (0..<Int(max(0, count))).compactMap { index in
            defer { release(list[index]) }
            return list[index].map { read($0.pointee) }
        }
    }
}
