// The kernel's KVM interface: <linux/kvm.h>, its macros as constants that Swift can import, and access to the page that
// the kernel shares with us (struct kvm_run). The installed headers are those of Linux 6.1.
#ifndef CVIRTKIT_KVM_H
#define CVIRTKIT_KVM_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>

// MARK: System calls. All return -errno where they fail.

/// open(path, O_RDWR | O_CLOEXEC).
int vk_kvm_open(const char *path);
/// ioctl(descriptor, request, argument).
int vk_kvm_ioctl(int descriptor, unsigned long request, unsigned long argument);
/// Maps `size` bytes of a vCPU's descriptor, shared; the address goes to `result`.
int vk_kvm_map(int descriptor, uint64_t size, void **result);

// MARK: The host

/// The 12 characters by which a hypervisor beneath this system names itself (CPUID leaf 40000000H), with a 0 after them.
/// Returns 1 where the CPU says that there is one (leaf 1, ECX bit 31), 0 where not or on another architecture.
int vk_kvm_hypervisor_beneath(char *name);

// MARK: The signal that makes KVM_RUN return

/// Installs a handler that does nothing for `signal`, unless it is there already. Returns -EBUSY where the signal is
/// ignored or has another handler.
int vk_kvm_install_signal(int signal);
/// Lets `signal` reach the calling thread. Returns 1 where it was blocked, 0 where not.
int vk_kvm_unblock_signal(int signal);
/// Blocks `signal` in the calling thread.
void vk_kvm_block_signal(int signal);
/// Sends `signal` to a thread of this process. (tgkill)
int vk_kvm_signal_thread(int32_t thread, int signal);
/// The number of the real-time signal `offset` before the last. (SIGRTMAX)
int vk_kvm_realtime_signal(int offset);
/// Sends `signal` to the calling thread every `nanoseconds`, from then on. Returns a timer, or NULL.
void *vk_kvm_start_alarm(int signal, uint64_t nanoseconds);
/// Ends a timer.
void vk_kvm_stop_alarm(void *alarm);

// MARK: Request numbers

static const unsigned long vk_KVM_GET_API_VERSION = KVM_GET_API_VERSION;
static const unsigned long vk_KVM_CREATE_VM = KVM_CREATE_VM;
static const unsigned long vk_KVM_CHECK_EXTENSION = KVM_CHECK_EXTENSION;
static const unsigned long vk_KVM_GET_VCPU_MMAP_SIZE = KVM_GET_VCPU_MMAP_SIZE;
static const unsigned long vk_KVM_CREATE_VCPU = KVM_CREATE_VCPU;
static const unsigned long vk_KVM_SET_USER_MEMORY_REGION = KVM_SET_USER_MEMORY_REGION;
static const unsigned long vk_KVM_ENABLE_CAP = KVM_ENABLE_CAP;
static const unsigned long vk_KVM_RUN = KVM_RUN;
static const unsigned long vk_KVM_HAS_DEVICE_ATTR = KVM_HAS_DEVICE_ATTR;
static const unsigned long vk_KVM_GET_DEVICE_ATTR = KVM_GET_DEVICE_ATTR;
static const unsigned long vk_KVM_SET_DEVICE_ATTR = KVM_SET_DEVICE_ATTR;

// MARK: struct kvm_run
// The kernel writes the page only while KVM_RUN runs on the same thread, but for `immediate_exit`, which other threads
// write: that one is atomic.

static inline void vk_kvm_set_immediate_exit(struct kvm_run *run, uint8_t value) {
    __atomic_store_n(&run->immediate_exit, value, __ATOMIC_SEQ_CST);
}
static inline uint32_t vk_kvm_exit_reason(const struct kvm_run *run) { return run->exit_reason; }

/// KVM_EXIT_IO, flattened.
struct vk_kvm_io {
    uint16_t port;
    uint8_t size;
    bool is_out;
    uint32_t count;
    uint64_t data_offset;
};
static inline struct vk_kvm_io vk_kvm_exit_io(const struct kvm_run *run) {
    struct vk_kvm_io io = {run->io.port, run->io.size, run->io.direction == KVM_EXIT_IO_OUT, run->io.count,
                           run->io.data_offset};
    return io;
}

/// KVM_EXIT_MMIO, flattened; the data are little-endian.
struct vk_kvm_mmio {
    uint64_t address;
    uint64_t data;
    uint32_t length;
    bool is_write;
};
static inline struct vk_kvm_mmio vk_kvm_exit_mmio(const struct kvm_run *run) {
    struct vk_kvm_mmio mmio = {run->mmio.phys_addr, 0, run->mmio.len, run->mmio.is_write != 0};
    __builtin_memcpy(&mmio.data, run->mmio.data, 8);
    return mmio;
}
static inline void vk_kvm_set_mmio_data(struct kvm_run *run, uint64_t data) {
    __builtin_memcpy(run->mmio.data, &data, 8);
}

/// KVM_EXIT_INTERNAL_ERROR, flattened: of an emulation failure, up to 15 bytes of the instruction.
struct vk_kvm_internal_error {
    uint32_t suberror;
    uint8_t instruction_size;
    uint64_t instruction_low;
};
static inline struct vk_kvm_internal_error vk_kvm_exit_internal_error(const struct kvm_run *run) {
    struct vk_kvm_internal_error error = {run->internal.suberror, 0, 0};
#if defined(__x86_64__)
    if (error.suberror == KVM_INTERNAL_ERROR_EMULATION && run->emulation_failure.ndata >= 3 &&
        (run->emulation_failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES)) {
        uint8_t size = run->emulation_failure.insn_size;
        error.instruction_size = size > 15 ? 15 : size;
        __builtin_memcpy(&error.instruction_low, run->emulation_failure.insn_bytes, size > 8 ? 8 : size);
    }
#endif
    return error;
}
static inline uint64_t vk_kvm_entry_failure(const struct kvm_run *run) {
    return run->fail_entry.hardware_entry_failure_reason;
}

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
static const unsigned long vk_KVM_GET_XCRS = KVM_GET_XCRS;
static const unsigned long vk_KVM_SET_XCRS = KVM_SET_XCRS;
static const unsigned long vk_KVM_GET_TSC_KHZ = KVM_GET_TSC_KHZ;
static const unsigned long vk_KVM_SET_TSC_KHZ = KVM_SET_TSC_KHZ;
static const unsigned long vk_KVM_TRANSLATE = KVM_TRANSLATE;
static const unsigned long vk_KVM_X86_SET_MSR_FILTER = KVM_X86_SET_MSR_FILTER;

/// KVM_EXIT_X86_RDMSR and KVM_EXIT_X86_WRMSR, flattened.
struct vk_kvm_msr {
    uint32_t number;
    uint64_t value;
};
static inline struct vk_kvm_msr vk_kvm_exit_msr(const struct kvm_run *run) {
    struct vk_kvm_msr msr = {run->msr.index, run->msr.data};
    return msr;
}
/// Answers an MSR exit: with a value, or with #GP.
static inline void vk_kvm_answer_msr(struct kvm_run *run, bool fault, uint64_t value) {
    run->msr.error = fault;
    if (!fault) run->msr.data = value;
}
/// The guest's registers, where SYNC_REGS has brought them.
static inline const struct kvm_regs *vk_kvm_synced_registers(const struct kvm_run *run) { return &run->s.regs.regs; }

#endif
#endif
