#define _GNU_SOURCE
#include "CVirtKitTerminal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static volatile sig_atomic_t raw_descriptor = -1;

void vk_terminal_restore(void) {
    int descriptor = raw_descriptor;
    if (descriptor < 0) return;
    raw_descriptor = -1;
    tcsetattr(descriptor, TCSANOW, &saved);
}

static void on_fatal_signal(int number) {
    vk_terminal_restore();
    // SA_RESETHAND has put the default action back: the process ends as it would have.
    raise(number);
}

int vk_terminal_raw(int descriptor) {
    if (tcgetattr(descriptor, &saved) < 0) return -errno;
    struct termios raw = saved;
    cfmakeraw(&raw);
    raw_descriptor = descriptor;
    atexit(vk_terminal_restore);
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
    struct sigaction action = {.sa_handler = on_fatal_signal, .sa_flags = SA_RESETHAND | SA_NODEFER};
    for (unsigned i = 0; i < sizeof fatal / sizeof *fatal; i++) sigaction(fatal[i], &action, NULL);
    if (tcsetattr(descriptor, TCSANOW, &raw) < 0) {
        raw_descriptor = -1;
        return -errno;
    }
    return 0;
}

static volatile sig_atomic_t signal_descriptor = -1;

static void on_signal(int number) {
    int error = errno;
    unsigned char byte = (unsigned char)number;
    // A pipe that is full has told enough.
    ssize_t written = write(signal_descriptor, &byte, 1);
    (void)written;
    errno = error;
}

int vk_signal_pipe(const int *signals, int count) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
    fcntl(ends[1], F_SETFL, O_NONBLOCK);
    signal_descriptor = ends[1];
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    for (int i = 0; i < count; i++) {
        if (sigaction(signals[i], &action, NULL) < 0) return -errno;
    }
    return ends[0];
}
