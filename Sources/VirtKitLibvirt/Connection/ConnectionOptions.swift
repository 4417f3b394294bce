extension LibvirtConnection {
    /// How a connection is opened and kept.
    public struct Options: Sendable {
        /// Only reading calls are allowed. (VIR_CONNECT_RO)
        public var isReadOnly = false
        /// Answers what the host asks: a user name, a password. Called on a thread of its own.
        public var credentials: LibvirtCredentials?
        /// Messages that show whether the host is still there; nil for none. Drivers without a network ignore it.
        public var keepAlive: KeepAlive? = KeepAlive()
        /// Whether a lost connection is made again.
        public var reconnect: Reconnect?
        /// Calls that may be under way at once; more wait. 1 to 1,000.
        public var maximumThreads = 16
        /// Events that a reader may be behind; then the oldest are dropped and counted.
        public var eventCapacity = 1024

        /// The usual options: read and write, keep-alive messages, no reconnection.
        public init() {}

        /// The usual options, with reconnection.
        public static var reconnecting: Options {
            var options = Options()
            options.reconnect = Reconnect()
            return options
        }
    }

    /// Keep-alive messages. (virConnectSetKeepAlive)
    public struct KeepAlive: Hashable, Sendable {
        /// Seconds between two messages.
        public var interval: Int32
        /// Messages without an answer after which the connection is lost.
        public var count: UInt32

        /// By default a message every 5 s, and the connection is lost after 5 without an answer.
        public init(interval: Int32 = 5, count: UInt32 = 5) {
            self.interval = interval
            self.count = count
        }
    }

    /// How a lost connection is made again: at once, then after pauses that double up to a maximum, until it succeeds or
    /// the connection is closed.
    public struct Reconnect: Hashable, Sendable {
        /// The first pause.
        public var firstPause: Duration
        /// The longest pause.
        public var longestPause: Duration

        /// By default from 50 ms to 5 s.
        public init(firstPause: Duration = .milliseconds(50), longestPause: Duration = .seconds(5)) {
            self.firstPause = firstPause
            self.longestPause = longestPause
        }
    }

    /// Why a connection was lost. (virConnectCloseReason)
    public struct CloseReason: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The number.
        public let rawValue: Int32
        /// Makes a reason from its number.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// An error of reading or writing. (VIR_CONNECT_CLOSE_REASON_ERROR)
        public static let error = CloseReason(rawValue: 0)
        /// The other side closed it. (VIR_CONNECT_CLOSE_REASON_EOF)
        public static let endOfFile = CloseReason(rawValue: 1)
        /// Keep-alive messages had no answer. (VIR_CONNECT_CLOSE_REASON_KEEPALIVE)
        public static let keepAlive = CloseReason(rawValue: 2)
        /// This program closed it. (VIR_CONNECT_CLOSE_REASON_CLIENT)
        public static let client = CloseReason(rawValue: 3)

        /// The reason, in words.
        public var description: String {
            switch self {
            case .error: "an error of reading or writing"
            case .endOfFile: "the other side closed it"
            case .keepAlive: "keep-alive messages had no answer"
            case .client: "this program closed it"
            default: "reason \(rawValue)"
            }
        }
    }
}

/// What the host wants to know before it lets a program in.
public struct LibvirtCredentialRequest: Hashable, Sendable {
    /// What is asked. (virConnectCredentialType)
    public struct Kind: RawRepresentable, Hashable, Sendable {
        /// The number.
        public let rawValue: Int32
        /// Makes a kind from its number.
        public init(rawValue: Int32) { self.rawValue = rawValue }

        /// Who the user is. (VIR_CRED_USERNAME)
        public static let userName = Kind(rawValue: 1)
        /// Who the user acts as. (VIR_CRED_AUTHNAME)
        public static let authenticationName = Kind(rawValue: 2)
        /// The language. (VIR_CRED_LANGUAGE)
        public static let language = Kind(rawValue: 3)
        /// A name for this client. (VIR_CRED_CNONCE)
        public static let clientNonce = Kind(rawValue: 4)
        /// A secret. (VIR_CRED_PASSPHRASE)
        public static let passphrase = Kind(rawValue: 5)
        /// A question whose answer may be shown. (VIR_CRED_ECHOPROMPT)
        public static let echoPrompt = Kind(rawValue: 6)
        /// A question whose answer is secret. (VIR_CRED_NOECHOPROMPT)
        public static let noEchoPrompt = Kind(rawValue: 7)
        /// The realm. (VIR_CRED_REALM)
        public static let realm = Kind(rawValue: 8)
    }

    /// What is asked.
    public let kind: Kind
    /// The question, for a person.
    public let prompt: String
    /// More about the question: the host's name, say.
    public let challenge: String?
    /// What to answer where nothing else is known.
    public let suggestion: String?
}

/// Answers each request, in order; nil refuses, and the connection fails.
public typealias LibvirtCredentials = @Sendable ([LibvirtCredentialRequest]) async -> [String?]
