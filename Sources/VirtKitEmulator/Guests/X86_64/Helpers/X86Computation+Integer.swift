/// Division, wide shifts, CRC32 and decimal adjustment.
extension X86Computation {
    // MARK: Division

    func divide(signed: Bool) throws(Failure) {
        let divisor = quad(a)
        guard divisor != 0 else { throw .vector(X86Vector.divideError) }
        if bytes == 8 {
            try signed ? divideSigned128(Int64(bitPattern: divisor)) : divide128(divisor)
        } else if signed {
            try divideSigned(Self.signExtended(divisor, bytes))
        } else {
            try divideUnsigned(divisor)
        }
    }

    /// The dividend of the 8-, 16- and 32-bit forms: AX, DX:AX, EDX:EAX.
    private var dividend: UInt64 {
        if bytes == 1 { return general(0) & 0xFFFF }
        let shift = UInt64(bytes &* 8)
        let mask = Self.mask(bytes)
        return (general(2) & mask) << shift | general(0) & mask
    }

    private func setQuotient(_ quotient: UInt64, _ remainder: UInt64) {
        if bytes == 1 {
            setValue(X86Slot.general(0), quotient & 0xFF | (remainder & 0xFF) << 8, 2)
        } else {
            setValue(X86Slot.general(0), quotient, bytes)
            setValue(X86Slot.general(2), remainder, bytes)
        }
    }

    private func divideUnsigned(_ divisor: UInt64) throws(Failure) {
        let (quotient, remainder) = dividend.quotientAndRemainder(dividingBy: divisor)
        guard quotient <= Self.mask(bytes) else { throw .vector(X86Vector.divideError) }
        setQuotient(quotient, remainder)
    }

    private func divideSigned(_ divisor: Int64) throws(Failure) {
        let dividend = Self.signExtended(dividend, bytes == 1 ? 2 : bytes &* 2)
        let (quotient, overflow) = dividend.dividedReportingOverflow(by: divisor)
        guard !overflow, quotient == Self.signExtended(UInt64(bitPattern: quotient), bytes) else {
            throw .vector(X86Vector.divideError)
        }
        let remainder = dividend &- quotient &* divisor
        setQuotient(UInt64(bitPattern: quotient), UInt64(bitPattern: remainder))
    }

    private func divide128(_ divisor: UInt64) throws(Failure) {
        let high = general(2)
        let low = general(0)
        if high == 0 {
            let (quotient, remainder) = low.quotientAndRemainder(dividingBy: divisor)
            return setQuotient(quotient, remainder)
        }
        guard high < divisor else { throw .vector(X86Vector.divideError) }
        let (quotient, remainder) = divisor.dividingFullWidth((high, low))
        setQuotient(quotient, remainder)
    }

    private func divideSigned128(_ divisor: Int64) throws(Failure) {
        let high = Int64(bitPattern: general(2))
        let low = general(0)
        let isNegative = high < 0
        // The magnitude of the dividend.
        var magnitudeLow = low
        var magnitudeHigh = UInt64(bitPattern: high)
        if isNegative {
            magnitudeLow = 0 &- low
            magnitudeHigh = ~magnitudeHigh &+ (low == 0 ? 1 : 0)
        }
        let magnitude = divisor.magnitude
        guard magnitudeHigh < magnitude else { throw .vector(X86Vector.divideError) }
        let (quotient, remainder) =
            magnitudeHigh == 0
            ? magnitudeLow.quotientAndRemainder(dividingBy: magnitude)
            : magnitude.dividingFullWidth((magnitudeHigh, magnitudeLow))
        let quotientIsNegative = isNegative != (divisor < 0)
        let bound = quotientIsNegative ? UInt64(1) << 63 : UInt64(1) << 63 &- 1
        guard quotient <= bound else { throw .vector(X86Vector.divideError) }
        setQuotient(
            quotientIsNegative ? 0 &- quotient : quotient, isNegative ? 0 &- remainder : remainder)
    }

    // MARK: Wide shifts

    /// The count, masked to 5 bits, or 6 for 64-bit operands.
    private var count: UInt64 {
        let raw = immediate.argument == X86Helper.countInPlace ? value(b, 1) : UInt64(immediate.argument)
        return raw & (bytes == 8 ? 63 : 31)
    }

    private func setShiftResult(_ result: UInt64, _ flags: UInt64) {
        setQuad(d, result)
        setQuad(d &+ 8, flags)
    }

    /// RCL and RCR: one rotation step at a time is exact, and they are rare. OF is as after a rotation by 1.
    func rotateCarry(left: Bool) {
        let bits = UInt64(bytes &* 8)
        let steps = count % (bits &+ 1)
        var flags = engine.flags
        var value = value(a, bytes)
        var carry = flags & FlagBits.carry
        let sign = bits &- 1
        for _ in 0..<steps {
            if left {
                let out = value >> sign & 1
                value = (value << 1 | carry) & Self.mask(bytes)
                carry = out
            } else {
                let out = value & 1
                value = value >> 1 | carry << sign
                carry = out
            }
        }
        if count != 0 {
            let top = value >> sign & 1
            let overflow = left ? top ^ carry : top ^ (value >> (sign &- 1) & 1)
            flags = flags & ~(FlagBits.carry | FlagBits.overflow) | carry | (overflow != 0 ? FlagBits.overflow : 0)
        }
        setShiftResult(value, flags)
    }

