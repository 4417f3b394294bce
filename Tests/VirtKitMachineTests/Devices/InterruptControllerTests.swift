import Testing
import VirtKitCore
import VirtKitMachine

@Suite struct IOAPICTests {
    @Test func registers() throws {
        let rig = try InterruptRig()
        rig.ioAPIC.write(1, to: 0, width: 4, range: 0, vcpu: 0)
        #expect(rig.ioAPIC.read(0x10, width: 4, range: 0, vcpu: 0) == 0x0017_0020)
        #expect(rig.redirection(5) == 0x10000)
        rig.setRedirection(5, 0x0300_0000_0000_FFFF)
        #expect(rig.redirection(5) == 0xAFFF)
    }

    @Test func edgesAreLostWhileMasked() throws {
        let rig = try InterruptRig()
        rig.enableAPICs()
        rig.fabric.apics[0].put(0x35, 0x1_0000)
        let line = rig.router.isaLine(0)
        line.pulse()
        rig.setRedirection(2, 0x30)
        #expect(rig.take() == nil)
        line.set(true)
        #expect(rig.take() == 0x30)
        rig.fabric.apics[0].put(0x0B, 0)
        #expect(rig.take() == nil)
        line.set(false)
        line.set(true)
        #expect(rig.take() == 0x30)
    }

    @Test func levelsComeAgainAfterTheirEnd() throws {
        let rig = try InterruptRig()
        rig.enableAPICs()
        let first = rig.router.line(20)
        let second = rig.router.line(20)
        rig.setRedirection(20, 0x1_8041)
        first.set(true)
        #expect(rig.take() == nil)
        rig.setRedirection(20, 0x8041)
        #expect(rig.take() == 0x41)
        #expect(rig.redirection(20) == 0xC041)
        second.set(true)
        first.set(false)
        #expect(rig.take() == nil)
        rig.fabric.apics[0].put(0x0B, 0)
        #expect(rig.take() == 0x41)
        second.set(false)
        rig.fabric.apics[0].put(0x0B, 0)
        #expect(rig.take() == nil)
        #expect(rig.redirection(20) == 0x8041)
        // The EOI register does the same.
        second.set(true)
        rig.ioAPIC.write(0x41, to: 0x40, width: 4, range: 0, vcpu: 0)
        #expect(rig.redirection(20) == 0xC041)
        // A turn to edge-triggered ends the service.
        rig.setRedirection(20, 0x1_0041)
        #expect(rig.redirection(20) == 0x1_0041)
    }

    @Test func savesLevels() throws {
        let rig = try InterruptRig()
        rig.router.line(20).set(true)
        rig.setRedirection(20, 0x1_8041)
        let fresh = try InterruptRig()
        fresh.enableAPICs()
        try fresh.ioAPIC.restore(rig.ioAPIC.savedBytes)
        #expect(fresh.ioAPIC.savedBytes == rig.ioAPIC.savedBytes)
        fresh.router.line(20).set(true)
        fresh.setRedirection(20, 0x8041)
        #expect(fresh.take() == 0x41)
    }
}

@Suite struct LegacyPICTests {
    /// As PC firmware and operating systems set the pair up: vectors 20H and 28H.
    private func initialized() throws -> InterruptRig {
        let rig = try InterruptRig()
        for (range, cascade) in [(0, 4), (1, 2)] as [(Int, UInt8)] {
            rig.pic.outb(0, 0x11, range)
            rig.pic.outb(1, range == 0 ? 0x20 : 0x28, range)
            rig.pic.outb(1, cascade, range)
            rig.pic.outb(1, 0x01, range)
        }
        return rig
    }

    @Test func servesByPriority() throws {
        let rig = try initialized()
        rig.router.isaLine(4).pulse()
        rig.router.isaLine(8).pulse()
        rig.router.isaLine(1).pulse()
        #expect(rig.rig.signals.contains(0))
        #expect(rig.take() == 0x21)
        #expect(rig.take() == nil)
        rig.pic.outb(0, 0x20)
        #expect(rig.take() == 0x28)
        #expect(rig.take() == nil)
        rig.pic.outb(0, 0x0B)
        #expect(rig.pic.inb(0) == 0x04)
        rig.pic.outb(0, 0x20, 1)
        rig.pic.outb(0, 0x20)
        #expect(rig.take() == 0x24)
        rig.pic.outb(0, 0x64)
        #expect(rig.take() == nil)
        #expect(rig.pic.inb(0) == 0)
    }

