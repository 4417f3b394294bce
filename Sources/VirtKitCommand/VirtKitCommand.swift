import ArgumentParser
import VirtKit
@main struct VirtKitCommand: AsyncParsableCommand {}
