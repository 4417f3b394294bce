import Testing
import VirtKitLibvirt

@Suite("Versions")
struct VersionTests {
    @Test func partsAreWhatLibvirtPacksThem() {
        let version = LibvirtVersion(rawValue: 9_000_012)
        #expect(version.description == "9.0.12")
        #expect(version == LibvirtVersion(major: 9, minor: 0, release: 12))
        #expect(version < LibvirtVersion(major: 10, minor: 0, release: 0))
    }
}
