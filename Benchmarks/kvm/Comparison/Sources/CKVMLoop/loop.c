#define _GNU_SOURCE
#include "CKVMLoop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

uint64_t cl_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void put(uint8_t *memory, size_t address, uint64_t value) { memcpy(memory + address, &value, 8); }

void cl_fill(uint8_t *memory, const uint8_t *code, size_t size) {
    put(memory, 0x1000, 0x2003);
    put(memory, 0x2000, 0x3003);
    for (uint64_t page = 0; page < 512; page++) put(memory, 0x3000 + page * 8, page << 21 | 0x83);
    put(memory, cl_gdt + 8, 0x00AF9B000000FFFF);
    put(memory, cl_gdt + 16, 0x00CF93000000FFFF);
    // Vector 0x40: interrupt gate to 0x6000.
    put(memory, cl_idt + 0x400, 0x6000 | 8 << 16 | 0x8E00ull << 32);
    memory[0x6000] = 0x48;
    memory[0x6001] = 0xCF;
    memcpy(memory + cl_rip, code, size);
}

static int enter(struct cl_machine *machine) {
    while (true) {
        if (ioctl(machine->vcpu, KVM_RUN, 0) == 0) return 0;
        if (errno != EINTR && errno != EAGAIN) return -errno;
    }
}

static int fail(struct cl_machine *machine) {
    int error = -errno;
    cl_free(machine);
    return error;
}

