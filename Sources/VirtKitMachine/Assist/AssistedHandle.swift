internal import Synchronization
internal import VirtKitCore

/// What any thread may do to a vCPU that is on one of two accelerators.
///
/// Both are told, whichever has the vCPU. The request itself is noted here first: an accelerator that comes to a request
/// which the other has answered already finds none, and goes on.
final class AssistedHandle: VCPUHandle {
    private let isRequested = Atomic<Bool>(false)
    private let primary: any VCPUHandle
    private let assistant: any VCPUHandle

    init(primary: any VCPUHandle, assistant: any VCPUHandle) {
        self.primary = primary
        self.assistant = assistant
    }

    func requestExit() {
        isRequested.store(true, ordering: .sequentiallyConsistent)
        primary.requestExit()
        assistant.requestExit()
    }

    func signal() {
        primary.signal()
        assistant.signal()
    }

    /// Takes a request, if there is one: on the vCPU's thread, after an exit `.requested`.
    func takesRequest() -> Bool { isRequested.exchange(false, ordering: .sequentiallyConsistent) }
}
