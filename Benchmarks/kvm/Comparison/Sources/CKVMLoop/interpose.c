// The C library's ioctl and allocator, replaced in this process: KVM_RUN can be mocked, and allocations are counted.
#define _GNU_SOURCE
#include "CKVMLoop.h"

#include <errno.h>
#include <linux/kvm.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool mocks;
static bool interrupts;

void cl_mock(bool on) { mocks = on; }
void cl_mock_interrupt(void) { interrupts = true; }

int ioctl(int descriptor, unsigned long request, ...) {
    va_list arguments;
    va_start(arguments, request);
    unsigned long argument = va_arg(arguments, unsigned long);
    va_end(arguments);
    if (mocks && request == KVM_RUN) {
        if (!interrupts) return 0;
        interrupts = false;
        errno = EINTR;
        return -1;
    }
    return (int)syscall(SYS_ioctl, descriptor, request, argument);
}

extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t), *__libc_memalign(size_t, size_t);
static _Thread_local uint64_t calls;

void *malloc(size_t size) {
    calls++;
    return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
    calls++;
    return __libc_calloc(count, size);
}
void *realloc(void *old, size_t size) {
    calls++;
    return __libc_realloc(old, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
    calls++;
    return __libc_memalign(alignment, size);
}
int posix_memalign(void **result, size_t alignment, size_t size) {
    calls++;
    *result = __libc_memalign(alignment, size);
    return *result ? 0 : ENOMEM;
}

uint64_t cl_allocations(void) { return calls; }
