/// Reads the binary form of recorded vectors: MOO files, version 1 (github.com/dbalsom/moo, README.md). All integers are
/// little-endian; chunks that are not known are skipped. Nothing in a file is trusted.
enum MOOFile {
    /// The vectors of a file.
    static func read(_ bytes: [UInt8]) throws(VectorFileError) -> [RecordedVector] {
        var file = Reader(bytes[...])
        guard try file.identifier() == "MOO " else { throw VectorFileError(description: "not a MOO file") }
        var header = try file.payload()
        guard try header.integer(UInt8.self) == 1 else {
            throw VectorFileError(description: "a MOO file of another version than 1")
        }
        _ = try header.take(3)
        let count = try header.integer(UInt32.self)
        let name = try header.identifier()
        let processor: RecordedVector.Processor
        switch name {
        case "8086", "8088": processor = .i8086
        case "286 ": processor = .i80286
        default: throw VectorFileError(description: "a MOO file of the processor \(name), which is not known")
        }
        var vectors: [RecordedVector] = []
        while !file.isAtEnd {
            let kind = try file.identifier()
            let chunk = try file.payload()
            if kind == "TEST" { vectors.append(try test(chunk, processor)) }
        }
        guard vectors.count == Int(count) else {
            throw VectorFileError(description: "\(vectors.count) vectors where \(count) were announced")
        }
        return vectors
    }

    private static func test(
        _ chunk: Reader, _ processor: RecordedVector.Processor
    ) throws(VectorFileError) -> RecordedVector {
        var chunk = chunk
        var vector = RecordedVector(
            processor: processor, name: "", bytes: [], initial: [], initialMemory: [], final: [], finalMemory: [])
        _ = try chunk.integer(UInt32.self)
        while !chunk.isAtEnd {
            let kind = try chunk.identifier()
            var part = try chunk.payload()
            switch kind {
            case "NAME": vector.name = String(decoding: try part.counted(), as: UTF8.self)
            case "BYTS": vector.bytes = Array(try part.counted())
            case "INIT":
                let (registers, memory) = try state(part)
                let values = registers.compactMap { $0 }
                guard values.count == registers.count else {
                    throw VectorFileError(description: "a vector whose initial registers are not complete")
                }
                (vector.initial, vector.initialMemory) = (values, memory)
            case "FINA": (vector.final, vector.finalMemory) = try state(part)
            case "EXCP":
                vector.exception = try part.integer(UInt8.self)
                vector.flagsAddress = try part.integer(UInt32.self)
            default: break
            }
        }
        guard !vector.initial.isEmpty, !vector.final.isEmpty, !vector.bytes.isEmpty else {
            throw VectorFileError(description: "a vector without bytes, initial or final state")
        }
        return vector
    }

    private static func state(
        _ chunk: Reader
    ) throws(VectorFileError) -> (registers: [UInt16?], memory: [RecordedVector.Byte]) {
        var chunk = chunk
        var registers = [UInt16?](repeating: nil, count: RecordedVector.Register.allCases.count)
        var memory: [RecordedVector.Byte] = []
        while !chunk.isAtEnd {
            let kind = try chunk.identifier()
            var part = try chunk.payload()
            switch kind {
            case "REGS":
                let mask = try part.integer(UInt16.self)
                for register in RecordedVector.Register.allCases where mask >> UInt16(register.rawValue) & 1 != 0 {
                    registers[register.rawValue] = try part.integer(UInt16.self)
                }
            case "RAM ":
                let count = try part.integer(UInt32.self)
                // What the chunk can't hold isn't allocated.
                guard Int(count) <= part.count / 5 else {
                    throw VectorFileError(description: "memory beyond its chunk")
                }
                for _ in 0..<count {
                    memory.append(
                        .init(address: try part.integer(UInt32.self), value: try part.integer(UInt8.self)))
                }
            default: break
            }
        }
        return (registers, memory)
    }

    /// Bytes that are taken from the front.
    private struct Reader {
        private var rest: ArraySlice<UInt8>

        init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

        var isAtEnd: Bool { rest.isEmpty }
        var count: Int { rest.count }

        mutating func take(_ count: Int) throws(VectorFileError) -> ArraySlice<UInt8> {
            guard count >= 0, count <= rest.count else {
                throw VectorFileError(description: "a MOO file that is cut off")
            }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }

        mutating func integer<T: FixedWidthInteger>(_ type: T.Type) throws(VectorFileError) -> T {
            try take(MemoryLayout<T>.size).reversed().reduce(0) { $0 << 8 | T($1) }
        }

        mutating func identifier() throws(VectorFileError) -> String { String(decoding: try take(4), as: UTF8.self) }

        /// The payload of a chunk whose identifier has been taken.
        mutating func payload() throws(VectorFileError) -> Reader {
            let length = try integer(UInt32.self)
            return Reader(try take(Int(length)))
        }

        /// Bytes behind their number.
        mutating func counted() throws(VectorFileError) -> ArraySlice<UInt8> {
            let length = try integer(UInt32.self)
            return try take(Int(length))
        }
    }
}
