internal import CVirtKit

/// The interpreter's building blocks. All are inlined into its loop.
///
/// SAFETY: places are below the frame's size; see `Interpreter.run`.
extension Interpreter {
    @inline(__always)
    static func read<T: FixedWidthInteger>(_ f: UnsafeMutableRawPointer, _ place: Place, _: T.Type) -> T {
        f.loadUnaligned(fromByteOffset: Int(place), as: T.self)
    }

    @inline(__always)
    static func write8(_ f: UnsafeMutableRawPointer, _ place: Place, _ value: UInt8) {
        f.storeBytes(of: value, toByteOffset: Int(place), as: UInt8.self)
    }

    @inline(__always)
    static func write16(_ f: UnsafeMutableRawPointer, _ place: Place, _ value: UInt16) {
        f.storeBytes(of: value, toByteOffset: Int(place), as: UInt16.self)
    }

    /// An i32 write clears the upper half of its place.
    @inline(__always)
    static func write32(_ f: UnsafeMutableRawPointer, _ place: Place, _ value: UInt32) {
        f.storeBytes(of: UInt64(value), toByteOffset: Int(place), as: UInt64.self)
    }

    @inline(__always)
    static func write64(_ f: UnsafeMutableRawPointer, _ place: Place, _ value: UInt64) {
        f.storeBytes(of: value, toByteOffset: Int(place), as: UInt64.self)
    }

    @inline(__always)
    static func readVector(_ f: UnsafeMutableRawPointer, _ place: Place) -> (UInt64, UInt64) {
        (read(f, place, UInt64.self), read(f, place &+ 8, UInt64.self))
    }

    @inline(__always)
    static func writeVector(_ f: UnsafeMutableRawPointer, _ place: Place, _ low: UInt64, _ high: UInt64) {
        write64(f, place, low)
        write64(f, place &+ 8, high)
    }

    // MARK: Shifts

    /// The mask of a shift's count: 63 for 64 bits, else 31.
    @inline(__always)
    private static func countMask<T: FixedWidthInteger>(_: T.Type) -> UInt8 { T.bitWidth == 64 ? 63 : 31 }

    @inline(__always)
    static func shl<T: FixedWidthInteger & UnsignedInteger>(_ value: T, _ count: UInt8) -> T {
        T(truncatingIfNeeded: UInt64(truncatingIfNeeded: value) &<< UInt64(count & countMask(T.self)))
    }

    @inline(__always)
    static func shr<T: FixedWidthInteger & UnsignedInteger>(_ value: T, _ count: UInt8) -> T {
        T(truncatingIfNeeded: UInt64(truncatingIfNeeded: value) &>> UInt64(count & countMask(T.self)))
    }

    @inline(__always)
    static func sar<T: FixedWidthInteger & UnsignedInteger>(_ value: T, _ count: UInt8) -> T {
        let unused = Int64(64 &- T.bitWidth)
        let wide = (Int64(truncatingIfNeeded: value) &<< unused) &>> unused
        return T(truncatingIfNeeded: wide &>> Int64(count & countMask(T.self)))
    }

    @inline(__always)
    static func rol<T: FixedWidthInteger & UnsignedInteger>(_ value: T, _ count: UInt8) -> T {
        let turns = T(truncatingIfNeeded: count)
        return value &<< turns | value &>> (0 &- turns)
    }

    @inline(__always)
    static func ror<T: FixedWidthInteger & UnsignedInteger>(_ value: T, _ count: UInt8) -> T {
        let turns = T(truncatingIfNeeded: count)
        return value &>> turns | value &<< (0 &- turns)
    }

    // MARK: Products

    @inline(__always)
    static func mulHighUnsigned<T: FixedWidthInteger & UnsignedInteger>(_ a: T, _ b: T) -> T {
        if T.bitWidth == 64 {
            return T(
                truncatingIfNeeded: vk_multiply_high_unsigned(
                    UInt64(truncatingIfNeeded: a), UInt64(truncatingIfNeeded: b)))
        }
        let product = UInt64(truncatingIfNeeded: a) &* UInt64(truncatingIfNeeded: b)
        return T(truncatingIfNeeded: product &>> UInt64(T.bitWidth))
    }

