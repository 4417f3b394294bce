/// A machine's one door for random numbers: all of its devices and vCPUs that need some ask here, and nothing else reads
/// the host's.
///
/// Each request says where the machine was, so that a source can record the numbers and give the same ones again.
public protocol EntropySource: AnyObject, Sendable {
    /// 64 random bits; nil where there are none at present.
    ///
    /// Called on the thread that runs the vCPU.
    ///
    /// - Parameters:
    ///   - vcpu: the vCPU that asks.
    ///   - instruction: the number of instructions that it has completed; nil where the accelerator can't count them.
    func randomNumber(vcpu: Int, instruction: UInt64?) -> UInt64?
}

/// A source that never has a number.
public final class NoEntropy: EntropySource {
    /// Makes the source.
    public init() {}
    /// Always nil.
    public func randomNumber(vcpu: Int, instruction: UInt64?) -> UInt64? { nil }
}
