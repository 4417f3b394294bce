import Foundation
import Testing

/// `virtkit backends`, `virtkit initramfs`, and saving and restoring by `virtkit run`.
@Suite(.enabled(if: CommandProcess.path != nil, CommandProcess.absence)) struct OtherCommandsTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    @Test func backendsAsJSON() async throws {
        let result = try await CommandProcess.run(["backends", "--json"])
        #expect(result.code == 0)
        let value = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
        let rows = try #require(value as? [[String: Any]])
        #expect(!rows.isEmpty)
        for row in rows {
            #expect(Set(row.keys) == ["id", "kind", "available", "level", "reason", "remedy", "abilities", "details"])
            #expect(row["id"] is String && row["kind"] is String && row["reason"] is String)
            #expect(row["available"] is Bool && row["abilities"] is [String])
            #expect(row["remedy"] is String || row["remedy"] is NSNull)
            let details = try #require(row["details"] as? [String: String])
            #expect(details["hypervisor-type"] != nil)
            #expect(["full", "limited", "no"].contains(row["level"] as? String))
        }
        #expect(rows.contains { $0["id"] as? String == "emulator" && $0["available"] as? Bool == true })
    }

    @Test func backendsAsText() async throws {
        let result = try await CommandProcess.run(["backends"])
        #expect(result.code == 0)
        #expect(result.output.contains("emulator (emulator): available"))
    }

    @Test func anInitramfsThatCpioReads() async throws {
        let file = try folder.write("file", "contents")
        let arguments = [
            "initramfs", "--file", "\(file):deep/in/it:644", "--directory", "dev:700", "--symlink", "deep/in/it:link",
            "--node", "dev/console:c:5:1:600", "--output", folder("archive"),
        ]
        #expect(try await CommandProcess.run(arguments).code == 0)
        let listing = try await CommandProcess.run(
            [folder("archive")], script: "cpio --quiet -t --file=\"$1\" 2>&1; cpio --quiet -tv --file=\"$1\"")
        #expect(listing.code == 0, "\(listing)")
        let names = Set(listing.output.split(separator: "\n").map(String.init))
        #expect(names.isSuperset(of: ["deep", "deep/in", "deep/in/it", "dev", "dev/console", "link"]))
        #expect(listing.output.contains("link -> deep/in/it"))
        #expect(listing.output.contains("-rw-r--r--") && listing.output.contains("drwx------"))
        #expect(listing.output.contains("crw-------"))
        let first = folder.bytes("archive")
        #expect(try await CommandProcess.run(arguments).code == 0)
        #expect(folder.bytes("archive") == first)
    }

    static let bad: [([String], Int32)] = [
        (["--file", "/missing:a"], 78), (["--file", "a"], 64), (["--file", "a:b:9"], 64), (["--node", "a:x:1:1"], 64),
        (["--node", "a:c:-1:99999999999"], 64), (["--directory", "a:77777"], 64), (["--symlink", "a"], 64),
    ]

    @Test(arguments: bad) func initramfsRefuses(_ arguments: [String], _ code: Int32) async throws {
        let result = try await CommandProcess.run(["initramfs", "--output", folder("archive")] + arguments)
        #expect(result.code == code, "\(result)")
        #expect(folder.names.isEmpty)
    }

    @Test func anInitramfsThatCannotBeWritten() async throws {
        for path in ["/missing/archive", "/dev/null", folder.path] {
            let result = try await CommandProcess.run(["initramfs", "--directory", "a", "--output", path])
            #expect(result.code == 78, "\(path): \(result)")
        }
    }

    // MARK: Saved machines

    private func save(_ path: String) async throws -> ([String], CommandProcess.Result) {
        let machine = [
            "run", "--memory", "4M", "--kernel",
            try folder.write("guest", BareCode.print("before") + BareCode.waitForKey + BareCode.powerOff),
        ]
        return (machine, try await CommandProcess.run(machine + ["--save", path, "--save-after", "0.5"]))
    }

    @Test func goesOnFromASavedMachine() async throws {
        let (machine, saved) = try await save(folder("saved"))
        #expect(saved.code == 0 && saved.output == "before", "\(saved)")
        #expect(saved.lastErrorLine == "virtkit: the machine was saved to \(folder("saved"))")
        let restored = try await CommandProcess.run(
            machine + ["--restore", folder("saved")], script: "(echo; sleep 5) | \"$0\" \"$@\"")
        #expect(restored.code == 0, "\(restored)")
        #expect(!restored.output.contains("before"))
    }

    @Test func aSavedMachineNeedsItsConfiguration() async throws {
        let (machine, _) = try await save(folder("saved"))
        for (option, value, word) in [("--memory", "8M", "memory"), ("--cpu", "x86-64-v2", "cpuModel")] {
            let result = try await CommandProcess.run(machine + [option, value, "--restore", folder("saved")])
            #expect(result.code == 78, "\(result)")
            #expect(result.lastErrorLine.contains(word), "\(result.error)")
        }
    }

    @Test func aMachineThatCannotBeSaved() async throws {
        let (_, result) = try await save("/missing/saved")
        #expect(result.code == 74, "\(result)")
        #expect(result.lastErrorLine.contains("/missing/saved"))
    }

    /// The disk is full in the middle of the file (here: the process may write no longer file).
    @Test func aMachineThatDoesNotFit() async throws {
        let guest = try folder.write("guest", BareCode.spin)
        let result = try await CommandProcess.run(
            ["run", "--kernel", guest, "--save", folder("saved"), "--save-after", "0.2"],
            script: "ulimit -f 64; \"$0\" \"$@\"")
        #expect(result.code == 74, "\(result)")
        #expect(folder.names == ["guest"])
    }

    @Test func aMachineThatEndsBeforeItIsSaved() async throws {
        let guest = try folder.write("guest", BareCode.powerOff)
        let result = try await CommandProcess.run(
            ["run", "--kernel", guest, "--save", folder("saved"), "--save-after", "30"])
        #expect(result.code == 0)
        #expect(folder.names == ["guest"])
    }
}
