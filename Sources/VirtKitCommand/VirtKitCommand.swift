import ArgumentParser

@main
struct VirtKitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "virtkit",
        abstract: "Runs virtual machines with VirtKit.",
        version: "0.1.0",
        subcommands: [RunCommand.self, BackendsCommand.self, InitramfsCommand.self])
}
