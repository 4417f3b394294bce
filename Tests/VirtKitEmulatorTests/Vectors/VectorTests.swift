import Foundation
import Testing

@testable import VirtKitEmulator

/// Recorded single-instruction vectors: those of a directory that VIRTKIT_TEST_VECTORS names (`Scripts/vectors`), else the
/// samples in Tests/Data/vectors.
@Suite struct VectorTests {
    private static let samples = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Data/vectors").standardizedFileURL

    @Test func samples() throws {
        let tally = try Self.run(Self.samples)
        print(tally.summary)
        #expect(tally.failures.isEmpty)
        // The samples hold vectors of each kind: some pass, some must be skipped.
        #expect(tally.passed == 8 && tally.skipped.values.reduce(0, +) == 2)
    }

    @Test(.enabled(if: getenv("VIRTKIT_TEST_VECTORS") != nil, "needs VIRTKIT_TEST_VECTORS"))
    func directory() throws {
        let path = String(cString: try #require(getenv("VIRTKIT_TEST_VECTORS")))
        let tally = try Self.run(URL(fileURLWithPath: path))
        print(tally.summary)
        for failure in tally.failures { Issue.record("\(failure)") }
        #expect(tally.failed == 0 && tally.run > 0)
    }

    /// A runner that agrees with everything would be of no use.
    @Test func wrongVectorsFail() throws {
        let runner = try VectorRunner()
        let data = try Data(contentsOf: Self.samples.appendingPathComponent("8086/00.json"))
        for vector in try VectorJSON.read(data, processor: .i8086) {
            guard try runner.run(vector) == .passed else { continue }
            for register in [RecordedVector.Register.ax, .di, .flags] {
                var wrong = vector
                wrong.final[register.rawValue] = vector.after(register) ^ 1
                guard case .failed = try runner.run(wrong) else {
                    Issue.record("\(vector.name) with another \(register) passes")
                    continue
                }
            }
        }
    }

    // MARK: Hostile files

    @Test func cutAndChangedMOOFiles() throws {
        let path = Self.samples.appendingPathComponent("80286/00.MOO")
        let whole = Array(try Data(contentsOf: path))
        #expect(try MOOFile.read(whole).count == 5)
        for count in 0..<whole.count {
            #expect(throws: VectorFileError.self) { try MOOFile.read(Array(whole.prefix(count))) }
        }
        // Any other change is read or refused, and what is read can be run.
        var random = RandomBits(seed: 3)
        let runner = try VectorRunner()
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<(1 + random.below(4)) { bytes[random.below(bytes.count)] = random.byte() }
            guard let vectors = try? MOOFile.read(bytes) else { continue }
            if random.once(in: 20), let first = vectors.first { _ = try? runner.run(first) }
        }
    }

    @Test(arguments: [
        "", "{}", "[1]", "[{\"name\": \"x\"}]", "[{\"name\":\"x\",\"bytes\":[256],\"initial\":{},\"final\":{}}]",
        "[{\"name\":\"x\",\"bytes\":[144],\"initial\":{\"regs\":{},\"ram\":[]},\"final\":{\"regs\":{},\"ram\":[]}}]",
        "[{\"name\":\"x\",\"bytes\":[144],\"initial\":{\"regs\":{\"zz\":1},\"ram\":[]},\"final\":{\"regs\":{},\"ram\":[]}}]",
        "[{\"name\":\"x\",\"bytes\":[144],\"initial\":{\"regs\":{\"ax\":70000},\"ram\":[]},\"final\":{\"regs\":{},\"ram\":[]}}]",
        "[{\"name\":\"x\",\"bytes\":[144],\"initial\":{\"regs\":{},\"ram\":[[1]]},\"final\":{\"regs\":{},\"ram\":[]}}]",
    ])
    func wrongJSON(text: String) {
        #expect(throws: VectorFileError.self) { try VectorJSON.read(Data(text.utf8), processor: .i8086) }
    }

    // MARK: Directories

    /// Runs every `.json` and `.MOO` file, packed by gzip or not, below a directory.
    private static func run(_ directory: URL) throws -> VectorRunner.Tally {
        var tally = VectorRunner.Tally()
        let runner = try VectorRunner()
        let paths = (FileManager.default.enumerator(atPath: directory.path)?.allObjects as? [String] ?? []).sorted()
        for path in paths {
            let url = directory.appendingPathComponent(path)
            let name = path.lowercased().replacingOccurrences(of: ".gz", with: "")
            guard name.hasSuffix(".json") || name.hasSuffix(".moo"), !name.hasSuffix("metadata.json") else { continue }
            let data = path.lowercased().hasSuffix(".gz") ? try unpacked(url) : try Data(contentsOf: url)
            let vectors: [RecordedVector]
            if name.hasSuffix(".moo") {
                vectors = try MOOFile.read(Array(data))
            } else {
                let metadata = url.deletingLastPathComponent().appendingPathComponent("metadata.json")
                let masks = try? JSONDecoder().decode(VectorJSON.Metadata.self, from: Data(contentsOf: metadata))
                let processor: RecordedVector.Processor = path.contains("286") ? .i80286 : .i8086
                vectors = try VectorJSON.read(data, processor: processor, metadata: masks)
            }
            for vector in vectors { tally.add(try runner.run(vector), "\(path): \(vector.name)") }
        }
        return tally
    }

    private static func unpacked(_ url: URL) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["gzip", "-dc", url.path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw VectorFileError(description: "gzip can't unpack \(url.path)")
        }
        return data
    }
}
