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
/// ioctl(descriptor, KVM_RUN, 0).
int vk_kvm_run(int descriptor);
/// Maps `size` bytes of a vCPU's descriptor from `offset` on, shared; the address goes to `result`.
int vk_kvm_map(int descriptor, uint64_t size, uint64_t offset, void **result);
/// A new eventfd, which does not block.
int vk_kvm_event(void);

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
static const unsigned long vk_KVM_GET_DIRTY_LOG = KVM_GET_DIRTY_LOG;
static const unsigned long vk_KVM_CLEAR_DIRTY_LOG = KVM_CLEAR_DIRTY_LOG;
static const unsigned long vk_KVM_RESET_DIRTY_RINGS = KVM_RESET_DIRTY_RINGS;
static const unsigned long vk_KVM_IRQ_LINE = KVM_IRQ_LINE;
static const unsigned long vk_KVM_SET_GSI_ROUTING = KVM_SET_GSI_ROUTING;
static const unsigned long vk_KVM_SIGNAL_MSI = KVM_SIGNAL_MSI;
static const unsigned long vk_KVM_IRQFD = KVM_IRQFD;
static const unsigned long vk_KVM_IOEVENTFD = KVM_IOEVENTFD;
static const unsigned long vk_KVM_GET_MP_STATE = KVM_GET_MP_STATE;
static const unsigned long vk_KVM_SET_MP_STATE = KVM_SET_MP_STATE;
static const unsigned long vk_KVM_SET_GUEST_DEBUG = KVM_SET_GUEST_DEBUG;
static const unsigned long vk_KVM_ENABLE_CAP = KVM_ENABLE_CAP;
static const unsigned long vk_KVM_RUN = KVM_RUN;
static const unsigned long vk_KVM_HAS_DEVICE_ATTR = KVM_HAS_DEVICE_ATTR;
static const unsigned long vk_KVM_GET_DEVICE_ATTR = KVM_GET_DEVICE_ATTR;
static const unsigned long vk_KVM_SET_DEVICE_ATTR = KVM_SET_DEVICE_ATTR;

// MARK: What the installed headers may lack (Linux 6.8 and newer)

/// KVM_SET_USER_MEMORY_REGION2's structure.
struct vk_kvm_memory_region2 {
    uint32_t slot;
    uint32_t flags;
    uint64_t guest_phys_addr;
    uint64_t memory_size;
    uint64_t userspace_addr;
    uint64_t guest_memfd_offset;
    uint32_t guest_memfd;
    uint32_t pad1;
    uint64_t pad2[14];
};
/// KVM_CREATE_GUEST_MEMFD's structure.
struct vk_kvm_create_guest_memfd {
    uint64_t size;
    uint64_t flags;
    uint64_t reserved[6];
};
static const unsigned long vk_KVM_SET_USER_MEMORY_REGION2 = _IOW(KVMIO, 0x49, struct vk_kvm_memory_region2);
static const unsigned long vk_KVM_CREATE_GUEST_MEMFD = _IOWR(KVMIO, 0xd4, struct vk_kvm_create_guest_memfd);

static const uint32_t vk_KVM_MEM_GUEST_MEMFD = 1u << 2;
static const uint64_t vk_GUEST_MEMFD_FLAG_MMAP = 1ull << 0;
static const uint64_t vk_GUEST_MEMFD_FLAG_INIT_SHARED = 1ull << 1;
static const int32_t vk_KVM_CAP_USER_MEMORY2 = 231;
static const int32_t vk_KVM_CAP_MEMORY_FAULT_INFO = 232;
static const int32_t vk_KVM_CAP_GUEST_MEMFD = 234;
static const int32_t vk_KVM_CAP_GUEST_MEMFD_FLAGS = 244;
static const uint32_t vk_KVM_EXIT_MEMORY_FAULT = 39;

// MARK: The ring of dirty pages

