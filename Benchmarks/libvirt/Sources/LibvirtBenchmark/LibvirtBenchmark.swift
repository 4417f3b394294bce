// Calls of VirtKitLibvirt, for Benchmarks/libvirt/run.
//
// Usage: LibvirtBenchmark URI
//
// Reads lines "NAME COUNT" and answers each with nanoseconds, as calls.c does. Besides: "hop" for a bare hop to a thread and
// back, "async" for an awaited GetInfo, and "cpu" for the CPU time of one of those.

import Glibc
import VirtKitLibvirt

@main
struct LibvirtBenchmark {
    static func main() async throws {
        // Not on the main actor, whose queue costs more to come back to.
        try await Task.detached { try await run() }.value
    }

    static func run() async throws {
        let connection = try await LibvirtConnection.open(CommandLine.arguments[1])
        let domains = try await connection.domains()
        let domain = domains[0]
        let blocking = connection.blocking
        let hop = Hop()
        while let line = readLine() {
            defer { fflush(nil) }
            let words = line.split(separator: " ")
            let count = Int(words[1]) ?? 1
            switch words[0] {
            case "info": print(try median(count) { _ = try blocking.info(of: domain) })
            case "list":
                print(try median(count) { for domain in try blocking.domains() { sink &+= domain.name.utf8.count } })
            case "xml": print(try median(count) { sink &+= try blocking.xml(of: domain).utf8.count })
            case "stats":
                print(
                    try median(count) {
                        for record in try blocking.statistics() { sink &+= Int(record.state?.rawValue ?? 0) }
                    })
            case "hop": print(await median(count) { await hop.hop() })
            case "async": print(try await median(count) { _ = try await domain.info() })
            case "cpu":
                let cpu = clock()
                for _ in 0..<count { _ = try await domain.info() }
                print((clock() - cpu) * 1_000_000_000 / Int(CLOCKS_PER_SEC) / count)
            default:
                let start = now()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for index in 0..<count {
                        let domain = domains[index % domains.count]
                        group.addTask { _ = try await domain.info() }
                    }
                    try await group.waitForAll()
                }
                print(now() - start)
            }
        }
        await connection.close()
    }

    nonisolated(unsafe) static var sink = 0

    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    @inline(always)
    static func median(_ count: Int, _ body: () throws -> Void) rethrows -> UInt64 {
        var times = [UInt64](repeating: 0, count: count)
        for index in 0..<count {
            let start = now()
            try body()
            times[index] = now() - start
        }
        return times.sorted()[count / 2]
    }

    @inline(always)
    static func median(
        _ count: Int, _ body: nonisolated(nonsending) () async throws -> Void
    ) async rethrows -> UInt64 {
        var times = [UInt64](repeating: 0, count: count)
        for index in 0..<count {
            let start = now()
            try await body()
            times[index] = now() - start
        }
        return times.sorted()[count / 2]
    }
}

/// A thread that does nothing but resume who comes: the least that any hop costs.
final class Hop: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting: UnsafeContinuation<Void, Never>?

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
        var thread = pthread_t()
        pthread_create(
            &thread, nil, { Unmanaged<Hop>.fromOpaque($0!).takeRetainedValue().run() },
            Unmanaged.passRetained(self).toOpaque())
    }

    private func run() -> Never {
        while true {
            pthread_mutex_lock(mutex)
            while waiting == nil { pthread_cond_wait(condition, mutex) }
            let next = waiting
            waiting = nil
            pthread_mutex_unlock(mutex)
            next?.resume()
        }
    }

    func hop() async {
        await withUnsafeContinuation { continuation in
            pthread_mutex_lock(mutex)
            waiting = continuation
            pthread_mutex_unlock(mutex)
            pthread_cond_signal(condition)
        }
    }
}
