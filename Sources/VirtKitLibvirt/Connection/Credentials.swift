internal import CVirtKit
internal import Dispatch
internal import Glibc
internal import Synchronization

/// The answers of a program to a host's questions, for the length of one opening.
final class CredentialBox: Sendable {
    private let answer: LibvirtCredentials
    init(_ answer: @escaping LibvirtCredentials) { self.answer = answer }

    /// Asks the program and waits: this is a thread that may block.
    func ask(_ requests: [LibvirtCredentialRequest]) -> [String?] {
        let done = DispatchSemaphore(value: 0)
        let answer = answer
        let result = AnswerHolder()
        Task.detached {
            let values = await answer(requests)
            result.values.withLock { $0 = values }
            done.signal()
        }
        done.wait()
        return result.values.withLock { $0 }
    }

    private final class AnswerHolder: Sendable {
        let values = Mutex<[String?]>([])
    }
}

/// What libvirt calls with its questions. (virConnectAuthCallbackPtr)
///
/// SAFETY: libvirt gives `count` credentials; it frees the results, which come from malloc.
let credentialCallback:
    @convention(c) (UnsafeMutablePointer<vk_virConnectCredential>?, CUnsignedInt, UnsafeMutableRawPointer?) -> CInt = {
        credentials, count, data in
        guard let credentials, let data else { return -1 }
        let box = Unmanaged<CredentialBox>.fromOpaque(data).takeUnretainedValue()
        let requests = (0..<Int(count)).map { index in
            let credential = credentials[index]
            return LibvirtCredentialRequest(
                kind: .init(rawValue: credential.type),
                prompt: credential.prompt.map { String(cString: $0) } ?? "",
                challenge: credential.challenge.map { String(cString: $0) },
                suggestion: credential.defresult.map { String(cString: $0) })
        }
        let answers = box.ask(requests)
        guard answers.count == requests.count else { return -1 }
        for (index, answer) in answers.enumerated() {
            guard let answer, !answer.utf8.contains(0), let copy = strdup(answer) else { return -1 }
            credentials[index].result = copy
            credentials[index].resultlen = CUnsignedInt(strlen(copy))
        }
        return 0
    }
