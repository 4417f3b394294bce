internal import VirtKitCore

/// Features of the hypervisor: `features`.
public typealias DomainFeatures = XML.View<DomainFeaturesSchema>

/// The properties of `DomainFeatures`.
public struct DomainFeaturesSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("features", Self())

    /// Physical addresses of more than 32 bits in 32-bit guests. (`pae`)
    public let pae = XML.Flag("pae")
    /// ACPI, which power buttons need. (`acpi`)
    public let acpi = XML.Flag("acpi")
    /// A local APIC. (`apic`)
    public let apic = XML.Flag("apic")
    /// KVM's paravirtual end of interrupt. (`apic/@eoi`)
    public let apicEndOfInterrupt = XML.Field<Bool>.onOff("apic/@eoi")
    /// Nested paging. (`hap/@state`)
    public let hardwareAssistedPaging = XML.Field<Bool>.onOff("hap/@state")
    /// Xen's Hyper-V features. (`viridian`)
    public let viridian = XML.Flag("viridian")
    /// Whether a container has network namespaces of its own. (`privnet`)
    public let privateNetwork = XML.Flag("privnet")
    /// Hyper-V's enlightenments. (`hyperv`)
    public let hyperV = XML.Group<DomainHyperVFeaturesSchema>("hyperv")
    /// Paravirtual spinlocks. (`pvspinlock/@state`)
    public let paravirtualSpinlocks = XML.Field<Bool>.onOff("pvspinlock/@state")
    /// KVM's own features. (`kvm`)
    public let kvm = XML.Group<DomainKVMFeaturesSchema>("kvm")
    /// Xen's own features. (`xen`)
    public let xen = XML.Group<DomainXenFeaturesSchema>("xen")
    /// A performance monitoring unit. (`pmu/@state`)
    public let pmu = XML.Field<Bool>.onOff("pmu/@state")
    /// VMware's I/O port. (`vmport/@state`)
    public let vmPort = XML.Field<Bool>.onOff("vmport/@state")
    /// The Arm interrupt controller's version: 2, 3 or host. (`gic/@version`)
    public let gicVersion = XML.Field<String>("gic/@version")
    /// System management mode, which Secure Boot needs. (`smm/@state`)
    public let smm = XML.Field<Bool>.onOff("smm/@state")
    /// The size of its memory. (`smm/tseg`)
    public let smmTSEG = XML.Size("smm/tseg", default: "MiB")
    /// Who emulates the I/O APIC: kvm or qemu. (`ioapic/@driver`)
    public let ioapicDriver = XML.Field<String>("ioapic/@driver")
    /// Whether pSeries guests may resize their page table: enabled, disabled or required. (`hpt/@resizing`)
    public let hptResizing = XML.Field<String>("hpt/@resizing")
    /// The largest page of a pSeries guest. (`hpt/maxpagesize`)
    public let hptMaximumPageSize = XML.Size("hpt/maxpagesize")
    /// A device that takes crash information. (`vmcoreinfo/@state`)
    public let vmCoreInfo = XML.Field<Bool>.onOff("vmcoreinfo/@state")
    /// Hardware transactional memory. (pSeries) (`htm/@state`)
    public let htm = XML.Field<Bool>.onOff("htm/@state")
    /// Nested virtualisation. (pSeries) (`nested-hv/@state`)
    public let nestedHV = XML.Field<Bool>.onOff("nested-hv/@state")
    /// What becomes of accesses to unknown MSRs: ignore or fault. (`msrs/@unknown`)
    public let unknownMSRs = XML.Field<String>("msrs/@unknown")
    /// An assist against speculation. (pSeries) (`ccf-assist/@state`)
    public let countCacheFlushAssist = XML.Field<Bool>.onOff("ccf-assist/@state")
    /// Against speculation: broken, workaround or fixed. (pSeries) (`cfpc/@value`)
    public let cacheFlushPolicy = XML.Field<String>("cfpc/@value")
    /// Against speculation: broken, workaround or fixed. (pSeries) (`sbbc/@value`)
    public let speculationBarrier = XML.Field<String>("sbbc/@value")
    /// Against speculation. (pSeries) (`ibs/@value`)
    public let indirectBranch = XML.Field<String>("ibs/@value")
    /// The size of TCG's code cache. (`tcg/tb-cache`)
    public let translationBlockCache = XML.Size("tcg/tb-cache")
    /// Whether the memory is freed after the process has ended. (`async-teardown/@enabled`)
    public let asynchronousTeardown = XML.Field<Bool>("async-teardown/@enabled")
    /// Memory errors are reported to the guest. (Arm) (`ras/@state`)
    public let ras = XML.Field<Bool>.onOff("ras/@state")
    /// A PS/2 controller. (`ps2/@state`)
    public let ps2 = XML.Field<Bool>.onOff("ps2/@state")
    /// RISC-V's advanced interrupt architecture: none, aplic or aplic-imsic. (`aia/@value`)
    public let aia = XML.Field<String>("aia/@value")
    /// What a container's processes may do. (`capabilities`)
    public let capabilities = XML.Part<DomainContainerCapabilitiesSchema>("capabilities")
}

