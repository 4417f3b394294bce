internal import Glibc

/// The host's files that tell about KVM: those of `/proc`, `/sys`, `/dev` and `/etc`, or a test's own below another root.
struct HostFiles: Sendable {
    /// What stands before every path: "" for the host's own files.
    var root = ""

    /// A device node, or another file in its place.
    struct Node: Equatable, Sendable {
        var isDevice: Bool
        var permissions: UInt32
        var user: UInt32
        var group: UInt32
        var major: UInt32
        var minor: UInt32
    }

    /// The first 256 KiB of a file as text; nil where it can't be read.
    func text(_ path: String) -> String? {
        let descriptor = open(root + path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < 256 << 10 {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            if count <= 0 { break }
            bytes += buffer.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A file's single line.
    func line(_ path: String) -> String? {
        text(path)?.split(whereSeparator: \.isNewline).first.map { trimmed($0) }
    }

    func exists(_ path: String) -> Bool { access(root + path, F_OK) == 0 }

    func node(_ path: String) -> Node? {
        var status = stat()
        guard stat(root + path, &status) == 0 else { return nil }
        let device = UInt64(status.st_rdev)
        return Node(
            isDevice: status.st_mode & S_IFMT == S_IFCHR, permissions: UInt32(status.st_mode & 0o777),
            user: status.st_uid, group: status.st_gid,
            major: UInt32(truncatingIfNeeded: device >> 8 & 0xFFF | device >> 32 & 0xFFFF_F000),
            minor: UInt32(truncatingIfNeeded: device & 0xFF | device >> 12 & 0xFFFF_FF00))
    }

    /// The value after `key` and a colon in a file of such lines (`/proc/cpuinfo`).
    func value(_ key: String, in path: String) -> String? {
        for line in (text(path) ?? "").split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, trimmed(parts[0]) == key { return trimmed(parts[1]) }
        }
        return nil
    }

    /// The name of a number in `/etc/group` or `/etc/passwd`, and in a group its members.
    func account(_ number: UInt32, in path: String) -> (name: String, members: [String])? {
        for line in (text(path) ?? "").split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", omittingEmptySubsequences: false)
            if parts.count > 3, UInt32(parts[2]) == number {
                return (String(parts[0]), parts[3].split(separator: ",").map(String.init))
            }
        }
        return nil
    }
}

/// Text without white space at its ends.
func trimmed(_ text: some StringProtocol) -> String {
    let isSpace: (Character) -> Bool = { $0 == " " || $0 == "\t" || $0 == "\0" }
    return String(text.drop(while: isSpace).reversed().drop(while: isSpace).reversed())
}