    @Test func masksAndLevels() throws {
        let rig = try initialized()
        rig.pic.outb(1, 0x10)
        #expect(rig.pic.inb(1) == 0x10)
        rig.router.isaLine(4).pulse()
        #expect(rig.take() == nil)
        rig.pic.outb(1, 0)
        #expect(rig.take() == 0x24)
        rig.pic.outb(0, 0x20)
        rig.pic.outb(1, 0xFF, 2)
        #expect(rig.pic.inb(1, 2) == 0xDE)
        let line = rig.router.isaLine(10)
        line.set(true)
        #expect(rig.take() == 0x2A)
        rig.pic.outb(0, 0x20, 1)
        rig.pic.outb(0, 0x20)
        #expect(rig.take() == 0x2A)
        line.set(false)
        rig.pic.outb(0, 0x20, 1)
        rig.pic.outb(0, 0x20)
        #expect(rig.take() == nil)
    }

    @Test func spuriousPollAndRotation() throws {
        let rig = try initialized()
        rig.router.isaLine(3).pulse()
        rig.pic.outb(1, 0xFF)
        let gate = InterruptGate(fabric: rig.fabric, lock: DeviceLock())
        #expect(!gate.hasPendingInterrupt(vcpu: 0))
        #expect(gate.acknowledgeInterrupt(vcpu: 0) == nil)
        rig.pic.outb(1, 0)
        // Poll.
        rig.pic.outb(0, 0x0C)
        #expect(rig.pic.inb(0) == 0x83)
        rig.pic.outb(0, 0x0C)
        #expect(rig.pic.inb(0) == 0x07)
        // Rotation on a non-specific end: 3 becomes the lowest.
        rig.pic.outb(0, 0xA0)
        rig.router.isaLine(3).pulse()
        rig.router.isaLine(5).pulse()
        rig.router.isaLine(1).pulse()
        #expect(rig.take() == 0x25)
        rig.pic.outb(0, 0x20)
        #expect(rig.take() == 0x21)
        rig.pic.outb(0, 0x20)
        #expect(rig.take() == 0x23)
    }

    @Test func reachesOnlyTheProcessorWhoseLINT0TakesIt() throws {
        let rig = try InterruptRig(cpus: 2)
        rig.pic.outb(0, 0x13)
        rig.pic.outb(1, 0x20)
        rig.pic.outb(1, 0x01)
        rig.router.isaLine(0).pulse()
        #expect(rig.take(1) == nil)
        rig.fabric.apics[0].put(0x35, 0x1_0700)
        #expect(rig.take(0) == nil)
        rig.fabric.apics[0].put(0x0F, 0x1FF)
        rig.fabric.apics[0].put(0x35, 0x700)
        #expect(rig.take(0) == 0x20)
        // LINT0 as a fixed interrupt.
        rig.pic.outb(0, 0x20)
        rig.fabric.apics[0].put(0x35, 0x44)
        rig.router.isaLine(1).pulse()
        #expect(rig.take(0) == 0x44)
        // With the local APIC off, the line goes straight to the first vCPU.
        #expect(rig.fabric.apics[0].writeSystemRegister(0x1B, value: 0xFEE0_0100))
        #expect(rig.take(0) == 0x21)
    }

    @Test func routesPCIInterrupts() throws {
        let rig = try initialized()
        rig.pic.outb(1, 0x0C, 2)
        let line = rig.router.line(17)
        line.set(true)
        #expect(rig.take() == nil)
        rig.router.route(pci: 1, register: 0x0B)
        #expect(rig.take() == 0x2B)
        rig.router.route(pci: 1, register: 0x80)
        rig.pic.outb(0, 0x20, 1)
        rig.pic.outb(0, 0x20)
        #expect(rig.take() == nil)
    }

    @Test func savesAndRestores() throws {
        let rig = try initialized()
        rig.router.isaLine(4).pulse()
        rig.router.isaLine(12).set(true)
        let fresh = try InterruptRig()
        try fresh.pic.restore(rig.pic.savedBytes)
        #expect(fresh.pic.savedBytes == rig.pic.savedBytes)
        #expect(fresh.take() == 0x2C)
    }
}
