internal import VirtKitCore

/// What ended a vCPU's run for good.
enum VCPUEnding: Sendable {
    /// The guest can't go on.
    case crashed(String)
    /// The host failed.
    case failed(VirtKitError)
}

/// The loop of one vCPU's thread: synchronous, without allocation, until the machine's end.
struct VCPULoop<Architecture: GuestArchitecture>: VCPUDriver {
    let index: Int
    let control: VCPUControl<Architecture>
    let bus: any GuestBus
    /// Takes a change of the vCPU's state that the board asks for, if any.
    let takeStateChange: (Int) -> ((Architecture.State) -> Architecture.State)?
    /// Called when the guest or the host has come to an end; the loop then waits for its next command.
    let ended: (VCPUEnding) -> Void

    mutating func drive<CPU: VirtualCPU & ~Copyable>(_ cpu: inout CPU) throws(VirtKitError)
    where CPU.Architecture == Architecture {
        let event = control.event(index)
        while true {
            let seen = event.count
            switch control.nextCommand(index) {
            case .quit: return
            case .park: event.wait(since: seen)
            case .readState(let reply):
                do throws(VirtKitError) { reply(.success(try cpu.state())) } catch { reply(.failure(error)) }
            case .writeState(let state, let reply):
                do throws(VirtKitError) { reply(.success(try cpu.setState(state))) } catch { reply(.failure(error)) }
            case .run:
                if let change = takeStateChange(index) { try cpu.setState(change(try cpu.state())) }
                let exit = try cpu.run(bus)
                switch exit.kind {
                case .requested, .budget: break
                case .halted: event.wait(since: seen)
                case .shutdown:
                    ended(.crashed("vCPU \(index) shut down (on x86 a triple fault) at \(hex(exit.address))"))
                    event.wait(since: seen)
                case .emulationFailure:
                    let bytes = exit.instruction.map { hex(UInt64($0)).dropFirst(2) }.joined(separator: " ")
                    ended(
                        .crashed(
                            "vCPU \(index): the backend can't execute the instruction at \(hex(exit.address))"
                                + (bytes.isEmpty ? "" : ", bytes \(bytes)")))
                    event.wait(since: seen)
                default:
                    let reason = exit.kind.rawValue
                    ended(.crashed("vCPU \(index) left guest code for reason \(reason) at \(hex(exit.address))"))
                    event.wait(since: seen)
                }
            }
        }
    }
}
