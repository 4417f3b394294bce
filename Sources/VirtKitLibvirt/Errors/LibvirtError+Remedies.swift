public import VirtKitCore

extension LibvirtError {
    /// What can be done about an error, where that is known.
    static func remedy(for code: Code, _ domain: Domain, _ message: String) -> String? {
        switch (code, domain) {
        case (.systemError, .rpc) where message.contains("Permission denied"):
            return "join the group libvirt (usermod -aG libvirt USER), or use the root user"
        case (.systemError, .rpc) where message.contains("CA certificate"):
            return "put the certificates into place (virt-pki-validate checks them), or use qemu+ssh://"
        case (.systemError, .rpc) where message.contains("socket") || message.contains("connect"):
            return "start libvirt's daemon (systemctl start libvirtd), or check the URI, the host and its port"
        case (.systemError, .rpc): return "check that the daemon runs and that the host can be reached"
        case (.noConnect, _): return "check the URI's scheme: no driver of this libvirt takes it"
        case (.invalidArgument, .auth):
            return "give options.credentials (the command asks on a terminal), or write libvirt's auth.conf"
        case (.internalError, .esx) where message.contains("incorrect user name or password"),
            (.authFailed, _), (.authCancelled, _):
            return "check the user name and the password"
        case (.authUnavailable, _): return "start polkit, or use the root user"
        case (.operationDenied, _): return "open the connection without readOnly"
        case (.accessDenied, _): return "ask the host's administrator for access to libvirt"
        case (.configUnsupported, .none) where message.contains("built without"):
            return "install a libvirt that has this driver"
        case (.internalError, .libxl): return "boot the host under Xen, with the service xenstored running"
        case (.internalError, .vmware): return "install VMware Workstation or Player, which bring vmrun"
        case (.internalError, .openvz): return "boot an OpenVZ kernel"
        case (.internalError, .vbox): return "install VirtualBox on the daemon's host"
        case (.internalError, .esx): return "check the host's name, its port and that it is an ESX or vCenter server"
        case (.agentUnresponsive, _): return "start qemu-guest-agent in the guest"
        case (.migrateUnsafe, _): return "use shared storage, disks with cache='none', or the option unsafe"
        case (.noDomain, _): return "look for its name, UUID or number among all domains (virtkit list --all)"
        case (.noSupport, _): return "this driver does not have the function; use another way"
        default: return nil
        }
    }

    /// The error of opening a connection. libvirt takes a scheme that it does not know for that of a daemon.
    func explained(opening uri: String) -> LibvirtError {
        let scheme = uri.prefix { $0 != "+" && $0 != ":" }.lowercased()
        guard domain == .rpc, code == .systemError, !uri.isEmpty, !Self.schemes.contains(scheme) else { return self }
        var error = self
        error.remedy = "check the URI: libvirt has no driver \"\(scheme)\" (it has qemu, xen, lxc, esx, vbox, test …)"
        return error
    }

    /// The drivers that libvirt has or had. (Its page on URIs, and those of its drivers)
    private static let schemes: Set = [
        "qemu", "xen", "lxc", "test", "esx", "vpx", "gsx", "vbox", "vmwareplayer", "vmwarews", "vmwarefusion", "openvz",
        "hyperv", "vz", "parallels", "virtuozzo", "bhyve", "ch", "phyp", "uml", "remote", "network", "storage",
        "nodedev", "nwfilter", "secret", "interface",
    ]

    /// The error as the contract's errors are.
    public var virtKitError: VirtKitError {
        VirtKitError(contractCode, operation: operation, message: message, remedy: remedy)
    }

    private var contractCode: VirtKitError.Code {
        switch code {
        case .libraryMissing, .functionMissing, .noSupport, .noConnect, .configUnsupported, .argumentUnsupported,
            .operationUnsupported:
            return .unsupported
        case .xmlError, .xmlDetail, .xmlInvalidSchema, .invalidArgument: return .invalidConfiguration
        case .operationInvalid, .noDomain: return .invalidState
        case .noMemory, .resourceBusy: return .resourceExhausted
        case .operationTimeout: return .timedOut
        default: return .backendFailure
        }
    }
}
