internal import VirtKitCore

/// The host kernel's random numbers (getrandom(2), by way of Swift's own generator): the entropy of a machine that records
/// nothing.
final class HostEntropy: EntropySource {
    func randomNumber(vcpu: Int, instruction: UInt64?) -> UInt64? {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}
