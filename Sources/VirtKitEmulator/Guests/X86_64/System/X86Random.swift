internal import VirtKitCore

/// RDRAND and RDSEED (Intel SDM volume 1, 7.3.17).
extension X86Guest {
    /// Both give what the machine's source of entropy has: a host that has none answers with CF = 0.
    func takeRandomNumber(_ call: Call) {
        let number = entropy.randomNumber(vcpu: index, instruction: engine.instructionCount)
        setOperand(call.d, number ?? 0, bytes: call.bytes)
        engine.flags = number == nil ? 0 : RFLAGS.carry
    }
}
