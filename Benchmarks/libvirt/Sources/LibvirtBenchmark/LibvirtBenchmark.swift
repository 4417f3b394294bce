// Times calls of VirtKitLibvirt: lines "NAME MICROSECONDS" (p50), for Benchmarks/libvirt/run.
//
// Usage: LibvirtBenchmark URI COUNT

import Dispatch
import Foundation
import VirtKitLibvirt

@main
struct LibvirtBenchmark {
    static func main() async throws {
        let uri = CommandLine.arguments[1]
        let count = Int(CommandLine.arguments[2]) ?? 1000
        let connection = try await LibvirtConnection.open(uri)
        let domain = try await connection.domains()[0]
        let blocking = connection.blocking
        for _ in 0..<100 { _ = try await domain.info() }
        report("info", try measure(count) { _ = try blocking.info(of: domain) })
        report("list", try measure(count) { _ = try blocking.domains().map(\.name) })
        report("xml", try measure(count) { _ = try blocking.xml(of: domain) })
        report("stats", try measure(count) { _ = try blocking.statistics() })
        let queue = Hop()
        var times: [UInt64] = []
        for _ in 0..<count {
            let start = DispatchTime.now().uptimeNanoseconds
            await queue.hop()
            times.append(DispatchTime.now().uptimeNanoseconds - start)
        }
        report("hop", times)
        times = []
        let cpu = clock()
        for _ in 0..<count {
            let start = DispatchTime.now().uptimeNanoseconds
            _ = try await domain.info()
            times.append(DispatchTime.now().uptimeNanoseconds - start)
        }
        print("cpu_per_call \(Double(clock() - cpu) * 1e6 / Double(CLOCKS_PER_SEC) / Double(count))")
        report("async_info", times)
        let start = DispatchTime.now().uptimeNanoseconds
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<1000 { group.addTask { _ = try await domain.xml() } }
            try await group.waitForAll()
        }
        print("concurrent_per_s \(1e12 / Double(DispatchTime.now().uptimeNanoseconds - start))")
        await connection.close()
    }

    static func measure(_ count: Int, _ body: () throws -> Void) rethrows -> [UInt64] {
        var times: [UInt64] = []
        times.reserveCapacity(count)
        for _ in 0..<count {
            let start = DispatchTime.now().uptimeNanoseconds
            try body()
            times.append(DispatchTime.now().uptimeNanoseconds - start)
        }
        return times
    }

    static func report(_ name: String, _ times: [UInt64]) {
        print("\(name) \(Double(times.sorted()[times.count / 2]) / 1000)")
    }
}

/// A thread that does nothing but resume who comes: the least that any hop costs.
final class Hop: @unchecked Sendable {
    private let condition = NSCondition()
    private var waiting: [UnsafeContinuation<Void, Never>] = []

    init() {
        Thread.detachNewThread { [self] in
            while true {
                condition.lock()
                while waiting.isEmpty { condition.wait() }
                let next = waiting.removeFirst()
                condition.unlock()
                next.resume()
            }
        }
    }

    func hop() async {
        await withUnsafeContinuation { continuation in
            condition.lock()
            waiting.append(continuation)
            condition.signal()
            condition.unlock()
        }
    }
}