int cl_make(struct cl_machine *machine, const uint8_t *code, size_t size) {
    memset(machine, 0, sizeof *machine);
    machine->kvm = machine->vm = machine->vcpu = -1;
    machine->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (machine->kvm < 0 || ioctl(machine->kvm, KVM_GET_API_VERSION, 0) != 12) return fail(machine);
    machine->run_size = ioctl(machine->kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
    machine->vm = ioctl(machine->kvm, KVM_CREATE_VM, 0);
    if (machine->vm < 0) return fail(machine);
    uint64_t identity = 0xFFFBC000;
    if (ioctl(machine->vm, KVM_SET_IDENTITY_MAP_ADDR, &identity) < 0) return fail(machine);
    if (ioctl(machine->vm, KVM_SET_TSS_ADDR, 0xFFFBD000) < 0) return fail(machine);
    machine->memory = mmap(NULL, cl_memory_size, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (machine->memory == MAP_FAILED) return fail(machine);
    cl_fill(machine->memory, code, size);
    struct kvm_userspace_memory_region region = {0, 0, 0, cl_memory_size, (uintptr_t)machine->memory};
    if (ioctl(machine->vm, KVM_SET_USER_MEMORY_REGION, &region) < 0) return fail(machine);
    machine->vcpu = ioctl(machine->vm, KVM_CREATE_VCPU, 0);
    if (machine->vcpu < 0) return fail(machine);
    machine->run = mmap(NULL, (size_t)machine->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, machine->vcpu, 0);
    if (machine->run == MAP_FAILED) return fail(machine);
    static uint64_t space[1 + 256 * sizeof(struct kvm_cpuid_entry2) / 8];
    struct kvm_cpuid2 *cpuid = (struct kvm_cpuid2 *)space;
    cpuid->nent = 256;
    if (ioctl(machine->kvm, KVM_GET_SUPPORTED_CPUID, cpuid) < 0) return fail(machine);
    if (ioctl(machine->vcpu, KVM_SET_CPUID2, cpuid) < 0) return fail(machine);
    struct kvm_sregs system;
    if (ioctl(machine->vcpu, KVM_GET_SREGS, &system) < 0) return fail(machine);
    struct kvm_segment data = {0, 0xFFFFFFFF, 16, 3, 1, 0, 1, 1, 0, 1, 0, 0, 0};
    struct kvm_segment instructions = {0, 0xFFFFFFFF, 8, 11, 1, 0, 0, 1, 1, 1, 0, 0, 0};
    system.ds = system.es = system.fs = system.gs = system.ss = data;
    system.cs = instructions;
    system.gdt.base = cl_gdt;
    system.gdt.limit = 23;
    system.idt.base = cl_idt;
    system.idt.limit = 0xDFF;
    system.cr0 = 0x80000033;
    system.cr3 = cl_cr3;
    system.cr4 = 0x620;
    system.efer = 0x500;
    if (ioctl(machine->vcpu, KVM_SET_SREGS, &system) < 0) return fail(machine);
    struct kvm_regs registers = {.rip = cl_rip, .rsp = cl_rsp, .rflags = 2};
    if (ioctl(machine->vcpu, KVM_SET_REGS, &registers) < 0) return fail(machine);
    int result = enter(machine);
    if (result < 0) cl_free(machine);
    return result;
}

void cl_free(struct cl_machine *machine) {
    if (machine->run && machine->run != MAP_FAILED) munmap(machine->run, (size_t)machine->run_size);
    if (machine->vcpu >= 0) close(machine->vcpu);
    if (machine->vm >= 0) close(machine->vm);
    if (machine->kvm >= 0) close(machine->kvm);
    if (machine->memory && machine->memory != MAP_FAILED) munmap(machine->memory, cl_memory_size);
}

static uint64_t counted;
static uint64_t last;

__attribute__((noinline)) static void device_write(uint64_t address, uint64_t value, unsigned width) {
    (void)width;
    counted++;
    last = address + value;
}

uint64_t cl_accesses(struct cl_machine *machine, uint64_t exits) {
    struct kvm_run *run = machine->run;
    uint64_t begin = cl_now();
    while (exits > 0) {
        if (enter(machine) < 0) return 0;
        switch (run->exit_reason) {
        case KVM_EXIT_IO: {
            uint8_t *data = (uint8_t *)run + run->io.data_offset;
            for (uint32_t index = 0; index < run->io.count; index++, data += run->io.size) {
                uint64_t value = 0;
                memcpy(&value, data, run->io.size);
                if (run->io.direction == KVM_EXIT_IO_OUT) device_write(run->io.port, value, run->io.size);
            }
            exits--;
            break;
        }
        case KVM_EXIT_MMIO: {
            uint64_t value;
            memcpy(&value, run->mmio.data, 8);
            if (run->mmio.is_write) device_write(run->mmio.phys_addr, value, run->mmio.len);
            exits--;
            break;
        }
        default: return 0;
        }
    }
    return cl_now() - begin;
}

uint64_t cl_halts(struct cl_machine *machine, uint64_t exits) {
    struct kvm_run *run = machine->run;
    struct kvm_interrupt interrupt = {0x40};
    uint64_t begin = cl_now();
    while (exits > 0) {
        if (enter(machine) < 0) return 0;
        if (run->exit_reason != KVM_EXIT_HLT) return 0;
        if (ioctl(machine->vcpu, KVM_INTERRUPT, &interrupt) < 0) return 0;
        exits--;
    }
    return cl_now() - begin;
}

struct cl_spinner {
    struct cl_machine *machine;
    pthread_t thread;
    _Atomic int id;
    _Atomic uint64_t runs, stopped;
    _Atomic bool ends;
};

static void nothing(int signal) { (void)signal; }

static void *spin(void *argument) {
    struct cl_spinner *spinner = argument;
    struct kvm_run *run = spinner->machine->run;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    spinner->id = (int)syscall(SYS_gettid);
    while (!spinner->ends) {
        __atomic_store_n(&run->immediate_exit, 0, __ATOMIC_RELEASE);
        spinner->runs++;
        ioctl(spinner->machine->vcpu, KVM_RUN, 0);
        spinner->stopped = cl_now();
    }
    return NULL;
}

struct cl_spinner *cl_spin(struct cl_machine *machine) {
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = nothing;
    sigaction(SIGUSR1, &action, NULL);
    struct cl_spinner *spinner = calloc(1, sizeof *spinner);
    if (!spinner) return NULL;
    spinner->machine = machine;
    if (pthread_create(&spinner->thread, NULL, spin, spinner)) {
        free(spinner);
        return NULL;
    }
    return spinner;
}

static void kick(struct cl_spinner *spinner) {
    struct kvm_run *run = spinner->machine->run;
    __atomic_store_n(&run->immediate_exit, 1, __ATOMIC_RELEASE);
    syscall(SYS_tgkill, getpid(), spinner->id, SIGUSR1);
}

uint64_t cl_kick(struct cl_spinner *spinner) {
    while (spinner->runs == 0) usleep(10);
    usleep(300);
    uint64_t before = spinner->stopped;
    uint64_t begin = cl_now();
    kick(spinner);
    while (spinner->stopped == before) usleep(20);
    return spinner->stopped - begin;
}

void cl_unspin(struct cl_spinner *spinner) {
    spinner->ends = true;
    kick(spinner);
    pthread_join(spinner->thread, NULL);
    free(spinner);
}

uint64_t cl_resident(void) {
    unsigned long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (!file) return 0;
    if (fscanf(file, "%lu %lu", &total, &resident) != 2) resident = 0;
    fclose(file);
    return (uint64_t)resident * (uint64_t)sysconf(_SC_PAGESIZE);
}
