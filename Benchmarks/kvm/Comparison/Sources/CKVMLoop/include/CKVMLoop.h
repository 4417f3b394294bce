// What VirtKit is measured against: a virtual machine on KVM by plain C ioctls, in the same process.
#ifndef CKVMLOOP_H
#define CKVMLOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { cl_memory_size = 0x10000 };

/// A machine of one vCPU and 64 KiB.
struct cl_machine {
    int kvm, vm, vcpu;
    int run_size;
    void *run;
    void *memory;
};

/// A bare guest's memory: page tables, descriptors, `code` at 0x5000, iretq at the handler of vector 0x40.
void cl_fill(uint8_t *memory, const uint8_t *code, size_t size);
/// The entry state's registers, as VirtKit's side needs them too: CR3, RIP, RSP.
enum { cl_cr3 = 0x1000, cl_rip = 0x5000, cl_rsp = 0xF000, cl_gdt = 0x4E00, cl_idt = 0x4000 };

/// Makes a machine and enters it until its first exit. 0, or a negated error number.
int cl_make(struct cl_machine *machine, const uint8_t *code, size_t size);
void cl_free(struct cl_machine *machine);

/// Serves `exits` port or MMIO exits with a device that counts. Returns nanoseconds.
uint64_t cl_accesses(struct cl_machine *machine, uint64_t exits);
/// Serves `exits` halts, each ended by an interrupt. Returns nanoseconds.
uint64_t cl_halts(struct cl_machine *machine, uint64_t exits);

/// A thread that runs the vCPU until it is kicked, again and again.
struct cl_spinner;
struct cl_spinner *cl_spin(struct cl_machine *machine);
/// Kicks it by immediate_exit and a signal. Returns the nanoseconds until KVM_RUN has returned.
uint64_t cl_kick(struct cl_spinner *spinner);
void cl_unspin(struct cl_spinner *spinner);

uint64_t cl_now(void);

// MARK: The mocked system-call layer: while it is on, KVM_RUN (of C and of VirtKit) returns at once, with whatever exit is
// in the vCPU's page.

void cl_mock(bool on);
/// Has the next KVM_RUN fail with EINTR, as one that is kicked.
void cl_mock_interrupt(void);

/// How often the C library's allocator was called by this thread.
uint64_t cl_allocations(void);
/// The process's resident memory in bytes.
uint64_t cl_resident(void);

#endif
