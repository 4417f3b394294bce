import Foundation

/// Reads the JSON form of recorded vectors, of the sets for the 8088 and 8086 (github.com/SingleStepTests/8088, README.md),
/// and their metadata.json. Nothing in a file is trusted.
enum VectorJSON {
    private struct File: Decodable {
        var name: String
        var bytes: [UInt8]
        var initial: State
        var final: State
        var exception: Exception?
    }

    private struct State: Decodable {
        var regs: [String: UInt16]
        var ram: [[UInt32]]
    }

    private struct Exception: Decodable {
        var number: UInt8
        var flag_address: UInt32?
    }

    static func read(
        _ data: Data, processor: RecordedVector.Processor, metadata: Metadata? = nil
    ) throws(VectorFileError) -> [RecordedVector] {
        let files: [File]
        do {
            files = try JSONDecoder().decode([File].self, from: data)
        } catch {
            throw VectorFileError(description: "not vectors: \(error)")
        }
        var vectors: [RecordedVector] = []
        for file in files {
            let initial = try registers(file.initial)
            let complete = initial.compactMap { $0 }
            guard complete.count == initial.count, !file.bytes.isEmpty else {
                throw VectorFileError(description: "a vector whose bytes or initial registers are not complete")
            }
            vectors.append(
                RecordedVector(
                    processor: processor, name: file.name, bytes: file.bytes, initial: complete,
                    initialMemory: try memory(file.initial), final: try registers(file.final),
                    finalMemory: try memory(file.final), exception: file.exception?.number,
                    flagsAddress: file.exception?.flag_address, definedFlags: metadata?.definedFlags(file.bytes)))
        }
        return vectors
    }

    private static func registers(_ state: State) throws(VectorFileError) -> [UInt16?] {
        let names = RecordedVector.Register.allCases.map { "\($0)" }
        for name in state.regs.keys where !names.contains(name) {
            throw VectorFileError(description: "a register \(name), which is not known")
        }
        return names.map { state.regs[$0] }
    }

    private static func memory(_ state: State) throws(VectorFileError) -> [RecordedVector.Byte] {
        var bytes: [RecordedVector.Byte] = []
        for entry in state.ram {
            guard entry.count == 2, let value = UInt8(exactly: entry[1]) else {
                throw VectorFileError(description: "memory that is no pair of address and byte")
            }
            bytes.append(.init(address: entry[0], value: value))
        }
        return bytes
    }

    /// A set's metadata.json: which flags each opcode leaves defined.
    struct Metadata: Decodable {
        struct Opcode: Decodable {
            var status: String?
            var flagsMask: UInt16?
            var reg: [String: Opcode]?

            enum CodingKeys: String, CodingKey {
                case status, reg
                case flagsMask = "flags-mask"
            }
        }

        var opcodes: [String: Opcode]

        /// The entry of an instruction, whose prefixes are skipped.
        func definedFlags(_ bytes: [UInt8]) -> UInt16? {
            let prefixes: Set<UInt8> = [0x26, 0x2E, 0x36, 0x3E, 0xF0, 0xF1, 0xF2, 0xF3]
            let rest = bytes.drop { prefixes.contains($0) }
            guard let first = rest.first else { return nil }
            let key = (first < 16 ? "0" : "") + String(first, radix: 16, uppercase: true)
            guard let opcode = opcodes[key] else { return nil }
            if let groups = opcode.reg, let modRM = rest.dropFirst().first, let group = groups["\(modRM >> 3 & 7)"] {
                return group.flagsMask
            }
            return opcode.flagsMask
        }
    }
}
