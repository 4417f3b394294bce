public import VirtKitCore

extension BootImage {
    /// The image's bytes, from the file or from memory: for hypervisors that load images themselves.
    ///
    /// - Parameters:
    ///   - purpose: what the image is for, which errors name it by: "kernel".
    ///   - limit: the largest size in bytes that is accepted.
    /// - Throws: `VirtKitError`: `.inputOutput` for a file that can't be read; `.invalidImage` for one that is empty, is
    ///   not a regular file, or has more bytes than `limit`.
    public func contents(purpose: String, limit: Int = 1 << 30) throws(VirtKitError) -> [UInt8] {
        let file = try ImageFile(self, purpose: purpose)
        guard file.size <= UInt64(max(0, limit)) else {
            throw file.invalid("it has \(file.size) bytes, and may have \(max(0, limit))")
        }
        return try file.bytes(at: 0, count: Int(file.size))
    }
}
