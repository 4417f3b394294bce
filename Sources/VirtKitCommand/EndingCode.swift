import VirtKit

/// The exit codes of `virtkit run`. All but those for a debug exit are even.
enum EndingCode {
    /// The guest powered the machine off.
    static let poweredOff: Int32 = 0
    /// The command line is wrong (EX_USAGE, as swift-argument-parser has it).
    static let usage: Int32 = 64
    /// The guest crashed (EX_SOFTWARE).
    static let crashed: Int32 = 70
    /// The guest asked for a reset.
    static let reset: Int32 = 72
    /// The host failed (EX_IOERR).
    static let hostFailure: Int32 = 74
    /// The configuration is bad, an image can't be used, or no backend can run the machine (EX_CONFIG).
    static let badConfiguration: Int32 = 78
    /// The time given by `--timeout` was up (as timeout(1) has it).
    static let timedOut: Int32 = 124
    /// The user ended the machine with the escape key, a signal, or by closing standard output.
    static let stopped: Int32 = 130

    /// The table for the help text.
    static let help = """
        EXIT CODES:
          0    the guest powered the machine off
          70   the guest crashed
          72   the guest asked for a reset
          74   the host failed
          78   the configuration, an image or the choice of backend is bad
          124  the time given by --timeout was up
          130  the machine was stopped by the escape key (Ctrl-]), a signal, or a closed output
          odd  the guest wrote V to the debug-exit port: (V * 2 + 1) modulo 256
          64   the command line is wrong
        """

    static func code(for outcome: MachineOutcome) -> Int32 {
        switch outcome.kind {
        case .poweredOff: poweredOff
        case .reset: reset
        case .debugExit: Int32((outcome.code ?? 0) << 1 & 0xFE | 1)
        case .stopped: stopped
        default: crashed
        }
    }

    /// The code for what went wrong before the machine ran.
    static func code(for error: any Error) -> Int32 {
        switch (error as? VirtKitError)?.code {
        case .invalidConfiguration, .invalidImage, .invalidSavedState, .unsupported: badConfiguration
        case .inputOutput: badConfiguration
        default: hostFailure
        }
    }

    /// The code for what went wrong while the machine ran: by then its files had been read.
    static func code(forRunning error: any Error) -> Int32 {
        (error as? VirtKitError)?.code == .inputOutput ? hostFailure : code(for: error)
    }
}
