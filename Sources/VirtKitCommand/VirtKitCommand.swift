import ArgumentParser
import Foundation

@main
struct VirtKitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "virtkit",
        abstract: "Runs virtual machines with VirtKit.",
        version: "0.2.0",
        subcommands: [RunCommand.self, BackendsCommand.self, InitramfsCommand.self],
        groupedSubcommands: [
            CommandGroup(
                name: "Domains of libvirt",
                subcommands: [
                    ListCommand.self, StartCommand.self, StopCommand.self, ConsoleCommand.self, DumpXMLCommand.self,
                    EventsCommand.self, StatsCommand.self,
                ])
        ])

    static func main() async {
        // A reader of our output that has gone away is an error of `write`, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
        // So is a file that may not grow further.
        signal(SIGXFSZ, SIG_IGN)
        // No file that is opened later may take the place of a standard stream that was closed.
        for descriptor in 0..<Int32(3) where fcntl(descriptor, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
        guard let arguments = ConnectionOptions.afterCommand(Array(CommandLine.arguments.dropFirst())) else {
            exit(
                withError: ValidationError("--connect takes a URI, and a command after it: virtkit --connect URI list"))
        }
        await main(arguments)
    }
}
