#define _GNU_SOURCE
#include "CVirtKitTerminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>

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
