/// When the second of two accelerators executes guest code in place of the first: see ``AssistedAccelerator``.
public struct AssistPolicy: Hashable, Sendable {
    /// How many instructions one assist executes at most, but for the rest of what the assistant executes at once.
    ///
    /// A hand-over costs as much as thousands of instructions in an emulator. So where instructions that need help come
    /// close to each other, assists become longer, up to this number, and shorter again where they don't. In a machine
    /// of several vCPUs an assist is as short as it can be.
    public let longestAssist: UInt64

    /// Only an instruction that the first accelerator can't execute; assists of up to 100,000 instructions.
    public static let onFailure = onFailure(longestAssist: 100_000)

    /// Only an instruction that the first accelerator can't execute.
    ///
    /// - Parameter longestAssist: see ``longestAssist``; at least 1.
    public static func onFailure(longestAssist: UInt64) -> AssistPolicy {
        AssistPolicy(longestAssist: max(1, longestAssist))
    }
}

/// How long the next assist of a vCPU is.
struct AssistLength {
    let longest: UInt64
    private(set) var current: UInt64 = 1
    private var lastEnd: UInt64?

    /// Assists that are farther apart in machine time, in nanoseconds, than this have nothing to do with each other.
    private static let near: UInt64 = 2_000_000

    init(longest: UInt64) { self.longest = longest }

    /// The length of an assist that begins at a machine time.
    mutating func begin(at time: UInt64) -> UInt64 {
        if let lastEnd {
            let isNear = time &- lastEnd < Self.near
            current = isNear ? min(longest, current &* 2) : max(1, current / 4)
        }
        return current
    }

    /// An assist has ended at a machine time.
    mutating func end(at time: UInt64) { lastEnd = time }
}
