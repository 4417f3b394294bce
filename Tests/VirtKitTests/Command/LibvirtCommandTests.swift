import Foundation
import Testing
import VirtKit

/// `virtkit --connect`: the commands about domains, on libvirt's test driver.
@Suite(
    .enabled(if: CommandProcess.path != nil, CommandProcess.absence),
    .enabled(if: Libvirt.availability().level > .no, "needs libvirt's client library"))
struct LibvirtCommandTests {
    private let folder: ScratchFolder

    init() throws { folder = try ScratchFolder() }

    /// A host of the test driver: a domain that runs, one that does not, and one whose name is all that names may be.
    private func host() throws -> String {
        func domain(_ name: String, _ uuid: String, _ state: String) -> String {
            """
            <domain type='test' xmlns:test='http://libvirt.org/schemas/domain/test/1.0'><name>\(name)</name>
            <uuid>\(uuid)</uuid><memory>1024</memory><os><type>hvm</type></os>
            <test:runstate>\(state)</test:runstate></domain>
            """
        }
        let text = """
            <node>\(domain("runs", "11111111-0000-4000-8000-000000000001", "1"))
            \(domain("rests", "11111111-0000-4000-8000-000000000002", "5"))
            \(domain("it's &lt;a&gt; &amp; &quot;b&quot; é", "11111111-0000-4000-8000-000000000003", "3"))</node>
            """
        return "test://" + (try folder.write("host.xml", text))
    }

    private func run(_ arguments: String..., on uri: String) async throws -> CommandProcess.Result {
        try await CommandProcess.run([arguments[0], "--connect", uri] + arguments.dropFirst())
    }

    @Test func list() async throws {
        let uri = try host()
        let running = try await run("list", on: uri)
        #expect(running.code == 0 && running.error.isEmpty, "\(running)")
        func words(_ text: String) -> Set<String> {
            Set(text.split(separator: "\n").map { $0.split(separator: " ").dropFirst().joined(separator: " ") })
        }
        #expect(words(running.output) == ["runs running", "it's <a> & \"b\" é paused"])
        let all = try await run("list", "--all", on: uri)
        #expect(words(all.output) == words(running.output).union(["rests shut off"]))
        #expect(all.output.split(separator: "\n").contains { $0.hasPrefix("-") && $0.contains("rests") })
    }

    /// `--connect URI` stands before the command as well as after it; without it the environment is asked.
    @Test func theURIStandsAnywhere() async throws {
        let uri = try host()
        for arguments in [
            ["--connect", uri, "list", "--all"], ["--connect=\(uri)", "list", "--all"],
            ["list", "--all", "--connect=\(uri)"],
        ] {
            let result = try await CommandProcess.run(arguments)
            #expect(result.code == 0 && result.output.contains("rests"), "\(arguments) \(result)")
        }
        let result = try await CommandProcess.run(
            [uri, "list", "--all"], script: "export LIBVIRT_DEFAULT_URI=$1; shift; exec \"$0\" \"$@\"")
        #expect(result.code == 0 && result.output.contains("rests"), "\(result)")
    }

    @Test func aDomainHasThreeNames() async throws {
        let uri = try host()
        let id = try #require(
            try await run("list", on: uri).output.split(separator: "\n").first { $0.contains("runs") }?
                .split(separator: " ").first.map(String.init))
        for name in ["runs", "11111111-0000-4000-8000-000000000001", id] {
            let xml = try await run("dumpxml", name, on: uri)
            #expect(xml.code == 0, "\(xml)")
            let document = try DomainDescription(parsing: xml.output)
            #expect(document.name == "runs" && document.uuid == "11111111-0000-4000-8000-000000000001")
            let statistics = try await run("stats", name, on: uri)
            #expect(statistics.code == 0 && statistics.output.contains("runs state.state=1\n"), "\(statistics)")
        }
        let strange = try await run("dumpxml", "--inactive", "it's <a> & \"b\" é", on: uri)
        #expect(try DomainDescription(parsing: strange.output).name == "it's <a> & \"b\" é")
        let statistics = try await run("stats", on: uri)
        #expect(statistics.output.contains("rests state.state=5\n"), "\(statistics)")
    }

    @Test func startAndStop() async throws {
        let uri = try host()
        #expect(try await run("start", "rests", on: uri).code == 0)
        #expect(try await run("stop", "runs", on: uri).code == 0)
        #expect(try await run("stop", "runs", "--deadline", "0", on: uri).code == 0)
    }

    static let mistakes: [(arguments: [String], code: Int32, words: [String])] = [
        (["dumpxml", "--connect", "HOST", "nobody"], 74, ["Domain not found", "virtkit list --all"]),
        (["stats", "--connect", "HOST", "99"], 74, ["Domain not found"]),
        (["start", "--connect", "HOST", "11111111-0000-4000-8000-00000000000f"], 74, ["Domain not found"]),
        (["start", "--connect", "HOST", "runs"], 74, ["already running"]),
        (["stop", "--connect", "HOST", "rests"], 74, ["not running"]),
        (["stop", "--connect", "HOST", "rests", "--deadline", "0"], 74, ["not running"]),
        (["console", "--connect", "HOST", "runs"], 78, ["not supported", "virDomainOpenConsole"]),
        (["list", "--connect", "test:///nonexistent.xml"], 78, ["nonexistent.xml"]),
        (["list", "--connect", "nothing://host/"], 74, ["no driver \"nothing\""]),
        (
            ["list", "--connect", "qemu+unix:///system?socket=/nonexistent"], 74,
            ["/nonexistent", "start libvirt's daemon"]
        ),
        (
            ["list", "--connect", "hyperv://127.0.0.1/?transport=http"], 78,
            ["built without the 'hyperv' driver", "install"]
        ),
        (["--connect", "test:///default"], 64, ["a command after it"]),
        (["--connect"], 64, ["a command after it"]),
        (["start", "--connect", "HOST"], 64, ["domain"]),
        (["events", "--connect", "HOST", "--count", "0"], 64, ["--count"]),
        (["stop", "--connect", "HOST", "runs", "--deadline", "-1"], 64, ["deadline"]),
        (["run", "--virt-type", "qemu"], 64, ["--virt-type"]),
        (["run", "--backend", "qemu:///system", "--virt-type", "xen"], 64, ["kvm or qemu"]),
    ]

    @Test(arguments: mistakes)
    func mistakesHaveAReasonAndACode(_ arguments: [String], _ code: Int32, _ words: [String]) async throws {
        let uri = try host()
        let result = try await CommandProcess.run(arguments.map { $0 == "HOST" ? uri : $0 })
        #expect(result.code == code, "\(result)")
        #expect(result.output.isEmpty, "\(result)")
        for word in words { #expect(result.error.contains(word), "\(result)") }
    }

    @Test(arguments: [SIGINT, SIGTERM]) func aSignalEndsTheEvents(_ signal: Int32) async throws {
        let command = try CommandProcess(["events", "--connect", try host()])
        try await Task.sleep(for: .milliseconds(500))
        #expect(command.process.isRunning)
        kill(command.process.processIdentifier, signal)
        let result = try await command.result()
        #expect(result.signal == signal && result.error.isEmpty, "\(result)")
    }

    @Test func aBackendThatIsNoManagerIsRefused() async throws {
        let guest = try folder.write("guest", BareCode.powerOff)
        for uri in ["test:///default", "qemu+unix:///system?socket=/nonexistent"] {
            let result = try await CommandProcess.run(["run", "--backend", uri, "--kernel", guest])
            #expect(result.code == 78, "\(result)")
            #expect(result.lastErrorLine.contains(uri), "\(result)")
        }
    }
}
