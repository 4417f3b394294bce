import CLibFuzzer
import Foundation

/// Something that takes any bytes, and neither traps nor hangs.
protocol FuzzTarget: AnyObject {
    init() throws
    func run(_ bytes: [UInt8])
}

/// The targets, by the names of their seed directories.
private nonisolated(unsafe) let targets: [String: any FuzzTarget.Type] = [
    "lowering": LoweringTarget.self,
    "execution": ExecutionTarget.self,
    "loaders": LoaderTarget.self,
    "devices": DeviceTarget.self,
    "saved-machine": SavedMachineTarget.self,
    "configuration": ConfigurationTarget.self,
]

/// The target that VIRTKIT_FUZZ_TARGET names, made at the first input.
private nonisolated(unsafe) let target: any FuzzTarget = {
    let name = ProcessInfo.processInfo.environment["VIRTKIT_FUZZ_TARGET"] ?? ""
    guard let type = targets[name] else {
        fatalError("VIRTKIT_FUZZ_TARGET must be one of " + targets.keys.sorted().joined(separator: ", "))
    }
    do { return try type.init() } catch { fatalError("\(name): \(error)") }
}()

/// What libFuzzer calls with each input; its archive asks for the name.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    // SAFETY: libFuzzer lends `count` bytes for the time of the call.
    target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}

@main struct Fuzzer {
    static func main() {
        var count = CommandLine.argc
        var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
        exit(LLVMFuzzerRunDriver(&count, &arguments) { testOneInput($0, $1) })
    }
}

/// Reads an input from its beginning; there are zeros after its end.
struct InputReader {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position >= bytes.count }

    mutating func byte() -> UInt8 {
        guard position < bytes.count else { return 0 }
        defer { position += 1 }
        return bytes[position]
    }

    /// A little-endian integer of `count` bytes.
    mutating func integer(_ count: Int = 8) -> UInt64 {
        (0..<count).reduce(0) { value, index in value | UInt64(byte()) << (8 * UInt64(index)) }
    }

    mutating func rest() -> [UInt8] {
        defer { position = bytes.count }
        return position < bytes.count ? Array(bytes[position...]) : []
    }
}
