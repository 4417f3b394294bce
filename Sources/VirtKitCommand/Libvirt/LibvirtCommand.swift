import ArgumentParser
import Foundation
import VirtKit

/// The connection that commands about managed domains share.
struct ConnectionOptions: ParsableArguments {
    @Option(help: ArgumentHelp("libvirt's URI: qemu:///system, qemu+ssh://host/system …", valueName: "uri"))
    var connect: String?

    /// `--connect URI` may also come before the command, as users of virsh write it.
    ///
    /// - Returns: nil where no command follows.
    static func afterCommand(_ arguments: [String]) -> [String]? {
        guard let first = arguments.first else { return arguments }
        let count = first == "--connect" ? 2 : first.hasPrefix("--connect=") ? 1 : 0
        guard count > 0 else { return arguments }
        guard arguments.count > count else { return nil }
        return [arguments[count]] + arguments[..<count] + arguments[(count + 1)...]
    }

    /// Opens the connection for a command; what goes wrong is printed, and gives the exit code.
    func run(
        options: LibvirtConnection.Options = .init(), _ body: (LibvirtConnection) async throws -> Void
    ) async throws {
        do {
            var options = options
            options.credentials = CredentialPrompt.credentials
            let uri = connect ?? ProcessInfo.processInfo.environment["LIBVIRT_DEFAULT_URI"] ?? ""
            try await LibvirtConnection.with(uri.isEmpty ? "qemu:///system" : uri, options: options) {
                try await body($0)
            }
        } catch let error as ExitCode {
            throw error
        } catch {
            standardError("virtkit: \(error)")
            throw ExitCode(EndingCode.code(for: (error as? LibvirtError)?.virtKitError ?? error))
        }
    }

    /// The end of the help of every command that connects.
    static let help = """
        Without --connect the URI is that of LIBVIRT_DEFAULT_URI, or qemu:///system.

        EXIT CODES:
          0   done
          64  the command line is wrong
          74  libvirt, the driver or the host refused
          78  the driver does not have this function
        """
}

/// A domain, by its name, its UUID or its number.
struct DomainArgument: ParsableArguments {
    @Argument(help: "The domain's name, UUID or number.")
    var domain: String

    func find(on connection: LibvirtConnection) async throws -> LibvirtDomain {
        try await Self.find(domain, on: connection)
    }

    static func find(_ domain: String, on connection: LibvirtConnection) async throws -> LibvirtDomain {
        do {
            return try await connection.domain(named: domain)
        } catch let error as LibvirtError where error.code == .noDomain {
            if let id = UInt32(domain) { return try await connection.domain(id: id) }
            guard UUID(uuidString: domain) != nil else { throw error }
            return try await connection.domain(uuid: domain)
        }
    }
}

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the domains that libvirt manages.",
        discussion: ConnectionOptions.help)

    @OptionGroup var connection: ConnectionOptions
    @Flag(help: "Also those that don't run.") var all = false

    func run() async throws {
        try await connection.run { connection in
            var rows: [(String, String, String)] = []
            for domain in try await connection.domains(all ? [] : [.active]) {
                do {
                    let state = try await domain.state()
                    rows.append((try await domain.id().map(String.init) ?? "-", domain.name, state.description))
                } catch let error as LibvirtError where error.code == .noDomain {
                    // It has ended in between.
                }
            }
            let width = rows.map(\.1.count).max() ?? 0
            for (id, name, state) in rows {
                print(
                    "\(id.padding(toLength: max(4, id.count), withPad: " ", startingAt: 0)) "
                        + "\(name.padding(toLength: width, withPad: " ", startingAt: 0))  \(state)")
            }
        }
    }
}

struct StartCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Starts a defined domain.", discussion: ConnectionOptions.help)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var domain: DomainArgument

    func run() async throws {
        try await connection.run { try await domain.find(on: $0).start() }
    }
}

struct StopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Asks a domain's guest to end, and ends it by force if it has not after a time.",
        discussion: ConnectionOptions.help)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var domain: DomainArgument
    @Option(help: ArgumentHelp("How long the guest may take; 0 ends it at once.", valueName: "seconds"))
    var deadline: Double = 60

    func validate() throws {
        guard deadline >= 0, deadline < 1e9 else { throw ValidationError("--deadline takes seconds from 0 to 1e9") }
    }

    func run() async throws {
        try await connection.run { connection in
            let domain = try await domain.find(on: connection)
            guard deadline > 0 else { return try await domain.destroy() }
            let obeyed = try await domain.shutdown(deadline: .seconds(deadline), thenDestroy: true)
            if !obeyed { standardError("virtkit: the guest did not end within \(deadline) s, and was ended") }
        }
    }
}

struct DumpXMLCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "dumpxml", abstract: "Prints a domain's document.")

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var domain: DomainArgument
    @Flag(help: "As it will be at the next start.") var inactive = false

    func run() async throws {
        try await connection.run { connection in
            print(try await domain.find(on: connection).xml(inactive ? .inactive : []), terminator: "")
        }
    }
}

struct EventsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "events", abstract: "Prints events as they come, until it is interrupted.",
        discussion: ConnectionOptions.help)

    @OptionGroup var connection: ConnectionOptions
    @Option(help: "End after so many events.") var count: Int?

    func validate() throws {
        if let count, count < 1 { throw ValidationError("--count takes a number from 1") }
    }

    func run() async throws {
        try await connection.run(options: .reconnecting) { connection in
            let events = try await connection.events(
                LibvirtEvent.Kind.allOfDomains.union(LibvirtEvent.Kind.allOfHost))
            var left = count ?? .max
            for await event in events {
                var words = [event.kind.rawValue, event.domain?.name ?? event.subject ?? "-"]
                if let lifecycle = event.lifecycle {
                    words += [lifecycle.step.description, "detail=\(lifecycle.detail)"]
                } else {
                    words += event.values.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                }
                // Nobody may read any more.
                guard writeAll(Array((words.joined(separator: " ") + "\n").utf8), to: 1) else { break }
                left -= 1
                if left == 0 { break }
            }
        }
    }
}

struct StatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Prints a domain's statistics, or those of all.",
        discussion: ConnectionOptions.help)

    @OptionGroup var connection: ConnectionOptions
    @Argument(help: "The domain's name, UUID or number; all domains without it.") var domain: String?

    func run() async throws {
        try await connection.run { connection in
            var found: [LibvirtDomainStatistics]
            if let domain {
                found = [try await DomainArgument.find(domain, on: connection).statistics()]
            } else {
                found = try await connection.statistics()
            }
            found.sort { $0.name < $1.name }
            for statistics in found {
                for (name, value) in statistics.values.sorted(by: { $0.key < $1.key }) {
                    print("\(statistics.name) \(name)=\(value)")
                }
            }
        }
    }
}

struct ConsoleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "Connects the terminal with a domain's console; Ctrl-] leaves it.",
        discussion: ConnectionOptions.help)

    @OptionGroup var connection: ConnectionOptions
    @OptionGroup var domain: DomainArgument
    @Flag(help: "Take it from whoever has it.") var force = false

    func run() async throws {
        try await connection.run { connection in
            let stream = try await domain.find(on: connection).openConsole(force: force)
            let serial = SerialConsole()
            let pump = LibvirtConsolePump(stream, serial)
            let session = try ConsoleSession(serial, escapeKeyDoes: "leave the console; the domain goes on")
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await pump.waitForEnd() }
                group.addTask { _ = await session.userWish() }
                await group.next()
                group.cancelAll()
            }
            await pump.finish()
            serial.finish()
            await session.finish(within: .seconds(1))
        }
    }
}
