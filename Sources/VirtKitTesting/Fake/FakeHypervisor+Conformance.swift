public import VirtKitCore

extension FakeHypervisor {
    /// Guests for every role of the conformance kit.
    public static var conformanceGuests: [GuestRole: MachineConfiguration] {
        let guests: [GuestRole: FakeGuest] = [
            .powersOff: FakeGuest(.powerOff), .runsForever: FakeGuest(.wait),
            .greets: FakeGuest(.print(HypervisorSubject.standardGreeting)), .echoes: FakeGuest(.echo),
            .floods: FakeGuest(.flood), .resets: FakeGuest(.reset),
            .obeysPowerButton: FakeGuest(.awaitPowerButton, .powerOff), .crashes: FakeGuest(.crash("triple fault")),
        ]
        return guests.mapValues { guest in
            MachineConfiguration(
                architecture: .x86_64, memory: .mebibytes(16), boot: .flat(.bytes(guest.image), address: 0x10_0000))
        }
    }
}
