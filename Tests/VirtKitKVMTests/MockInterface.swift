#if arch(x86_64)
    import CVirtKit
    import Foundation
    import Glibc
    import Synchronization

    @testable import VirtKitKVM

    /// System calls that answer as a test says, and count what is held.
    final class MockInterface: KVMInterface, @unchecked Sendable {
        // A test uses it on one thread, and the domain for one call on another: hence the lock.
        private let lock = NSRecursiveLock()

        /// The answers still to be given, by the call's name. Where there is none, the call succeeds.
        var answers: [String: [Int32]] = [:]
        /// The calls made.
        private(set) var calls: [String] = []
        /// The capabilities that are missing.
        var missing: Set<Int32> = []
        /// Open descriptors and mappings.
        private(set) var open: Set<Int32> = []
        private(set) var mapped: Set<UnsafeMutableRawPointer> = []
        /// What KVM_RUN does.
        var onRun: (UnsafeMutablePointer<kvm_run>) -> Int32 = { _ in 0 }
        private var next: Int32 = 100

        func count(_ call: String) -> Int { calls.count { $0 == call } }

        private func answer(_ call: String) -> Int32? {
            calls.append(call)
            guard var list = answers[call], !list.isEmpty else { return nil }
            let first = list.removeFirst()
            answers[call] = list
            return first
        }

        private func descriptor() -> Int32 {
            next += 1
            open.insert(next)
            return next
        }

        func open(_ path: String) -> Int32 { lock.withLock { answer("open") ?? descriptor() } }

        func control(_ number: Int32, _ request: KVMRequest, _ argument: UInt) -> Int32 {
            lock.lock()
            defer { lock.unlock() }
            guard open.contains(number) else { return -EBADF }
            if let answer = answer(request.name) { return answer }
            switch request.name {
            case "KVM_GET_API_VERSION": return 12
            case "KVM_CREATE_VM", "KVM_CREATE_VCPU": return descriptor()
            case "KVM_GET_VCPU_MMAP_SIZE": return 3 * 4096
            case "KVM_CHECK_EXTENSION": return missing.contains(Int32(truncatingIfNeeded: argument)) ? 0 : 64
            case "KVM_GET_TSC_KHZ": return 2_000_000
            case "KVM_GET_MSRS", "KVM_SET_MSRS":
                return UnsafePointer<UInt32>(bitPattern: argument).map { Int32($0.pointee) } ?? -EFAULT
            default: return 0
            }
        }

        func enter(_ number: Int32) -> Int32 {
            guard open.contains(number) else { return -EBADF }
            if let answer = answer("KVM_RUN") { return answer }
            guard let page = mapped.first else { return -EFAULT }
            return onRun(page.assumingMemoryBound(to: kvm_run.self))
        }

        func map(_ descriptor: Int32, size: Int, offset: Int, _ address: inout UnsafeMutableRawPointer?) -> Int32 {
            if let answer = answer("mmap") { return answer }
            let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 4096)
            memset(memory, 0, size)
            mapped.insert(memory)
            address = memory
            return 0
        }

        func unmap(_ address: UnsafeMutableRawPointer, size: Int) {
            if mapped.remove(address) != nil { address.deallocate() }
        }

        func close(_ descriptor: Int32) { lock.withLock { _ = open.remove(descriptor) } }
    }
#endif
