import Testing
import VirtKitCore

struct ByteCountTests {
    private static let amounts: [(String, UInt64)] = [
        ("0", 0), ("1", 1), ("1073741824", 1 << 30), ("256M", 256 << 20), ("256m", 256 << 20), ("4GiB", 4 << 30),
        ("512KiB", 512 << 10), ("7k", 7 << 10), ("2T", 2 << 40), ("1tib", 1 << 40), ("9b", 9),
        ("18446744073709551615", .max),
    ]

    @Test(arguments: amounts)
    func parses(_ text: String, _ bytes: UInt64) { #expect(ByteCount(parsing: text)?.rawValue == bytes) }

    @Test(arguments: [
        "", "M", "-1", "+1", " 1", "1 ", "1 M", "1.5G", "0x10", "1e3", "1MB", "256MM", "18446744073709551616",
        "16777216T", "99999999999999999999G", "\u{661}", "1\u{0}",
    ])
    func refuses(_ text: String) { #expect(ByteCount(parsing: text) == nil) }

    @Test func amountsThatDoNotFitSaturate() {
        #expect(ByteCount.gibibytes(.max).rawValue == .max)
        #expect(ByteCount.mebibytes(1 << 44).rawValue == .max)
        #expect(ByteCount.kibibytes((1 << 54) - 1).rawValue == UInt64.max - 1023)
    }

    @Test func describesItselfInTheLargestWholeUnit() {
        #expect(ByteCount.gibibytes(4).description == "4 GiB")
        #expect(ByteCount.mebibytes(1025).description == "1025 MiB")
        #expect(ByteCount.bytes(1536).description == "1536 bytes")
        #expect(ByteCount.bytes(0).description == "0 bytes")
        #expect(ByteCount.kibibytes(3) < .mebibytes(1))
    }
}
