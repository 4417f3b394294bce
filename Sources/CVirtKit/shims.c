#define _GNU_SOURCE
#include "CVirtKit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/mempolicy.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int vk_memfd_create(const char *name, uint64_t size) {
    int descriptor = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (descriptor < 0) return -errno;
    if (ftruncate(descriptor, (off_t)size) < 0) {
        int error = errno;
        close(descriptor);
        return -error;
    }
    // Sealed, so that no holder of the descriptor can make an access to the mapping raise SIGBUS.
    fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
    return descriptor;
}

void vk_copy_volatile(void *destination, const void *source, size_t count) {
    unsigned char *to = destination;
    const unsigned char *from = source;
    if ((((uintptr_t)to ^ (uintptr_t)from) & 7) != 0 && count >= 64) {
        // Never mutually aligned: integers can't be copied whole, so only the bytes count.
        memmove(to, from, count);
        return;
    }
    while (count) {
        uintptr_t alignment = (uintptr_t)to | (uintptr_t)from;
        size_t unit = 1;
        if (count >= 8 && !(alignment & 7)) {
            for (; count >= 8; to += 8, from += 8, count -= 8)
                __atomic_store_n(
                    (uint64_t *)to, __atomic_load_n((const uint64_t *)from, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
            continue;
        }
        if (count >= 4 && !(alignment & 3)) {
            unit = 4;
            __atomic_store_n((uint32_t *)to, __atomic_load_n((const uint32_t *)from, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
        } else if (count >= 2 && !(alignment & 1)) {
            unit = 2;
            __atomic_store_n((uint16_t *)to, __atomic_load_n((const uint16_t *)from, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
        } else {
            __atomic_store_n(to, __atomic_load_n(from, __ATOMIC_RELAXED), __ATOMIC_RELAXED);
        }
        to += unit, from += unit, count -= unit;
    }
}

void vk_fill_volatile(void *destination, uint8_t value, size_t count) { memset(destination, value, count); }

int64_t vk_resident_pages(void *address, uint64_t size) {
    long page = sysconf(_SC_PAGESIZE);
    unsigned char vector[4096];
    int64_t resident = 0;
    uint64_t pages = (size + page - 1) / page;
    for (uint64_t first = 0; first < pages; first += sizeof vector) {
        uint64_t count = pages - first < sizeof vector ? pages - first : sizeof vector;
        if (mincore((char *)address + first * page, count * page, vector) < 0) return -errno;
        for (uint64_t i = 0; i < count; i++) resident += vector[i] & 1;
    }
    return resident;
}

void vk_thread_set_name(const char *name) {
    char kept[16];
    strncpy(kept, name, sizeof kept - 1);
    kept[sizeof kept - 1] = 0;
    pthread_setname_np(pthread_self(), kept);
}

void vk_thread_block_signals(void) {
    sigset_t all;
    sigfillset(&all);
    // Synchronous signals stay with the thread that caused them.
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGTRAP);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_BLOCK, &all, NULL);
}

uint32_t vk_event_count(const uint32_t *event) { return __atomic_load_n(event, __ATOMIC_ACQUIRE); }

void vk_event_signal(uint32_t *event) {
    __atomic_fetch_add(event, 1, __ATOMIC_RELEASE);
    syscall(SYS_futex, event, FUTEX_WAKE_PRIVATE, INT32_MAX, NULL, NULL, 0);
}

void vk_event_wait(uint32_t *event, uint32_t seen, int64_t nanoseconds) {
    struct timespec timeout = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    syscall(SYS_futex, event, FUTEX_WAIT_PRIVATE, seen, nanoseconds < 0 ? NULL : &timeout, NULL, 0);
}

int32_t vk_thread_id(void) { return (int32_t)syscall(SYS_gettid); }

uint64_t vk_monotonic_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int64_t vk_realtime_nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int vk_thread_set_cpus(int32_t thread, const uint64_t *mask, size_t words) {
    return sched_setaffinity(thread, words * 8, (const cpu_set_t *)mask) < 0 ? -errno : 0;
}

int vk_thread_get_cpus(int32_t thread, uint64_t *mask, size_t words) {
    // The system call tells how much it has filled; the library's function does not.
    long bytes = syscall(SYS_sched_getaffinity, thread, words * 8, mask);
    return bytes < 0 ? -errno : (int)(bytes / 8);
}

int vk_thread_set_scheduler(int32_t thread, int policy, int priority) {
    struct sched_param parameters = {.sched_priority = priority};
    return sched_setscheduler(thread, policy, &parameters) < 0 ? -errno : 0;
}

int vk_thread_get_scheduler(int32_t thread, int *priority) {
    struct sched_param parameters;
    int policy = sched_getscheduler(thread);
    if (policy < 0 || sched_getparam(thread, &parameters) < 0) return -errno;
    *priority = parameters.sched_priority;
    return policy & ~SCHED_RESET_ON_FORK;
}

int vk_thread_set_nice(int32_t thread, int nice) {
    return setpriority(PRIO_PROCESS, (id_t)thread, nice) < 0 ? -errno : 0;
}

int vk_thread_get_nice(int32_t thread, int *nice) {
    // -1 is a nice value too.
    errno = 0;
    *nice = getpriority(PRIO_PROCESS, (id_t)thread);
    return -errno;
}

_Static_assert(MPOL_PREFERRED == 1 && MPOL_BIND == 2 && MPOL_INTERLEAVE == 3, "the kernel's numbers");

// The kernel takes one bit less than it is told of.
int vk_memory_set_nodes(void *address, uint64_t size, int mode, const uint64_t *nodes, size_t words) {
    return syscall(SYS_mbind, address, size, mode, nodes, words * 64 + 1, 0) < 0 ? -errno : 0;
}

int vk_memory_get_nodes(void *address, int *mode, uint64_t *nodes, size_t words) {
    return syscall(SYS_get_mempolicy, mode, nodes, words * 64, address, MPOL_F_ADDR) < 0 ? -errno : 0;
}

int vk_map_huge_flags(int shift) { return MAP_HUGETLB | shift << MAP_HUGE_SHIFT; }

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

int vk_memory_populate(void *address, uint64_t size) {
    return madvise(address, size, MADV_POPULATE_WRITE) < 0 ? -errno : 0;
}
