/// The models of optional devices that every board knows, for `DeviceConfiguration.model`.
enum BoardDeviceModels {
    /// All of them.
    static let all: [any DeviceModel] = [PCTestDeviceModel(), DebugConsoleModel()]
}
