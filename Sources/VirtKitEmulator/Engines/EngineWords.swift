/// The engine's own words in the frame, from `FrameLayout.engineWords` on. The hot loop reads them relative to the
/// frame's address, so that it needs no object.
enum EngineWords {
    /// The TLB entries of the current MMU index (pointer).
    static let tlb = Int(FrameLayout.engineWords) + 16
    /// Instructions left of the budget (Int64).
    static let remaining = Int(FrameLayout.engineWords) + 24
    /// The operation that called out of the loop (pointer).
    static let savedOperation = Int(FrameLayout.engineWords) + 32
    /// The first operation of the running block (pointer; 0 between blocks).
    static let savedBlock = Int(FrameLayout.engineWords) + 40
    /// What entries of the jump cache must carry to be valid (UInt32).
    static let contextTag = Int(FrameLayout.engineWords) + 48
    /// The arena (pointer).
    static let arena = Int(FrameLayout.engineWords) + 56
    /// The jump cache (pointer).
    static let jumpCache = Int(FrameLayout.engineWords) + 64
    /// The signal word (pointer).
    static let signal = Int(FrameLayout.engineWords) + 72
}
