import Foundation
import Synchronization
import Testing
import VirtKitCore
import VirtKitLibvirt

/// What opening a connection says where the hypervisor is not there: see Documentation/libvirt.
@Suite("Hypervisors that are not there", .enabled(if: Needs.libvirt, "needs libvirt's client library"))
struct AbsentDriverTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var uri: String
        /// libvirt's answers, by code and domain: a driver that a build leaves out is another.
        var answers: [(LibvirtError.Code, LibvirtError.Domain)]
        var testDescription: String { uri }
    }

    private static let notBuilt: [(LibvirtError.Code, LibvirtError.Domain)] = [
        (.configUnsupported, .none), (.noConnect, .none),
    ]

    static let cases: [Case] = [
        Case(uri: "vmwareplayer:///session", answers: [(.internalError, .vmware)] + notBuilt),
        Case(uri: "vmwarews:///session", answers: [(.internalError, .vmware)] + notBuilt),
        Case(uri: "vmwarefusion:///session", answers: [(.internalError, .vmware)] + notBuilt),
        Case(uri: "openvz:///system", answers: [(.internalError, .openvz)] + notBuilt),
        Case(uri: "hyperv://127.0.0.1/?transport=http", answers: [(.internalError, .hyperv)] + notBuilt),
        Case(uri: "qemu+unix:///system?socket=/nonexistent", answers: [(.systemError, .rpc)]),
        Case(uri: "lxc+unix:///system?socket=/nonexistent", answers: [(.systemError, .rpc)]),
        Case(uri: "xen+unix:///system?socket=/nonexistent", answers: [(.systemError, .rpc)]),
        Case(uri: "vbox+unix:///session?socket=/nonexistent", answers: [(.systemError, .rpc)]),
        Case(uri: "qemu+tcp://127.0.0.1:1/system", answers: [(.systemError, .rpc)]),
        Case(uri: "test:///nonexistent.xml", answers: [(.xmlError, .test)]),
        // Without a way to ask for credentials.
        Case(uri: "esx://127.0.0.1:1/?no_verify=1", answers: [(.invalidArgument, .auth)] + notBuilt),
        Case(uri: "vpx://127.0.0.1:1/dc/host?no_verify=1", answers: [(.invalidArgument, .auth)] + notBuilt),
        Case(uri: "gsx://127.0.0.1:1/?no_verify=1", answers: [(.invalidArgument, .auth)] + notBuilt),
        Case(uri: "qemu+ssh://nobody@127.0.0.1:1/system?no_tty=1", answers: [(.systemError, .rpc)]),
        Case(uri: "qemu+tls://127.0.0.1:1/system", answers: [(.systemError, .rpc)]),
        Case(uri: "qemu+tcp://host.invalid/system", answers: [(.systemError, .rpc)]),
        Case(uri: "parallels:///system", answers: notBuilt),
        Case(uri: "no-such-driver://127.0.0.1:1/", answers: [(.systemError, .rpc)]),
    ]

    @Test(arguments: cases) func isReported(_ test: Case) async throws {
        let error = try await failure("opening \(test.uri)") {
            _ = try await promptly("opening \(test.uri)") { try await LibvirtConnection.open(test.uri) }
        }
        #expect(
            test.answers.contains { $0.0 == error.code && $0.1 == error.domain },
            "\(error.code.rawValue), \(error.domain.rawValue): \(error)")
        #expect(!error.message.isEmpty && error.operation.contains(test.uri))
        if test.uri.hasPrefix("test:") == false { #expect(error.remedy != nil, "\(error)") }
    }

    @Test(arguments: ["esx://127.0.0.1:1/?no_verify=1", "vpx://127.0.0.1:1/dc/host?no_verify=1"])
    func credentialsAreAskedFor(_ uri: String) async throws {
        let isAsked = Asked()
        var options = LibvirtConnection.Options()
        options.credentials = { requests in
            isAsked.add(requests)
            return requests.map { _ in "someone" }
        }
        let answering = options
        let error = try await failure("opening \(uri)") {
            _ = try await promptly("opening \(uri)") { try await LibvirtConnection.open(uri, options: answering) }
        }
        #expect(isAsked.kinds.contains(.authenticationName))
        #expect(!Set(isAsked.kinds).isDisjoint(with: [.passphrase, .noEchoPrompt]), "\(isAsked.kinds)")
        #expect(error.code == .internalError && error.domain == .esx)
        // Who answers nothing is not let in, and nothing hangs.
        options.credentials = { requests in requests.map { _ in nil } }
        let silent = options
        let refused = try await failure("opening \(uri) without an answer") {
            _ = try await promptly("opening \(uri)") { try await LibvirtConnection.open(uri, options: silent) }
        }
        #expect([.authFailed, .authCancelled].contains(refused.code), "\(refused)")
    }

    /// libvirt's own driver logs in at what speaks like an ESXi host, which lets nobody in.
    @Test(arguments: ["esx://127.0.0.1:PORT/?transport=http", "vpx://127.0.0.1:PORT/dc/host?transport=http"])
    func wrongCredentialsAreRefused(_ uri: String) async throws {
        let server = Process()
        server.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        server.arguments = [
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().appendingPathComponent("Libvirt/esx-server").path
        ]
        let (input, output) = (Pipe(), Pipe())
        (server.standardInput, server.standardOutput) = (input, output)
        try server.run()
        defer {
            try? input.fileHandleForWriting.close()
            server.waitUntilExit()
        }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let port = line.trimmingCharacters(in: .whitespacesAndNewlines)
        var options = LibvirtConnection.Options()
        options.credentials = { requests in requests.map { _ in "someone" } }
        let answering = options
        let uri = uri.replacing("PORT", with: port)
        let error = try await failure("opening \(uri)") {
            _ = try await promptly("opening \(uri)") { try await LibvirtConnection.open(uri, options: answering) }
        }
        #expect(error.code == .internalError && error.domain == .esx, "\(error)")
        #expect(error.message.contains("incorrect user name or password"), "\(error)")
        #expect(error.remedy == "check the user name and the password", "\(error)")
    }

    private final class Asked: Sendable {
        private let list = Mutex<[LibvirtCredentialRequest.Kind]>([])
        var kinds: [LibvirtCredentialRequest.Kind] { list.withLock { $0 } }
        func add(_ requests: [LibvirtCredentialRequest]) { list.withLock { $0 += requests.map(\.kind) } }
    }

    @Test func backendSaysWhatToDo() async throws {
        let answer = await LibvirtBackend(uri: "qemu+unix:///system?socket=/nonexistent").availability()
        #expect(answer.level == .no && answer.remedy?.contains("libvirtd") == true)
        var configuration = MachineConfiguration(architecture: .x86_64, memory: .mebibytes(64))
        configuration.boot = .linux(kernel: "/vmlinuz")
        configuration.devices = [DeviceConfiguration(id: "d", model: "no-such-model")]
        let probe = await LibvirtBackend().probe(for: configuration)
        #expect(probe.level == .no && probe.reason.contains("no-such-model"))
    }
}