    @inline(__always)
    static func mulHighSigned<T: FixedWidthInteger & UnsignedInteger>(_ a: T, _ b: T) -> T {
        let unused = Int64(64 &- T.bitWidth)
        let left = (Int64(truncatingIfNeeded: a) &<< unused) &>> unused
        let right = (Int64(truncatingIfNeeded: b) &<< unused) &>> unused
        if T.bitWidth == 64 { return T(truncatingIfNeeded: vk_multiply_high_signed(left, right)) }
        return T(truncatingIfNeeded: (left &* right) &>> Int64(T.bitWidth))
    }

    // MARK: Flags

    /// Whether the condition in an operation's immediate holds.
    @inline(__always)
    static func holds(_ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>) -> Bool {
        // SAFETY: the enum is a byte that counts its 16 cases from 0.
        LazyFlags.test(
            f, unsafeBitCast(UInt8(truncatingIfNeeded: ip.pointee.immediate) & 15, to: Condition.self))
    }

    // MARK: Memory

    @inline(__always)
    static func address(_ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>) -> UInt64 {
        read(f, ip.pointee.a, UInt64.self) &+ UInt64(bitPattern: ip.pointee.immediate)
    }

    @inline(__always)
    static func displacedAddress(_ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>) -> UInt64 {
        read(f, ip.pointee.a, UInt64.self) &+ UInt64(bitPattern: ip.pointee.indexedDisplacement)
    }

    @inline(__always)
    static func indexedAddress(_ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>) -> UInt64 {
        let index = read(f, ip.pointee.b, UInt64.self) &<< UInt64(bitPattern: ip.pointee.indexedScale)
        return read(f, ip.pointee.a, UInt64.self) &+ index &+ UInt64(bitPattern: ip.pointee.indexedDisplacement)
    }

    /// The TLB entry for an address.
    @inline(__always)
    static func entry(_ f: UnsafeMutableRawPointer, _ address: UInt64) -> UnsafePointer<SoftTLB.Entry> {
        let table = f.load(fromByteOffset: EngineWords.tlb, as: UnsafeRawPointer.self)
        let offset = Int(truncatingIfNeeded: (address &>> 7) & UInt64((SoftTLB.entryCount - 1) * 32))
        return (table + offset).assumingMemoryBound(to: SoftTLB.Entry.self)
    }

    /// The page of an access's last byte: equal to the tag of its first byte's entry only if the access is wholly in
    /// the page (entries are direct-mapped, so no entry of this index carries the next page).
    @inline(__always)
    static func page(_ address: UInt64, _ bytes: Int) -> UInt64 { (address &+ UInt64(bytes &- 1)) & ~0xFFF }

    @inline(__always)
    static func saveOperation(_ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>) {
        f.storeBytes(of: ip, toByteOffset: EngineWords.savedOperation, as: UnsafePointer<Operation>.self)
    }

    @inline(__always)
    static func load<T: FixedWidthInteger & UnsignedInteger>(
        _ engine: Engine, _ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>, _ address: UInt64, _: T.Type
    ) -> (value: T, isFault: Bool) {
        let entry = entry(f, address)
        if entry.pointee.readTag == page(address, MemoryLayout<T>.size) {
            return (host(entry, address).loadUnaligned(as: T.self), false)
        }
        saveOperation(f, ip)
        let slow = engine.slowLoad(address, MemoryLayout<T>.size)
        return (T(truncatingIfNeeded: slow.value), slow.isFault)
    }

    /// Stores; returns whether it faulted.
    @inline(__always)
    static func store<T: FixedWidthInteger & UnsignedInteger>(
        _ engine: Engine, _ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>, _ address: UInt64, _ value: T
    ) -> Bool {
        let entry = entry(f, address)
        if entry.pointee.writeTag == page(address, MemoryLayout<T>.size) {
            host(entry, address).storeBytes(of: value, as: T.self)
            return false
        }
        saveOperation(f, ip)
        return engine.slowStore(address, UInt64(truncatingIfNeeded: value), MemoryLayout<T>.size)
    }

    @inline(__always)
    static func host(_ entry: UnsafePointer<SoftTLB.Entry>, _ address: UInt64) -> UnsafeMutableRawPointer {
        // SAFETY: a tag matched, so address + addend lies in the host page of the translation: never nil.
        UnsafeMutableRawPointer(bitPattern: UInt(truncatingIfNeeded: address &+ entry.pointee.addend))
            .unsafelyUnwrapped
    }