    /// SHLD and SHRD. A 16-bit shift by more than 16 (undefined) goes on with the bits of the first operand.
    func shiftDouble(left: Bool) {
        let bits = UInt64(bytes &* 8)
        let count = count
        let first = value(a, bytes)
        guard count != 0 else { return setShiftResult(first, engine.flags) }
        let second = value(a &+ 8, bytes)
        let result: UInt64
        let carry: UInt64
        if bytes == 2 {
            // Three operands side by side: first : second : first for left, the mirror image for right.
            let wide = left ? first << 32 | second << 16 | first : first << 32 | second << 16 | first
            if left {
                result = (wide << count) >> 32 & 0xFFFF
                carry = wide >> (48 &- count) & 1
            } else {
                result = wide >> count & 0xFFFF
                carry = wide >> (count &- 1) & 1
            }
        } else if left {
            result = (first << count | second >> (bits &- count)) & Self.mask(bytes)
            carry = first >> (bits &- count) & 1
        } else {
            result = (first >> count | second << (bits &- count)) & Self.mask(bytes)
            carry = first >> (count &- 1) & 1
        }
        let changed = (result ^ first) >> (bits &- 1) & 1
        setShiftResult(result, Self.resultFlags(result, bytes) | carry | (changed != 0 ? FlagBits.overflow : 0))
    }

    /// ZF, SF and PF of a result.
    static func resultFlags(_ result: UInt64, _ bytes: Int) -> UInt64 {
        var flags: UInt64 = 0
        if result & mask(bytes) == 0 { flags |= FlagBits.zero }
        if result >> UInt64(bytes &* 8 &- 1) & 1 != 0 { flags |= FlagBits.negative }
        if (result & 0xFF).nonzeroBitCount & 1 == 0 { flags |= FlagBits.parity }
        return flags
    }

    // MARK: CRC32

    /// CRC-32C, reflected: polynomial 0x1EDC6F41 (SDM volume 2, CRC32).
    func crc32() {
        var checksum = UInt32(truncatingIfNeeded: quad(d))
        var data = value(a, bytes)
        for _ in 0..<bytes {
            checksum = Self.crcTable[Int((checksum ^ UInt32(truncatingIfNeeded: data)) & 0xFF)] ^ checksum >> 8
            data >>= 8
        }
        setQuad(d, UInt64(checksum))
    }

    private static let crcTable: [UInt32] = (0..<256).map { byte in
        var value = UInt32(byte)
        for _ in 0..<8 { value = value >> 1 ^ (value & 1 != 0 ? 0x82F6_3B78 : 0) }
        return value
    }

    // MARK: Decimal adjustment (SDM volume 2; not in 64-bit code)

    private var al: UInt64 { general(0) & 0xFF }

    func asciiAdjust(adding: Bool) {
        let adjusts = al & 0xF > 9 || engine.flags & FlagBits.auxiliary != 0
        var ax = general(0) & 0xFFFF
        if adjusts { ax = adding ? ax &+ 0x106 : ax &- 0x106 }
        setValue(X86Slot.general(0), ax & 0xFF0F, 2)
        engine.flags =
            Self.resultFlags(ax & 0xF, 1) | (adjusts ? FlagBits.auxiliary | FlagBits.carry : 0)
    }

    func asciiAdjustDivide() {
        let ax = general(0)
        let result = ((ax >> 8 & 0xFF) &* UInt64(immediate.argument) &+ (ax & 0xFF)) & 0xFF
        setValue(X86Slot.general(0), result, 2)
        engine.flags = Self.resultFlags(result, 1)
    }

    func asciiAdjustMultiply() {
        let base = UInt64(max(1, immediate.argument))
        let (quotient, remainder) = al.quotientAndRemainder(dividingBy: base)
        setValue(X86Slot.general(0), quotient << 8 | remainder, 2)
        engine.flags = Self.resultFlags(remainder, 1)
    }

    func decimalAdjust(adding: Bool) {
        let old = al
        let flags = engine.flags
        let lowAdjusts = old & 0xF > 9 || flags & FlagBits.auxiliary != 0
        let highAdjusts = old > 0x99 || flags & FlagBits.carry != 0
        var result = old
        var carry = highAdjusts
        if lowAdjusts {
            result = adding ? result &+ 6 : result &- 6
            if !adding, old < 6 { carry = true }
        }
        if highAdjusts { result = adding ? result &+ 0x60 : result &- 0x60 }
        result &= 0xFF
        setValue(X86Slot.general(0), result, 1)
        engine.flags =
            Self.resultFlags(result, 1) | (lowAdjusts ? FlagBits.auxiliary : 0) | (carry ? FlagBits.carry : 0)
    }
}
