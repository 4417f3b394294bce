/// A guest architecture, as the low contract sees it: the type of a vCPU's architectural state.
///
/// The state is the same typed value for every accelerator, so that a machine can move between them.
public protocol GuestArchitecture: Sendable {
    /// All architectural state of one vCPU.
    associatedtype State: VCPUState

    /// The architecture's name.
    static var architecture: Architecture { get }
}

/// The architectural state of one vCPU: a value that can be saved.
public protocol VCPUState: Hashable, Sendable {
    /// The version of the encoding that `encode` writes.
    static var encodingVersion: UInt32 { get }

    /// Writes the state.
    func encode(into encoder: inout StateEncoder)

    /// Reads a state of the given version.
    init(from decoder: inout StateDecoder, version: UInt32) throws(StateError)
}
