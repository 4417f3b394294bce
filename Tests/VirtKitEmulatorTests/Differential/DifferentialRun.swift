import CVirtKitTestSupport

@testable import VirtKitEmulator

/// Runs cases on the host's CPU and in both modes of the interpreter, and compares.
final class DifferentialRun {
    /// A case in which they differ.
    struct Failure {
        var number: UInt64
        var name: String
        /// "oracle" (no passes) or "passes".
        var mode: String
        var difference: String
        /// One line that `CaseText` reads.
        var reproducer: String
    }

    let native: NativeRunner
    let oracle: EmulatedRunner
    let optimised: EmulatedRunner
    private(set) var failures: [Failure] = []
    private(set) var failureCount = 0
    /// Failures by the name of their form.
    private(set) var failedForms: [String: Int] = [:]
    /// Failures by what differs, without the numbers.
    private(set) var failedKinds: [String: Int] = [:]
    /// Cases with a loop that ends on the host, but is too long for the emulator: they are not compared.
    private(set) var unfinishedCount = 0
    /// How many failures are kept and made small.
    var keeps = 40

    init?() throws {
        guard let native = NativeRunner() else { return nil }
        self.native = native
        oracle = try EmulatedRunner(optimise: false)
        optimised = try EmulatedRunner(optimise: true)
    }

    /// Runs generated cases.
    func run(_ generator: CaseGenerator, from first: UInt64, count: UInt64) {
        var number = first
        while number < first + count {
            let size = Int(min(UInt64(NativeRunner.batch), first + count - number))
            let descriptions = (0..<size).map { generator.generate(number + UInt64($0), into: native[$0]) }
            native.submit(size)
            native.wait()
            var failed: [(Int, String, EmulatedRunner, String)] = []
            for index in 0..<size {
                for (mode, runner) in [("oracle", oracle), ("passes", optimised)] {
                    if let difference = difference(native[index], descriptions[index], runner) {
                        failed.append((index, mode, runner, difference))
                        break
                    }
                }
            }
            for (index, mode, runner, difference) in failed {
                let description = descriptions[index]
                failureCount += 1
                let name = description.instructions.count > 1 ? "block" : description.name
                failedForms[name, default: 0] += 1
                let kind = difference.split(separator: ",").map { String($0.trimming().prefix { $0 != " " }) }
                failedKinds[kind.joined(separator: " "), default: 0] += 1
                if failedForms[name, default: 0] > 2 || failures.count >= keeps { continue }
                if index != 0 { _ = generator.generate(number + UInt64(index), into: native[0]) }
                let shrunk = shrink(description, runner)
                failures.append(
                    Failure(
                        number: number + UInt64(index), name: description.name, mode: mode,
                        difference: shrunk ?? difference, reproducer: CaseText.print(native[0])))
            }
            number += UInt64(size)
        }
    }

    /// Runs a case that stands in the first place, in both modes.
    func runFirst(_ description: CaseGenerator.Description) -> String? {
        native.submit(1)
        native.wait()
        for (mode, runner) in [("oracle", oracle), ("passes", optimised)] {
            if let difference = difference(native[0], description, runner) { return "\(mode): \(difference)" }
        }
        return nil
    }

    private func difference(
        _ test: CaseView, _ description: CaseGenerator.Description, _ runner: EmulatedRunner
    ) -> String? {
        runner.run(test)
        let hostEnds = test.after.pointer.pointee.signal != UInt32(NATIVE_HANG)
        if hostEnds, runner.isUnfinished {
            runner.goOn()
            if runner.isUnfinished {
                unfinishedCount += runner === oracle ? 1 : 0
                return nil
            }
        }
        return Comparison(test: test, description: description, emulated: runner.after, data: runner.data).difference()
    }

    // MARK: Making failures small

