// The x86 part of the kernel's KVM interface.
#ifndef CVIRTKIT_KVM_X86_H
#define CVIRTKIT_KVM_X86_H

#include "CVirtKitKVM.h"

#if defined(__x86_64__)

static const unsigned long vk_KVM_GET_SUPPORTED_CPUID = KVM_GET_SUPPORTED_CPUID;
static const unsigned long vk_KVM_SET_CPUID2 = KVM_SET_CPUID2;
static const unsigned long vk_KVM_SET_TSS_ADDR = KVM_SET_TSS_ADDR;
static const unsigned long vk_KVM_SET_IDENTITY_MAP_ADDR = KVM_SET_IDENTITY_MAP_ADDR;
static const unsigned long vk_KVM_GET_REGS = KVM_GET_REGS;
static const unsigned long vk_KVM_SET_REGS = KVM_SET_REGS;
static const unsigned long vk_KVM_GET_SREGS = KVM_GET_SREGS;
static const unsigned long vk_KVM_SET_SREGS = KVM_SET_SREGS;
static const unsigned long vk_KVM_GET_MSRS = KVM_GET_MSRS;
static const unsigned long vk_KVM_SET_MSRS = KVM_SET_MSRS;
static const unsigned long vk_KVM_INTERRUPT = KVM_INTERRUPT;
static const unsigned long vk_KVM_NMI = KVM_NMI;
static const unsigned long vk_KVM_GET_VCPU_EVENTS = KVM_GET_VCPU_EVENTS;
static const unsigned long vk_KVM_SET_VCPU_EVENTS = KVM_SET_VCPU_EVENTS;
static const unsigned long vk_KVM_GET_DEBUGREGS = KVM_GET_DEBUGREGS;
static const unsigned long vk_KVM_SET_DEBUGREGS = KVM_SET_DEBUGREGS;
static const unsigned long vk_KVM_GET_XSAVE = KVM_GET_XSAVE;
static const unsigned long vk_KVM_SET_XSAVE = KVM_SET_XSAVE;
static const unsigned long vk_KVM_GET_XSAVE2 = KVM_GET_XSAVE2;
static const unsigned long vk_KVM_GET_XCRS = KVM_GET_XCRS;
static const unsigned long vk_KVM_SET_XCRS = KVM_SET_XCRS;
static const unsigned long vk_KVM_GET_TSC_KHZ = KVM_GET_TSC_KHZ;
static const unsigned long vk_KVM_SET_TSC_KHZ = KVM_SET_TSC_KHZ;
static const unsigned long vk_KVM_TRANSLATE = KVM_TRANSLATE;
static const unsigned long vk_KVM_X86_SET_MSR_FILTER = KVM_X86_SET_MSR_FILTER;

static const unsigned long vk_KVM_GET_MSR_INDEX_LIST = KVM_GET_MSR_INDEX_LIST;
static const unsigned long vk_KVM_CREATE_IRQCHIP = KVM_CREATE_IRQCHIP;
static const unsigned long vk_KVM_GET_IRQCHIP = KVM_GET_IRQCHIP;
static const unsigned long vk_KVM_SET_IRQCHIP = KVM_SET_IRQCHIP;
static const unsigned long vk_KVM_CREATE_PIT2 = KVM_CREATE_PIT2;
static const unsigned long vk_KVM_GET_PIT2 = KVM_GET_PIT2;
static const unsigned long vk_KVM_SET_PIT2 = KVM_SET_PIT2;
static const unsigned long vk_KVM_GET_LAPIC = KVM_GET_LAPIC;
static const unsigned long vk_KVM_SET_LAPIC = KVM_SET_LAPIC;
static const unsigned long vk_KVM_GET_CLOCK = KVM_GET_CLOCK;
static const unsigned long vk_KVM_SET_CLOCK = KVM_SET_CLOCK;
static const unsigned long vk_KVM_SET_BOOT_CPU_ID = KVM_SET_BOOT_CPU_ID;

/// KVM_EXIT_X86_RDMSR and KVM_EXIT_X86_WRMSR, flattened.
struct vk_kvm_msr {
    uint32_t number;
    uint32_t reason;
    uint64_t value;
};
static inline struct vk_kvm_msr vk_kvm_exit_msr(const struct kvm_run *run) {
    struct vk_kvm_msr msr = {run->msr.index, run->msr.reason, run->msr.data};
    return msr;
}
/// Answers an MSR exit: with a value, or with #GP.
static inline void vk_kvm_answer_msr(struct kvm_run *run, bool fault, uint64_t value) {
    run->msr.error = fault;
    if (!fault) run->msr.data = value;
}
/// KVM_EXIT_DEBUG, flattened.
struct vk_kvm_debug {
    uint32_t exception;
    uint64_t pc;
    uint64_t dr6;
    uint64_t dr7;
};
static inline struct vk_kvm_debug vk_kvm_exit_debug(const struct kvm_run *run) {
    struct vk_kvm_debug debug = {run->debug.arch.exception, run->debug.arch.pc, run->debug.arch.dr6,
                                 run->debug.arch.dr7};
    return debug;
}
/// KVM_EXIT_TPR_ACCESS, flattened.
struct vk_kvm_tpr_access {
    uint64_t rip;
    bool is_write;
};
static inline struct vk_kvm_tpr_access vk_kvm_exit_tpr_access(const struct kvm_run *run) {
    struct vk_kvm_tpr_access access = {run->tpr_access.rip, run->tpr_access.is_write != 0};
    return access;
}
/// KVM_EXIT_IOAPIC_EOI: the vector.
static inline uint8_t vk_kvm_eoi_vector(const struct kvm_run *run) { return run->eoi.vector; }
/// The guest's registers, where SYNC_REGS has brought them.
static inline const struct kvm_regs *vk_kvm_synced_registers(const struct kvm_run *run) { return &run->s.regs.regs; }

#endif
#endif
