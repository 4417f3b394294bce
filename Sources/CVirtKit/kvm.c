#define _GNU_SOURCE
#include "CVirtKit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

int vk_kvm_hypervisor_beneath(char *name) {
    memset(name, 0, 13);
#if defined(__x86_64__)
    unsigned a, b, c, d;
    __cpuid(1, a, b, c, d);
    if (!(c >> 31 & 1)) return 0;
    __cpuid(0x40000000, a, b, c, d);
    memcpy(name, &b, 4);
    memcpy(name + 4, &c, 4);
    memcpy(name + 8, &d, 4);
    return 1;
#else
    return 0;
#endif
}

int vk_kvm_open(const char *path) {
    int descriptor = open(path, O_RDWR | O_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int vk_kvm_ioctl(int descriptor, unsigned long request, unsigned long argument) {
    int result = ioctl(descriptor, request, argument);
    return result < 0 ? -errno : result;
}

int vk_kvm_run(int descriptor) {
    int result = ioctl(descriptor, KVM_RUN, 0);
    return result < 0 ? -errno : result;
}

int vk_kvm_event(void) {
    int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int vk_kvm_map(int descriptor, uint64_t size, uint64_t offset, void **result) {
    void *address = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, (off_t)offset);
    if (address == MAP_FAILED) return -errno;
    *result = address;
    return 0;
}

static void nothing(int signal) { (void)signal; }
static pthread_mutex_t installing = PTHREAD_MUTEX_INITIALIZER;

int vk_kvm_install_signal(int signal) {
    int result = 0;
    pthread_mutex_lock(&installing);
    struct sigaction present;
    if (sigaction(signal, NULL, &present) < 0) {
        result = -errno;
    } else if (present.sa_flags & SA_SIGINFO || (present.sa_handler != SIG_DFL && present.sa_handler != nothing)) {
        result = -EBUSY;
    } else if (present.sa_handler == SIG_DFL) {
        // No SA_RESTART: KVM_RUN must return. It would in any case, but other calls of a user's driver may not.
        struct sigaction action;
        memset(&action, 0, sizeof action);
        action.sa_handler = nothing;
        if (sigaction(signal, &action, NULL) < 0) result = -errno;
    }
    pthread_mutex_unlock(&installing);
    return result;
}

int vk_kvm_unblock_signal(int signal) {
    sigset_t set, old;
    sigemptyset(&set);
    sigaddset(&set, signal);
    pthread_sigmask(SIG_UNBLOCK, &set, &old);
    return sigismember(&old, signal) == 1;
}

void vk_kvm_block_signal(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    // One that is under way already would wait for the thread's next user.
    struct timespec none = {0, 0};
    while (sigtimedwait(&set, NULL, &none) == signal) {
    }
}

int vk_kvm_signal_thread(int32_t thread, int signal) {
    return syscall(SYS_tgkill, getpid(), thread, signal) < 0 ? -errno : 0;
}

int vk_kvm_realtime_signal(int offset) { return SIGRTMAX - offset; }

void *vk_kvm_start_alarm(int signal, uint64_t nanoseconds) {
    timer_t *timer = malloc(sizeof *timer);
    if (!timer) return NULL;
    struct sigevent event;
    memset(&event, 0, sizeof event);
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = signal;
    event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
    if (timer_create(CLOCK_MONOTONIC, &event, timer) < 0) {
        free(timer);
        return NULL;
    }
    // Repeated, because a signal that comes just before KVM_RUN does not end it.
    struct timespec period = {(time_t)(nanoseconds / 1000000000), (long)(nanoseconds % 1000000000)};
    struct itimerspec setting = {period, period};
    timer_settime(*timer, 0, &setting, NULL);
    return timer;
}

void vk_kvm_stop_alarm(void *alarm) {
    if (!alarm) return;
    timer_delete(*(timer_t *)alarm);
    free(alarm);
}
