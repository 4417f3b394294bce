/// Why a domain can't be what a machine's configuration asks for, and what can be done about it.
public struct DomainObstacle: Hashable, Sendable, CustomStringConvertible {
    /// The reason.
    public var reason: String
    /// What can be done.
    public var remedy: String

    /// Makes an obstacle.
    public init(_ reason: String, remedy: String) {
        self.reason = reason
        self.remedy = remedy
    }

    /// Reason and remedy.
    public var description: String { "\(reason) (\(remedy))" }
}
