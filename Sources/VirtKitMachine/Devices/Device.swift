public import VirtKitCore

/// A device of a board.
///
/// Every call to a device is made with its machine's device lock held, so a device has no lock of its own and is not
/// `Sendable`. A device never knows which accelerator runs the guest, and never waits. Nothing that a guest writes may
/// trap.
public protocol Device: AnyObject {
    /// The device's identity, stable from version to version and unique in its machine: "pc/uart0".
    var id: String { get }

    /// The version of what `save` writes.
    var stateVersion: UInt32 { get }

    /// Puts the device into the state that its specification defines for power-up, and lets its timers and lines go.
    func reset()

    /// Writes all state that a guest could tell, timers' deadlines among it (in machine time).
    func save(into encoder: inout StateEncoder)

    /// Replaces all state by what `save` wrote, arms timers again and sets interrupt lines as they were. Nothing in the
    /// state is trusted.
    func restore(from decoder: inout StateDecoder, version: UInt32) throws(StateError)
}

/// A device that answers to addresses of the bus.
///
/// `offset` is within the range that the device was mapped at; accesses never cross its end. `width` is 1, 2, 4 or 8
/// bytes. A device that has several ranges tells them apart by `range`, the number it was mapped with.
public protocol BusDevice: Device {
    /// Reads `width` bytes at `offset`. Upper bytes of the result are ignored.
    func read(_ offset: UInt64, width: Int, range: Int, vcpu: Int) -> UInt64

    /// Writes the low `width` bytes of `value` at `offset`.
    func write(_ value: UInt64, to offset: UInt64, width: Int, range: Int, vcpu: Int)
}

/// An interrupt line: a wire from a device to an interrupt controller's input.
public final class InterruptLine {
    /// The level now.
    public private(set) var isAsserted = false
    private let sink: (Bool) -> Void

    /// Makes a line whose changes go to `sink`.
    public init(_ sink: @escaping (Bool) -> Void) { self.sink = sink }

    /// Sets the level; only a change is passed on.
    public func set(_ level: Bool) {
        guard level != isAsserted else { return }
        isAsserted = level
        sink(level)
    }

    /// Asserts and releases the line: one edge.
    public func pulse() {
        set(true)
        set(false)
    }
}

/// What a device may ask of its machine.
public struct MachineRequest: RawRepresentable, Hashable, Sendable {
    /// The request's number.
    public let rawValue: UInt8
    /// Makes a request from its number.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Power off.
    public static let powerOff = MachineRequest(rawValue: 0)
    /// Reset.
    public static let reset = MachineRequest(rawValue: 1)
    /// End, with the code that the guest wrote (debug exit).
    public static let debugExit = MachineRequest(rawValue: 2)
}

/// What every device gets from its machine.
public struct DeviceContext {
    /// Machine time.
    public let clock: MachineClock
    /// The machine's timers.
    public let timers: TimerQueue
    /// Guest memory, for DMA.
    public let memory: GuestMemory
    /// Asks the machine for something, with a code; it happens after the current instruction.
    public let request: (MachineRequest, UInt32) -> Void

    /// Makes a context.
    public init(
        clock: MachineClock, timers: TimerQueue, memory: GuestMemory,
        request: @escaping (MachineRequest, UInt32) -> Void
    ) {
        self.clock = clock
        self.timers = timers
        self.memory = memory
        self.request = request
    }
}

/// A model of devices that a program adds to a board; named by `DeviceConfiguration.model`.
public protocol DeviceModel: Sendable {
    /// The model's name.
    var name: String { get }

    /// The faults of a device's description, each as a sentence.
    func faults(in configuration: DeviceConfiguration) -> [String]

    /// Makes a device, and says where on the bus it answers. Called for each machine.
    func makeDevice(
        _ configuration: DeviceConfiguration, context: DeviceContext, interruptLine: (Int) -> InterruptLine
    ) throws(VirtKitError) -> DevicePlacement
}

/// A device and the address ranges that it answers to.
public struct DevicePlacement {
    /// A range of addresses.
    public struct Range {
        /// The address space.
        public var space: BusSpace
        /// The first address.
        public var address: UInt64
        /// The number of addresses.
        public var size: UInt64

        /// Makes a range.
        public init(space: BusSpace = .memory, address: UInt64, size: UInt64) {
            self.space = space
            self.address = address
            self.size = size
        }
    }

    /// The device.
    public var device: any BusDevice
    /// Its ranges; a range's number is its place in this array.
    public var ranges: [Range]

    /// Makes a placement.
    public init(device: any BusDevice, ranges: [Range]) {
        self.device = device
        self.ranges = ranges
    }
}
