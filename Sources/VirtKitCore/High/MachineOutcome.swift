/// How a machine ended. A guest's own ending is a value, never an error.
public struct MachineOutcome: Hashable, Sendable, CustomStringConvertible {
    /// The kind of an ending.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// The kind's stable name.
        public let rawValue: String
        /// Makes a kind from its name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The guest powered the machine off.
        public static let poweredOff = Kind(rawValue: "powered-off")
        /// The guest asked for a reset, and the machine's policy is to stop then.
        public static let reset = Kind(rawValue: "reset")
        /// The guest can't go on: a triple fault, or an instruction that the backend can't execute.
        public static let crashed = Kind(rawValue: "crashed")
        /// The guest ended the machine through a debug-exit device, with a code.
        public static let debugExit = Kind(rawValue: "debug-exit")
        /// The host stopped the machine.
        public static let stopped = Kind(rawValue: "stopped")
    }

    /// The kind.
    public var kind: Kind
    /// What happened, for a person to read. May be empty.
    public var details: String
    /// The guest's code, for `.debugExit`.
    public var code: UInt32?

    /// Makes an outcome.
    public init(_ kind: Kind, details: String = "", code: UInt32? = nil) {
        self.kind = kind
        self.details = details
        self.code = code
    }

    /// The guest powered the machine off.
    public static let poweredOff = MachineOutcome(.poweredOff)
    /// The guest asked for a reset.
    public static let reset = MachineOutcome(.reset)
    /// The host stopped the machine.
    public static let stopped = MachineOutcome(.stopped)
    /// The guest can't go on.
    public static func crashed(_ details: String) -> MachineOutcome { MachineOutcome(.crashed, details: details) }

    /// Kind, code and details, in one line.
    public var description: String {
        var text = kind.rawValue
        if let code { text += " with code \(code)" }
        return details.isEmpty ? text : "\(text): \(details)"
    }
}

/// Where a machine stands in its life cycle.
public struct MachineState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The state's stable name.
    public let rawValue: String
    /// Makes a state from its name.
    public init(rawValue: String) { self.rawValue = rawValue }
    /// The stable name.
    public var description: String { rawValue }

    /// Made, and not started yet.
    public static let created = MachineState(rawValue: "created")
    /// Its vCPUs run.
    public static let running = MachineState(rawValue: "running")
    /// Its vCPUs and its clock stand still, and can go on.
    public static let paused = MachineState(rawValue: "paused")
    /// It has ended, and can't be started again.
    public static let stopped = MachineState(rawValue: "stopped")
}

/// Something that happened to a machine.
public struct MachineEvent: Hashable, Sendable {
    /// The kind of an event.
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// The kind's stable name.
        public let rawValue: String
        /// Makes a kind from its name.
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The machine's state is now another; `details` names it.
        public static let stateChanged = Kind(rawValue: "state-changed")
        /// The machine was reset in place.
        public static let reset = Kind(rawValue: "reset")
        /// The power button was pressed.
        public static let powerButton = Kind(rawValue: "power-button")
        /// Another accelerator executed an instruction that the machine's first one can't. Sent once for each kind of
        /// instruction, and for the first 64 kinds; the statistics count all. `details` names the instruction.
        public static let assisted = Kind(rawValue: "assisted")
        /// The machine was saved.
        public static let saved = Kind(rawValue: "saved")
        /// Events were dropped because nobody read them in time; `details` holds their number.
        public static let gap = Kind(rawValue: "gap")
    }

    /// The kind.
    public var kind: Kind
    /// More, for a person to read.
    public var details: String

    /// Makes an event.
    public init(_ kind: Kind, details: String = "") {
        self.kind = kind
        self.details = details
    }
}

/// Counters of a machine at one moment.
public struct MachineStatistics: Hashable, Sendable {
    /// Guest instructions completed by all vCPUs; nil where the backend can't count them.
    public var instructions: UInt64?
    /// Accesses and events that left guest code: MMIO, port and system-register accesses, halts and interrupts.
    public var exits: UInt64?
    /// Machine time, without pauses.
    public var machineTime: Duration
    /// Guest memory that the host holds, in bytes.
    public var residentMemory: ByteCount?
    /// What executes the guest: "interpreter", "kvm" …
    public var engine: String
    /// The backend's own counters. Names are stable for a backend.
    public var counters: [String: UInt64]

    /// Makes statistics.
    public init(
        instructions: UInt64? = nil, exits: UInt64? = nil, machineTime: Duration = .zero,
        residentMemory: ByteCount? = nil, engine: String, counters: [String: UInt64] = [:]
    ) {
        self.instructions = instructions
        self.exits = exits
        self.machineTime = machineTime
        self.residentMemory = residentMemory
        self.engine = engine
        self.counters = counters
    }
}
