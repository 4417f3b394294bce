#if arch(x86_64)
    internal import CVirtKit
    internal import VirtKitCore

    /// All controllers in the kernel (KVM_CREATE_IRQCHIP): also the 8259 pair and the I/O APIC.
    final class KVMBoardControllers: KVMLocalControllers, BoardControllers, @unchecked Sendable {
        private enum Chip { static let first: UInt32 = 0, second: UInt32 = 1, inputs: UInt32 = 2 }
        private static let inputCount: UInt32 = 24
        /// Where kvm_ioapic_state has its redirection table, a union that Swift does not import.
        private let tableOffset = MemoryLayout<kvm_ioapic_state>.size - 24 * 8

        /// Each input of each controller has a number of its own, as `BoardControllers` has them.
        static var routes: [KVMRoute] {
            (0..<inputCount).map { .controller(gsi: $0, controller: Chip.inputs, pin: $0) }
                + (0..<16).map { input in
                    .controller(
                        gsi: inputCount + input, controller: input < 8 ? Chip.first : Chip.second, pin: input & 7)
                }
        }

        /// The I/O APIC in the kernel takes its interrupts' ends itself.
        override func setLevelMessages(_ messages: [InterruptMessagePair]) {}

        func setInput(_ input: Int, _ level: Bool) {
            try? domain.machine.setLine(UInt32(truncatingIfNeeded: input), level)
        }

        func boardControllers() throws(VirtKitError) -> X86_64.BoardControllerState {
            do throws(KVMError) {
                var state = X86_64.BoardControllerState()
                state.first = Self.state(try domain.machine.controller(Chip.first).chip.pic)
                state.second = Self.state(try domain.machine.controller(Chip.second).chip.pic)
                let inputs = try domain.machine.controller(Chip.inputs).chip.ioapic
                state.selector = UInt8(truncatingIfNeeded: inputs.ioregsel)
                state.identity = UInt8(truncatingIfNeeded: inputs.id)
                state.levels = inputs.irr
                state.redirections = withUnsafeBytes(of: inputs) { bytes in
                    // SAFETY: the table is the structure's last member, `tableOffset` bytes from its begin.
                    (0..<24).map { bytes.loadUnaligned(fromByteOffset: tableOffset + $0 * 8, as: UInt64.self) }
                }
                return state
            } catch {
                throw error.wrapped("read the state of the interrupt controllers")
            }
        }

        func setBoardControllers(_ state: X86_64.BoardControllerState) throws(VirtKitError) {
            do throws(KVMError) {
                for (number, chip) in [(Chip.first, state.first), (Chip.second, state.second)] {
                    var value = kvm_irqchip()
                    value.chip_id = number
                    value.chip.pic = Self.structure(chip, isSecond: number == Chip.second)
                    try domain.machine.setController(value)
                }
                var value = kvm_irqchip()
                value.chip_id = Chip.inputs
                var inputs = kvm_ioapic_state()
                inputs.base_address = 0xFEC0_0000
                inputs.ioregsel = UInt32(state.selector)
                inputs.id = UInt32(state.identity)
                withUnsafeMutableBytes(of: &inputs) { bytes in
                    // SAFETY: as above.
                    for (index, entry) in state.redirections.prefix(24).enumerated() {
                        bytes.storeBytes(of: entry, toByteOffset: tableOffset + index * 8, as: UInt64.self)
                    }
                }
                value.chip.ioapic = inputs
                try domain.machine.setController(value)
            } catch {
                throw error.wrapped("set the state of the interrupt controllers")
            }
        }

        // MARK: 8259

        private static func state(_ chip: kvm_pic_state) -> X86_64.LegacyControllerState {
            var state = X86_64.LegacyControllerState()
            (state.request, state.service, state.mask) = (chip.irr, chip.isr, chip.imr)
            (state.levels, state.levelTriggered) = (chip.last_irr, chip.elcr)
            state.vectorBase = chip.irq_base
            // KVM has the input of highest priority.
            state.lowest = (chip.priority_add &+ 7) & 7
            state.expectedWord = chip.init_state == 0 ? 0 : min(chip.init_state &+ 1, 4)
            state.needsWord4 = chip.init4 != 0
            (state.readsService, state.isPolled) = (chip.read_reg_select != 0, chip.poll != 0)
            (state.specialMask, state.fullyNested) = (chip.special_mask != 0, chip.special_fully_nested_mode != 0)
            (state.automaticEnd, state.rotatesOnAutomaticEnd) = (chip.auto_eoi != 0, chip.rotate_on_auto_eoi != 0)
            return state
        }

        private static func structure(_ state: X86_64.LegacyControllerState, isSecond: Bool) -> kvm_pic_state {
            var chip = kvm_pic_state()
            (chip.irr, chip.isr, chip.imr) = (state.request, state.service, state.mask)
            (chip.last_irr, chip.elcr) = (state.levels, state.levelTriggered)
            chip.elcr_mask = isSecond ? 0xDE : 0xF8
            chip.irq_base = state.vectorBase
            chip.priority_add = (state.lowest &+ 1) & 7
            chip.init_state = state.expectedWord == 0 ? 0 : state.expectedWord &- 1
            chip.init4 = state.needsWord4 ? 1 : 0
            (chip.read_reg_select, chip.poll) = (state.readsService ? 1 : 0, state.isPolled ? 1 : 0)
            chip.special_mask = state.specialMask ? 1 : 0
            chip.special_fully_nested_mode = state.fullyNested ? 1 : 0
            (chip.auto_eoi, chip.rotate_on_auto_eoi) = (state.automaticEnd ? 1 : 0, state.rotatesOnAutomaticEnd ? 1 : 0)
            return chip
        }
    }
#endif
