/// Numbers for what an entry of the jump cache depends on besides the PC: the mode key, and that nothing was flushed.
struct JumpContexts {
    private var generation: UInt32 = 1
    private var modeKeys: [UInt32] = []
    private var lastKey: UInt32?
    private var lastTag: UInt32 = 0

    private static let modeBits: UInt32 = 6

    /// The tag for a mode key: never 0, and never one that was valid before `renew`. `clear` is called where numbers
    /// would repeat.
    mutating func tag(_ modeKey: UInt32, clear: () -> Void) -> UInt32 {
        if lastKey == modeKey { return lastTag }
        if generation >= UInt32.max &>> Self.modeBits {
            clear()
            generation = 1
            modeKeys.removeAll(keepingCapacity: true)
        }
        var number = modeKeys.firstIndex(of: modeKey)
        if number == nil {
            if modeKeys.count == 1 &<< Self.modeBits {
                modeKeys.removeAll(keepingCapacity: true)
                generation &+= 1
            }
            modeKeys.append(modeKey)
            number = modeKeys.count - 1
        }
        lastKey = modeKey
        lastTag = generation &<< Self.modeBits | UInt32(truncatingIfNeeded: number ?? 0)
        return lastTag
    }

    /// Makes all earlier tags invalid.
    mutating func renew() {
        generation &+= 1
        lastKey = nil
    }
}