/// Whether the kernel has filled an entry of a ring.
static inline bool vk_kvm_dirty_is_filled(const struct kvm_dirty_gfn *entry) {
    return __atomic_load_n(&entry->flags, __ATOMIC_ACQUIRE) & KVM_DIRTY_GFN_F_DIRTY;
}
/// Gives an entry back to the kernel.
static inline void vk_kvm_dirty_give_back(struct kvm_dirty_gfn *entry) {
    __atomic_store_n(&entry->flags, KVM_DIRTY_GFN_F_RESET, __ATOMIC_RELEASE);
}

// MARK: struct kvm_run
// The kernel writes the page only while KVM_RUN runs on the same thread, but for `immediate_exit`, which other threads
// write: that one is atomic.

static inline void vk_kvm_set_immediate_exit(struct kvm_run *run, uint8_t value) {
    __atomic_store_n(&run->immediate_exit, value, __ATOMIC_RELEASE);
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

/// KVM_EXIT_INTERNAL_ERROR, flattened: of an emulation failure, up to 15 bytes of the instruction, the first one lowest.
struct vk_kvm_internal_error {
    uint32_t suberror;
    uint8_t instruction_size;
    uint64_t instruction_low;
    uint64_t instruction_high;
    uint64_t first_datum;
};
static inline struct vk_kvm_internal_error vk_kvm_exit_internal_error(const struct kvm_run *run) {
    struct vk_kvm_internal_error error = {run->internal.suberror, 0, 0, 0, 0};
    if (run->internal.ndata > 0) error.first_datum = run->internal.data[0];
#if defined(__x86_64__)
    if (error.suberror == KVM_INTERNAL_ERROR_EMULATION && run->emulation_failure.ndata >= 3 &&
        (run->emulation_failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES)) {
        uint8_t size = run->emulation_failure.insn_size;
        if (size > 15) size = 15;
        uint8_t bytes[16] = {0};
        __builtin_memcpy(bytes, run->emulation_failure.insn_bytes, size);
        error.instruction_size = size;
        __builtin_memcpy(&error.instruction_low, bytes, 8);
        __builtin_memcpy(&error.instruction_high, bytes + 8, 8);
    }
#endif
    return error;
}
/// KVM_EXIT_SYSTEM_EVENT, flattened.
struct vk_kvm_system_event {
    uint32_t type;
    uint32_t count;
    uint64_t first_datum;
};
static inline struct vk_kvm_system_event vk_kvm_exit_system_event(const struct kvm_run *run) {
    struct vk_kvm_system_event event = {run->system_event.type, run->system_event.ndata, 0};
    if (event.count > 0) event.first_datum = run->system_event.data[0];
    return event;
}
/// KVM_EXIT_MEMORY_FAULT, which the installed headers may lack: three words where every exit's data begin.
struct vk_kvm_memory_fault {
    uint64_t flags;
    uint64_t address;
    uint64_t size;
};
static inline struct vk_kvm_memory_fault vk_kvm_exit_memory_fault(const struct kvm_run *run) {
    struct vk_kvm_memory_fault fault;
    __builtin_memcpy(&fault, &run->hw, sizeof fault);
    return fault;
}
/// KVM_EXIT_HYPERCALL, flattened.
struct vk_kvm_hypercall {
    uint64_t number;
    uint64_t arguments[6];
};
static inline struct vk_kvm_hypercall vk_kvm_exit_hypercall(const struct kvm_run *run) {
    struct vk_kvm_hypercall call;
    call.number = run->hypercall.nr;
    __builtin_memcpy(call.arguments, run->hypercall.args, sizeof call.arguments);
    return call;
}
static inline void vk_kvm_answer_hypercall(struct kvm_run *run, uint64_t value) { run->hypercall.ret = value; }
/// KVM_EXIT_UNKNOWN: the hardware's reason.
static inline uint64_t vk_kvm_unknown_reason(const struct kvm_run *run) { return run->hw.hardware_exit_reason; }
static inline uint32_t vk_kvm_notify_flags(const struct kvm_run *run) { return run->notify.flags; }
static inline uint64_t vk_kvm_entry_failure(const struct kvm_run *run) {
    return run->fail_entry.hardware_entry_failure_reason;
}

#endif
