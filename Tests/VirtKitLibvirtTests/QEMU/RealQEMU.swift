import Testing

/// Everything that runs on QEMU's real driver, one test after another. `Scripts/test` runs these on their own: they start machines
/// and daemons, and libvirt's driver in this process is one for all of them.
@Suite(.serialized, .timeLimit(.minutes(10)), .enabled(if: Needs.qemu, Needs.qemuReason))
enum RealQEMU {}
