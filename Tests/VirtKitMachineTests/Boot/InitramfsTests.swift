import Foundation
import Testing
import VirtKitCore

@testable import VirtKitMachine

@Suite("The initramfs writer")
struct InitramfsTests {
    private func sample() throws -> InitramfsWriter {
        var writer = InitramfsWriter()
        try writer.addDirectory("/dev")
        try writer.addDevice("/dev/console", .character, major: 5, minor: 1)
        try writer.addDevice("/dev/vda", .block, major: 254, minor: 0, permissions: 0o660)
        try writer.addFile("/init", contents: Array("#!/bin/sh\n".utf8), permissions: 0o755)
        try writer.addFile("/usr/share/doc/a", contents: [1, 2, 3, 4, 5])
        try writer.addFile("/empty", contents: [])
        try writer.addSymbolicLink("/bin", to: "usr/bin")
        return writer
    }

    @Test("cpio lists and unpacks it")
    func unpacked() throws {
        guard let tool = HostTool("cpio") else { try Test.cancel("cpio is not installed (apt-get install cpio)") }
        let archive = try sample().archive()
        try withTemporaryFolder { folder in
            let list = try tool.run(["-itv", "--quiet", "--numeric-uid-gid"], in: folder, input: archive)
            #expect(list.code == 0, "\(list.output)")
            let lines = list.output.split(separator: "\n").map { $0.split(separator: " ") }
            #expect(
                lines.map { $0.last.map(String.init) } == [
                    "dev", "dev/console", "dev/vda", "init", "usr", "usr/share", "usr/share/doc", "usr/share/doc/a",
                    "empty", "usr/bin",
                ])
            #expect(
                lines.map { String($0[0]) } == [
                    "drwxr-xr-x", "crw-------", "brw-rw----", "-rwxr-xr-x", "drwxr-xr-x", "drwxr-xr-x", "drwxr-xr-x",
                    "-rw-r--r--", "-rw-r--r--", "lrwxrwxrwx",
                ])
            #expect(list.output.contains("5,   1") && list.output.contains("254,   0"))

            let unpacked = try tool.run(
                ["-id", "--quiet", "init", "usr/share/doc/a", "empty", "bin"], in: folder, input: archive)
            #expect(unpacked.code == 0, "\(unpacked.output)")
            #expect(try Data(contentsOf: folder.appendingPathComponent("usr/share/doc/a")) == Data([1, 2, 3, 4, 5]))
            #expect(try Data(contentsOf: folder.appendingPathComponent("empty")).isEmpty)
            #expect(
                try FileManager.default.destinationOfSymbolicLink(
                    atPath: folder.appendingPathComponent("bin").path) == "usr/bin")
        }
    }

    @Test("The same calls give the same bytes, in whole blocks")
    func deterministic() throws {
        let archive = try sample().archive()
        #expect(try archive == sample().archive())
        #expect(archive.count % 512 == 0)
        #expect(Array(archive.prefix(6)) == Array("070701".utf8))
    }

    @Test("A file of the host is copied with its permissions; the archive is written whole")
    func hostFiles() throws {
        try withTemporaryFolder { folder in
            let file = folder.appendingPathComponent("tool")
            try Data([7, 7, 7]).write(to: file)
            try FileManager.default.setAttributes([.posixPermissions: 0o751], ofItemAtPath: file.path)
            var writer = InitramfsWriter()
            try writer.addFile("/bin/tool", from: file.path)
            #expect(String(decoding: writer.archive(), as: UTF8.self).contains("000081E9"))
            let output = folder.appendingPathComponent("out.cpio").path
            try writer.write(to: output)
            #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: output))) == writer.archive())
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["out.cpio", "tool"])
            var error = #expect(throws: VirtKitError.self) { try writer.addFile("/x", from: folder.path + "/none") }
            #expect(error?.code == .inputOutput)
            error = #expect(throws: VirtKitError.self) { try writer.write(to: folder.path + "/none/out") }
            #expect(error?.code == .inputOutput)
            // The system would take the path to end at the zero byte.
            error = #expect(throws: VirtKitError.self) { try writer.write(to: file.path + "\0.cpio") }
            #expect(error?.code == .inputOutput)
            #expect(try [UInt8](Data(contentsOf: file)) == [7, 7, 7])
        }
    }

    @Test(
        "Bad paths are refused",
        arguments: ["", "/", "/a/../b", ".", "a\0b", "TRAILER!!!", String(repeating: "x", count: 4096)])
    func badPath(_ path: String) {
        var writer = InitramfsWriter()
        let error = #expect(throws: VirtKitError.self) { try writer.addFile(path, contents: []) }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test("A path is used once, and only directories have children")
    func conflicts() throws {
        var writer = try sample()
        #expect(throws: VirtKitError.self) { try writer.addFile("init", contents: []) }
        #expect(throws: VirtKitError.self) { try writer.addFile("/init/x", contents: []) }
        #expect(throws: VirtKitError.self) { try writer.addDirectory("/init") }
        #expect(throws: VirtKitError.self) { try writer.addSymbolicLink("/link", to: "") }
        try writer.addDirectory("/usr/share")
    }
}
