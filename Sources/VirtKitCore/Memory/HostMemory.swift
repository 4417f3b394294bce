internal import CVirtKit
internal import Glibc

/// The host's huge pages.
enum HugePagePool {
    /// Why the pool did not give its pages.
    static func refusal(_ page: Int, _ count: Int, _ error: Int32) -> VirtKitError {
        let folder = "/sys/kernel/mm/hugepages/hugepages-\(page >> 10)kB"
        let size = page >= 1 << 30 ? "1 GiB" : "2 MiB"
        guard let free = HostText.read("\(folder)/free_hugepages").flatMap({ Int($0) }) else {
            return VirtKitError(
                .unsupported, operation: "map guest memory", message: "the host has no huge pages of \(size)",
                errno: error, remedy: "leave hugePages out, or ask for transparent ones")
        }
        return VirtKitError(
            .resourceExhausted, operation: "map guest memory",
            message: "the host's pool has \(free) free huge pages of \(size), and a region takes \(count)",
            errno: error,
            remedy: "reserve more (\(folder)/nr_hugepages), or ask for transparent ones")
    }

    /// Refuses where the kernel makes no huge pages by itself.
    static func requireTransparentPages() throws(VirtKitError) {
        let mode = HostText.read("/sys/kernel/mm/transparent_hugepage/enabled")
        guard let mode, !mode.contains("[never]") else {
            throw VirtKitError(
                .unsupported, operation: "map guest memory",
                message: mode == nil
                    ? "the host's kernel makes no transparent huge pages"
                    : "transparent huge pages are switched off on this host",
                remedy: mode == nil
                    ? "leave hugePages out"
                    : "leave hugePages out, or write \"madvise\" to /sys/kernel/mm/transparent_hugepage/enabled")
        }
    }
}

/// The host's NUMA nodes.
enum HostNUMA {
    /// Sets the policy of memory that nobody has touched.
    static func place(_ memory: UnsafeMutableRawBufferPointer, _ policy: NUMAPolicy) throws(VirtKitError) {
        let online = HostText.read("/sys/devices/system/node/online").flatMap(HostNumberSet.init(parsing:))
        let missing = online.map { policy.nodes.subtracting($0) } ?? []
        guard missing.isEmpty else {
            throw refusal(
                "the host has no NUMA node \(missing): its nodes are \(online?.description ?? "")", EINVAL,
                remedy: "name nodes that the host has")
        }
        var mask = [UInt64](repeating: 0, count: 16)
        for node in policy.nodes.numbers where node < 1024 { mask[node / 64] |= 1 << UInt64(node % 64) }
        let mode =
            policy.mode == .bind
            ? vk_MPOL_BIND : policy.mode == .preferred ? vk_MPOL_PREFERRED : vk_MPOL_INTERLEAVE
        // SAFETY: the kernel reads the mask during the call alone.
        let result = mask.withUnsafeBufferPointer {
            vk_memory_set_nodes(memory.baseAddress, UInt64(memory.count), mode, $0.baseAddress, $0.count)
        }
        guard result == 0 else {
            throw refusal(
                result == -ENOSYS
                    ? "the host's kernel has no NUMA policies"
                    : result == -EPERM
                        ? "the host does not let this process place memory"
                        : "the host refuses the policy \(policy.mode) on NUMA nodes \(policy.nodes)", -result,
                remedy: result == -ENOSYS
                    ? "leave numa out"
                    : result == -EPERM
                        ? "allow mbind (a container's seccomp profile may forbid it)"
                        : "name nodes of the process's cpuset (cpuset.mems)")
        }
    }

    private static func refusal(_ message: String, _ error: Int32, remedy: String) -> VirtKitError {
        VirtKitError(.unsupported, operation: "map guest memory", message: message, errno: error, remedy: remedy)
    }
}

/// Short files of the kernel's.
private enum HostText {
    /// The text without white space at its ends; nil where the file can't be read.
    static func read(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = Glibc.read(file, &bytes, bytes.count)
        guard count > 0 else { return nil }
        let text = bytes.prefix(count).drop { $0 <= 0x20 }
        return String(decoding: text.reversed().drop { $0 <= 0x20 }.reversed(), as: UTF8.self)
    }
}
