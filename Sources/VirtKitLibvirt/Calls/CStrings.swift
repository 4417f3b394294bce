internal import Glibc

/// Lists of C strings for calls.
enum CStrings {
    /// The strings for the length of a call; nil for an empty list.
    static func with<Result>(
        _ strings: [String], _ body: (UnsafeMutablePointer<UnsafePointer<CChar>?>?, CUnsignedInt) throws -> Result
    ) rethrows -> Result {
        guard !strings.isEmpty else { return try body(nil, 0) }
        // SAFETY: the copies come from strdup and are freed after the call.
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        var list: [UnsafePointer<CChar>?] = copies.map { UnsafePointer($0) }
        return try list.withUnsafeMutableBufferPointer { try body($0.baseAddress, CUnsignedInt(strings.count)) }
    }
}