    /// Takes away from the first case what the difference doesn't need. Returns what differs then.
    private func shrink(_ description: CaseGenerator.Description, _ runner: EmulatedRunner) -> String? {
        let test = native[0]
        func stillFails() -> Bool {
            native.submit(1)
            native.wait()
            return difference(test, description, runner) != nil
        }
        guard stillFails() else { return nil }
        let plain = UnsafeMutablePointer<native_state>.allocate(capacity: 1)
        plain.initialize(to: native_state())
        defer { plain.deallocate() }
        let initial = StateView(pointer: plain)
        initial.reset(is32Bit: test.is32Bit)
        let before = test.before
        func attempt<T>(_ path: ReferenceWritableKeyPath<StateField, T>, _ field: StateField) {
            let old = field[keyPath: path]
            field[keyPath: path] = StateField(initial, field.index)[keyPath: path]
            if !stillFails() { field[keyPath: path] = old }
        }
        for index in 0..<16 { attempt(\.general, StateField(before, index)) }
        for index in 0..<32 { attempt(\.vector, StateField(before, index)) }
        for index in 0..<8 { attempt(\.unit, StateField(before, index)) }
        for path in [\StateField.control, \.status, \.tag] { attempt(path, StateField(before, 0)) }
        attempt(\.mxcsr, StateField(before, 0))
        for path in [\StateField.flags, \.fsBase, \.gsBase] { attempt(path, StateField(before, 0)) }
        var size = Int(Window.dataSize)
        while size >= 8 {
            for start in stride(from: 0, to: Int(Window.dataSize), by: size) {
                let place = test.dataBefore + start
                let old = (0..<size / 8).map { place.load(fromByteOffset: $0 * 8, as: UInt64.self) }
                if old.allSatisfy({ $0 == 0 }) { continue }
                if size < 512, old.count(where: { $0 != 0 }) == 0 { continue }
                for index in old.indices { place.storeBytes(of: 0, toByteOffset: index * 8, as: UInt64.self) }
                if stillFails() { continue }
                for (index, value) in old.enumerated() {
                    place.storeBytes(of: value, toByteOffset: index * 8, as: UInt64.self)
                }
            }
            size /= 8
        }
        _ = stillFails()
        return difference(test, description, runner)
    }
}

/// One register of a state, to put another value in.
final class StateField {
    let state: StateView
    let index: Int

    init(_ state: StateView, _ index: Int) {
        self.state = state
        self.index = index
    }

    var general: UInt64 {
        get { state[general: index] }
        set { state[general: index] = newValue }
    }
    var vector: UInt64 {
        get { state[vector: index] }
        set { state[vector: index] = newValue }
    }
    var unit: [UInt64] {
        get { [state[significand: index], UInt64(state[signExponent: index])] }
        set {
            state[significand: index] = newValue[0]
            state[signExponent: index] = UInt16(truncatingIfNeeded: newValue[1])
        }
    }
    var control: UInt64 {
        get { UInt64(state.control) }
        set { state.control = UInt16(truncatingIfNeeded: newValue) }
    }
    var status: UInt64 {
        get { UInt64(state.status) }
        set { state.status = UInt16(truncatingIfNeeded: newValue) }
    }
    var tag: UInt64 {
        get { UInt64(state.tag) }
        set { state.tag = UInt8(truncatingIfNeeded: newValue) }
    }
    var mxcsr: UInt64 {
        get { UInt64(state.mxcsr) }
        set { state.mxcsr = UInt32(truncatingIfNeeded: newValue) }
    }
    var flags: UInt64 {
        get { state.pointer.pointee.rflags }
        set { state.pointer.pointee.rflags = newValue }
    }
    var fsBase: UInt64 {
        get { state.pointer.pointee.fs_base }
        set { state.pointer.pointee.fs_base = newValue }
    }
    var gsBase: UInt64 {
        get { state.pointer.pointee.gs_base }
        set { state.pointer.pointee.gs_base = newValue }
    }
}

extension Substring {
    fileprivate func trimming() -> Substring { drop { $0 == " " } }
}
