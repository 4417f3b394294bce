#define _GNU_SOURCE
#include "CVirtKit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
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
