import Testing
import VirtKitCore

struct StateCodingTests {
    @Test func roundTrip() throws {
        var encoder = StateEncoder()
        encoder.encode(UInt8(1))
        encoder.encode(UInt16(0x0203))
        encoder.encode(Int32(-4))
        encoder.encode(UInt64.max)
        encoder.encode(true)
        encoder.encode(false)
        encoder.encode([UInt8]([9, 8]))
        encoder.encode("häuser")
        encoder.encode([UInt32]([7, 6, 5]))
        #expect(encoder.bytes.prefix(3) == [1, 3, 2])

        var decoder = StateDecoder(encoder.bytes)
        #expect(try decoder.decode(UInt8.self) == 1)
        #expect(try decoder.decode(UInt16.self) == 0x0203)
        #expect(try decoder.decode(Int32.self) == -4)
        #expect(try decoder.decode(UInt64.self) == .max)
        #expect(try decoder.decode(Bool.self))
        #expect(try !decoder.decode(Bool.self))
        #expect(try decoder.decodeBytes() == [9, 8])
        #expect(try decoder.decode(String.self) == "häuser")
        #expect(try decoder.decodeArray(of: UInt32.self) == [7, 6, 5])
        try decoder.finish()
    }

    @Test func everyTruncationIsRefused() {
        var encoder = StateEncoder()
        encoder.encode(UInt32(1))
        encoder.encode("abc")
        encoder.encode([UInt16]([1, 2, 3]))
        for count in 0..<encoder.bytes.count {
            #expect(throws: StateError.self) {
                var decoder = StateDecoder(Array(encoder.bytes.prefix(count)))
                _ = try decoder.decode(UInt32.self)
                _ = try decoder.decode(String.self)
                _ = try decoder.decodeArray(of: UInt16.self)
            }
        }
    }

    private static let lies: [UInt64] = [1, 1 << 32, 1 << 62, (1 << 63) - 1, 1 << 63, .max]

    @Test(arguments: lies)
    func countsThatLie(_ count: UInt64) {
        var encoder = StateEncoder()
        encoder.encode(count)
        #expect(throws: StateError.self) {
            var decoder = StateDecoder(encoder.bytes)
            _ = try decoder.decodeBytes()
        }
        #expect(throws: StateError.self) {
            var decoder = StateDecoder(encoder.bytes)
            _ = try decoder.decodeArray(of: UInt64.self)
        }
        #expect(throws: StateError.self) {
            var decoder = StateDecoder(encoder.bytes)
            _ = try decoder.decode(String.self)
        }
    }

    @Test func limitsHold() {
        var encoder = StateEncoder()
        encoder.encode([UInt8](repeating: 0, count: 5))
        #expect(throws: StateError.self) {
            var decoder = StateDecoder(encoder.bytes)
            _ = try decoder.decodeBytes(limit: 4)
        }
    }

    @Test func badTruthValuesAndText() {
        #expect(throws: StateError.self) {
            var decoder = StateDecoder([2])
            _ = try decoder.decode(Bool.self)
        }
        #expect(throws: StateError.self) {
            var decoder = StateDecoder([1, 0, 0, 0, 0, 0, 0, 0, 0xFF])
            _ = try decoder.decode(String.self)
        }
    }

    @Test func leftOversAreRefused() {
        #expect(throws: StateError.self) { try StateDecoder([0]).finish() }
    }

    @Test func x86StateRoundTrips() throws {
        var state = X86_64.State.reset
        state.rip = 0x1234
        state.general[15] = .max
        state.modelSpecific = [X86_64.ModelSpecificRegister(number: 0xC000_0080, value: 0xD01)]
        state.pending = X86_64.PendingEvent(vector: 14, type: 3, errorCode: 2)
        state.nmiBlocked = true
        var encoder = StateEncoder()
        state.encode(into: &encoder)
        var decoder = StateDecoder(encoder.bytes)
        #expect(try X86_64.State(from: &decoder, version: X86_64.State.encodingVersion) == state)
        try decoder.finish()
    }

    @Test func hostileX86State() {
        var encoder = StateEncoder()
        X86_64.State.reset.encode(into: &encoder)
        #expect(throws: StateError.self) {
            var decoder = StateDecoder(encoder.bytes)
            _ = try X86_64.State(from: &decoder, version: 99)
        }
        // Any single byte may be anything: an error or a state, never a trap.
        var refused = 0
        for index in stride(from: 0, to: encoder.bytes.count, by: 3) {
            var bytes = encoder.bytes
            bytes[index] = 0xFF
            var decoder = StateDecoder(bytes)
            do { _ = try X86_64.State(from: &decoder, version: 1) } catch { refused += 1 }
            var short = StateDecoder(Array(encoder.bytes.prefix(index)))
            #expect(throws: StateError.self) { _ = try X86_64.State(from: &short, version: 1) }
        }
        #expect(refused > 0)
    }
}