/// Hyper-V's enlightenments, which Windows uses: `features/hyperv`.
public typealias DomainHyperVFeatures = XML.View<DomainHyperVFeaturesSchema>

/// The properties of `DomainHyperVFeatures`.
public struct DomainHyperVFeaturesSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("hyperv", Self())

    /// custom, passthrough or host-model. (`@mode`)
    public let mode = XML.Field<String>("@mode")
    /// No watchdog timeouts in the guest. (`relaxed/@state`)
    public let relaxed = XML.Field<Bool>.onOff("relaxed/@state")
    /// A paravirtual APIC. (`vapic/@state`)
    public let virtualAPIC = XML.Field<Bool>.onOff("vapic/@state")
    /// Spinlocks that tell the host. (`spinlocks/@state`)
    public let spinlocks = XML.Field<Bool>.onOff("spinlocks/@state")
    /// After how many tries; 4,095 at least. (`spinlocks/@retries`)
    public let spinlockRetries = XML.Field<Int>("spinlocks/@retries")
    /// Numbers of virtual processors. (`vpindex/@state`)
    public let virtualProcessorIndex = XML.Field<Bool>.onOff("vpindex/@state")
    /// Run time counters. (`runtime/@state`)
    public let runtime = XML.Field<Bool>.onOff("runtime/@state")
    /// A synthetic interrupt controller. (`synic/@state`)
    public let syntheticInterruptController = XML.Field<Bool>.onOff("synic/@state")
    /// Synthetic timers. (`stimer/@state`)
    public let syntheticTimers = XML.Field<Bool>.onOff("stimer/@state")
    /// Timers without messages. (`stimer/direct/@state`)
    public let directSyntheticTimers = XML.Field<Bool>.onOff("stimer/direct/@state")
    /// A reset by MSR. (`reset/@state`)
    public let reset = XML.Field<Bool>.onOff("reset/@state")
    /// A vendor of its own in CPUID. (`vendor_id/@state`)
    public let vendorID = XML.Field<Bool>.onOff("vendor_id/@state")
    /// The vendor, up to 12 characters. (`vendor_id/@value`)
    public let vendorIDValue = XML.Field<String>("vendor_id/@value")
    /// MSRs of frequencies. (`frequencies/@state`)
    public let frequencies = XML.Field<Bool>.onOff("frequencies/@state")
    /// Notices of a changed clock after a migration. (`reenlightenment/@state`)
    public let reenlightenment = XML.Field<Bool>.onOff("reenlightenment/@state")
    /// Paravirtual TLB flushes. (`tlbflush/@state`)
    public let tlbFlush = XML.Field<Bool>.onOff("tlbflush/@state")
    /// TLB flushes by nested guests. (`tlbflush/direct/@state`)
    public let tlbFlushDirect = XML.Field<Bool>.onOff("tlbflush/direct/@state")
    /// TLB flushes of single ranges. (`tlbflush/extended/@state`)
    public let tlbFlushExtended = XML.Field<Bool>.onOff("tlbflush/extended/@state")
    /// Paravirtual interrupts between processors. (`ipi/@state`)
    public let interProcessorInterrupts = XML.Field<Bool>.onOff("ipi/@state")
    /// An enlightened VMCS for nested guests. (`evmcs/@state`)
    public let enlightenedVMCS = XML.Field<Bool>.onOff("evmcs/@state")
    /// Use of the host's APIC virtualisation with a synthetic controller. (`avic/@state`)
    public let avic = XML.Field<Bool>.onOff("avic/@state")
    /// An enlightened MSR bitmap. (`emsr_bitmap/@state`)
    public let emsrBitmap = XML.Field<Bool>.onOff("emsr_bitmap/@state")
    /// Hypercalls with XMM registers. (`xmm_input/@state`)
    public let extendedInput = XML.Field<Bool>.onOff("xmm_input/@state")
}