    @inline(__always)
    static func loadVector(
        _ engine: Engine, _ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>, _ address: UInt64
    ) -> Bool {
        let entry = entry(f, address)
        if entry.pointee.readTag == page(address, 16) {
            let source = host(entry, address)
            let low = source.loadUnaligned(as: UInt64.self)
            writeVector(f, ip.pointee.d, low, source.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
            return false
        }
        saveOperation(f, ip)
        return engine.slowLoadVector(address, ip.pointee.d)
    }

    @inline(__always)
    static func storeVector(
        _ engine: Engine, _ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>, _ address: UInt64
    ) -> Bool {
        let value = readVector(f, ip.pointee.d)
        let entry = entry(f, address)
        if entry.pointee.writeTag == page(address, 16) {
            let target = host(entry, address)
            target.storeBytes(of: value.0, as: UInt64.self)
            target.storeBytes(of: value.1, toByteOffset: 8, as: UInt64.self)
            return false
        }
        saveOperation(f, ip)
        return engine.slowStoreVector(address, value.0, value.1)
    }

    @inline(never)
    static func misaligned(
        _ engine: Engine, _ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>, _ address: UInt64,
        _ access: MemoryAccess
    ) -> StopReason {
        saveOperation(f, ip)
        engine.guest.raiseAlignmentFault(address, access: access)
        return .fault
    }

    @inline(__always)
    static func atomic(
        _ engine: Engine, _ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>, _ kind: AtomicOperation,
        _ bytes: Int
    ) -> Bool {
        saveOperation(f, ip)
        return engine.atomic(f, ip, kind, bytes)
    }

    @inline(__always)
    static func compareExchange(
        _ engine: Engine, _ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>, _ bytes: Int
    ) -> Bool {
        saveOperation(f, ip)
        return engine.compareExchange(f, ip, bytes)
    }

    // MARK: Block borders

    @inline(__always)
    static func enterBlock(_ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>) {
        f.storeBytes(of: ip, toByteOffset: EngineWords.savedBlock, as: UnsafePointer<Operation>.self)
    }

    /// Takes the instructions that a terminator stands for off the budget.
    @inline(__always)
    static func count(_ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>) {
        let left = f.load(fromByteOffset: EngineWords.remaining, as: Int64.self) &- Int64(ip.pointee.d)
        f.storeBytes(of: left, toByteOffset: EngineWords.remaining, as: Int64.self)
    }

    /// Unoptimised blocks: starts an instruction. Returns whether the budget is used up.
    @inline(__always)
    static func countInstruction(
        _ f: UnsafeMutableRawPointer, _ ip: UnsafePointer<Operation>, _ pcSlot: Place
    ) -> Bool {
        write64(f, pcSlot, UInt64(bitPattern: ip.pointee.immediate))
        let left = f.load(fromByteOffset: EngineWords.remaining, as: Int64.self)
        if left <= 0 { return true }
        f.storeBytes(of: left &- 1, toByteOffset: EngineWords.remaining, as: Int64.self)
        return false
    }

    /// Whether the budget is used up or a signal waits.
    @inline(__always)
    static func mustLeave(_ f: UnsafeMutableRawPointer) -> Bool {
        let word = f.load(fromByteOffset: EngineWords.signal, as: UnsafePointer<UInt32>.self)
        return f.load(fromByteOffset: EngineWords.remaining, as: Int64.self) <= 0 || vk_load32_relaxed(word) != 0
    }

    /// What the jump cache holds for a PC; 0: nothing.
    @inline(__always)
    static func cachedTarget(_ f: UnsafeMutableRawPointer, _ pc: UInt64) -> UInt32 {
        let cache = f.load(fromByteOffset: EngineWords.jumpCache, as: UnsafePointer<JumpCacheEntry>.self)
        let entry = cache + CodeCache.jumpCacheIndex(pc)
        let tag = f.load(fromByteOffset: EngineWords.contextTag, as: UInt32.self)
        return entry.pointee.pc == pc && entry.pointee.tag == tag ? entry.pointee.block : 0
    }

    @inline(__always)
    static func operation(_ f: UnsafeMutableRawPointer, _ block: UInt32) -> UnsafePointer<Operation> {
        f.load(fromByteOffset: EngineWords.arena, as: UnsafePointer<Operation>.self) + Int(block)
    }
}
