internal import CVirtKit

/// Statistics as libvirt gave them, freed with the last reader. They hold libvirt's connection.
final class StatisticsRecords: @unchecked Sendable {
    // SAFETY: `count` records and a nil after them, which nobody writes; a domain may be asked for its name and UUID from any
    // thread. The function that frees them is libvirt's own.
    private let list: NativeCall.RecordList?
    private let release: @convention(c) (NativeCall.RecordList?) -> Void
    let count: Int

    init(_ list: NativeCall.RecordList?, _ count: Int) throws(LibvirtError) {
        self.list = list
        self.count = list == nil ? 0 : count
        release = try Libvirt.virDomainStatsRecordListFree.call
    }

    deinit { if let list { release(list) } }

    func record(_ index: Int) -> vk_virDomainStatsRecord? { list?[index]?.pointee }

    private func domain(_ index: Int) -> OpaquePointer? { record(index)?.dom.map { OpaquePointer($0) } }

    func name(_ index: Int) -> String {
        guard let name = (try? Libvirt.virDomainGetName.call)?(domain(index)) else { return "" }
        return String(cString: name)
    }

    func uuid(_ index: Int) -> NativeUUID? {
        domain(index).flatMap { try? NativeUUID(of: $0, "read the domain's UUID") }
    }

    func parameters(_ index: Int) -> NativeParameters {
        let record = record(index)
        return NativeParameters(record?.params, count: Int(record?.nparams ?? 0), of: self)
    }
}