/// KVM's own features: `features/kvm`.
public typealias DomainKVMFeatures = XML.View<DomainKVMFeaturesSchema>

/// The properties of `DomainKVMFeatures`.
public struct DomainKVMFeaturesSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("kvm", Self())

    /// Whether the guest can't see that KVM runs it. (`hidden/@state`)
    public let hidden = XML.Field<Bool>.onOff("hidden/@state")
    /// Whether the guest may count on CPUs of its own. (`hint-dedicated/@state`)
    public let hintDedicated = XML.Field<Bool>.onOff("hint-dedicated/@state")
    /// Whether the guest polls before it halts. (`poll-control/@state`)
    public let pollControl = XML.Field<Bool>.onOff("poll-control/@state")
    /// Paravirtual interrupts between processors. (`pv-ipi/@state`)
    public let interProcessorInterrupts = XML.Field<Bool>.onOff("pv-ipi/@state")
    /// A ring of dirty pages rather than a bitmap. (`dirty-ring/@state`)
    public let dirtyRing = XML.Field<Bool>.onOff("dirty-ring/@state")
    /// Its entries, a power of two from 1,024 to 65,536. (`dirty-ring/@size`)
    public let dirtyRingSize = XML.Field<Int>("dirty-ring/@size")
}

/// Xen's own features: `features/xen`.
public typealias DomainXenFeatures = XML.View<DomainXenFeaturesSchema>

/// The properties of `DomainXenFeatures`.
public struct DomainXenFeaturesSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("xen", Self())

    /// Whether a paravirtual guest sees the host's memory map. (`e820_host/@state`)
    public let e820Host = XML.Field<Bool>.onOff("e820_host/@state")
    /// Whether the IOMMU is prepared for host devices. (`passthrough/@state`)
    public let passthrough = XML.Field<Bool>.onOff("passthrough/@state")
    /// sync_pt or share_pt. (`passthrough/@mode`)
    public let passthroughMode = XML.Field<String>("passthrough/@mode")
}

/// What a container's processes may do: `features/capabilities`. Single capabilities are elements of their own names
/// (`mknod/@state`).
public typealias DomainContainerCapabilities = XML.View<DomainContainerCapabilitiesSchema>

/// The properties of `DomainContainerCapabilities`.
public struct DomainContainerCapabilitiesSchema: XML.Schema {
    /// What all have in common.
    public static let prototype = XML.Prototype("capabilities", Self())

    /// default, allow or deny. (`@policy`)
    public let policy = XML.Field<String>("@policy")
    /// Making device nodes. (`mknod/@state`)
    public let mknod = XML.Field<Bool>.onOff("mknod/@state")
    /// Changing mandatory access control. (`mac_admin/@state`)
    public let macAdmin = XML.Field<Bool>.onOff("mac_admin/@state")
    /// Overriding mandatory access control. (`mac_override/@state`)
    public let macOverride = XML.Field<Bool>.onOff("mac_override/@state")
    /// Loading kernel modules. (`sys_module/@state`)
    public let sysModule = XML.Field<Bool>.onOff("sys_module/@state")
}
