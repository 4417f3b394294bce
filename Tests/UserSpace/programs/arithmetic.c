// A program for the compilers in the guest: what it prints is compared with what an x86-64 CPU printed. It asks for
// integers of every width, floats, long doubles, signals, processes and shared memory.
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static uint64_t random_state = 88172645463325252ull;
static uint64_t next_random(void) {
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static uint64_t digest = 14695981039346656037ull;
static void mix(const void *bytes, size_t count) {
    for (size_t index = 0; index < count; index++) {
        digest ^= ((const unsigned char *)bytes)[index];
        digest *= 1099511628211ull;
    }
}

static void show(const char *name) {
    printf("%-10s %016" PRIx64 "\n", name, digest);
    digest = 14695981039346656037ull;
}

#define INTEGERS(type)                                                                                                 \
    for (int round = 0; round < 2000; round++) {                                                                       \
        type a = (type)next_random(), b = (type)next_random() | 1, c[8];                                               \
        int shift = (int)(next_random() % (8 * sizeof(type)));                                                         \
        c[0] = a + b, c[1] = a - b, c[2] = a * b, c[3] = b == (type)-1 ? 0 : a / b, c[4] = b == (type)-1 ? 0 : a % b;   \
        c[5] = a << shift, c[6] = a >> shift, c[7] = (a < b) + 2 * (a == b) + 4 * (a > b);                             \
        mix(c, sizeof(c));                                                                                             \
    }                                                                                                                  \
    show(#type)

static int compare(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static sigjmp_buf back;
static volatile int signal_number;
static void *volatile signal_address;
static void caught(int number, siginfo_t *info, void *context) {
    (void)context;
    signal_number = number;
    signal_address = info->si_addr;
    siglongjmp(back, 1);
}

static void signals(void) {
    struct sigaction action;
    memset(&action, 0, sizeof(action));
    action.sa_sigaction = caught;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGFPE, &action, NULL);
    sigaction(SIGSEGV, &action, NULL);
    volatile int seven = 7, zero = 0;
    for (int round = 0; round < 100; round++) {
        if (!sigsetjmp(back, 1)) printf("%d", seven / zero);
        mix((void *)&signal_number, sizeof(signal_number));
        char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        page[4095] = 1;
        mprotect(page + 4096, 4096, PROT_READ);
        if (!sigsetjmp(back, 1)) *(volatile uint32_t *)(page + 4094) = 0xAABBCCDD;
        // The fault is at the second page, and the first one is as it was.
        int right = signal_number == SIGSEGV && signal_address == page + 4096 && page[4094] == 0 && page[4095] == 1;
        mix(&right, sizeof(right));
        munmap(page, 8192);
    }
    show("signals");
}

static void processes(void) {
    uint32_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int ends[2];
    if (pipe(ends)) exit(2);
    for (int child = 0; child < 20; child++) {
        pid_t pid = fork();
        if (pid == 0) {
            shared[child] = (uint32_t)child * 77u;
            char byte = (char)('a' + child);
            _exit(write(ends[1], &byte, 1) == 1 ? child : 99);
        }
        int status = 0;
        waitpid(pid, &status, 0);
        mix(&status, sizeof(status));
    }
    char bytes[20];
    if (read(ends[0], bytes, sizeof(bytes)) != sizeof(bytes)) exit(3);
    mix(bytes, sizeof(bytes));
    mix(shared, 4096);
    show("processes");
}

int main(void) {
    INTEGERS(uint8_t);
    INTEGERS(int8_t);
    INTEGERS(uint16_t);
    INTEGERS(int16_t);
    INTEGERS(uint32_t);
    INTEGERS(int32_t);
    INTEGERS(uint64_t);
    INTEGERS(int64_t);

    // Values that x87 and SSE arithmetic round alike: one operation each, stored in between.
    for (int round = 0; round < 2000; round++) {
        volatile double a = (double)(int32_t)next_random(), b = (double)(int32_t)next_random() + 0.5;
        volatile float f = (float)a, g = (float)b;
        volatile double c[4];
        volatile float d[4];
        c[0] = a + b, c[1] = a - b, c[2] = a * b, c[3] = sqrt(fabs(a));
        d[0] = f + g, d[1] = f - g, d[2] = (float)(int32_t)a, d[3] = (float)(a / 1024);
        int32_t e[4] = {(int32_t)a, (int32_t)b, (int32_t)(b / 3), a < b};
        int64_t h = (int64_t)(a * 65536);
        mix((void *)c, sizeof(c)), mix((void *)d, sizeof(d)), mix(e, sizeof(e)), mix(&h, sizeof(h));
    }
    show("floats");

    for (int round = 0; round < 200; round++) {
        volatile long double a = (long double)(int64_t)next_random(), b = (long double)(int32_t)next_random() + 0.25L;
        volatile long double c[6];
        c[0] = a + b, c[1] = a * b, c[2] = a / b, c[3] = sqrtl(fabsl(a)), c[4] = fmodl(a, b), c[5] = floorl(a / b);
        for (int index = 0; index < 6; index++) mix((void *)&c[index], 10);
    }
    show("x87");

    // The library's functions choose their code by CPUID, so their last bit may differ: twelve digits.
    for (int round = 1; round < 200; round++) {
        char text[200];
        double x = round * 0.37;
        int count = snprintf(
            text, sizeof(text), "%.12g %.12g %.12g %.12g %.12g %.12g", sin(x), cos(x), exp(x / 10), log(x),
            pow(x, 1.5), atan2(x, 3));
        mix(text, (size_t)count);
        mix(text, (size_t)snprintf(text, sizeof(text), "%a %.17g %Lg %e", x, x, (long double)x, x * 1e300));
        double parsed = strtod(text, NULL);
        mix(&parsed, sizeof(parsed));
    }
    show("library");

    static uint64_t numbers[5000];
    for (int index = 0; index < 5000; index++) numbers[index] = next_random();
    qsort(numbers, 5000, sizeof(numbers[0]), compare);
    mix(numbers, sizeof(numbers));
    static char text[60000], copy[60000];
    for (int index = 0; index < 59999; index++) text[index] = (char)('a' + next_random() % 26);
    for (int round = 0; round < 300; round++) {
        size_t from = next_random() % 30000, to = next_random() % 30000, count = next_random() % 20000;
        memcpy(copy + to, text + from, count);
        memmove(text + to, text + from, count);
        char *found = memchr(text + from, 'q', count);
        size_t values[4] = {
            strlen(text + from), found ? (size_t)(found - text) : 0, strspn(text + from, "abcdefghijklm"),
            (size_t)(memcmp(text + from, copy + to, count) == 0)};
        for (int index = 0; index < 4; index++) {
            uint32_t value = (uint32_t)values[index];
            mix(&value, sizeof(value));
        }
    }
    mix(text, sizeof(text)), mix(copy, sizeof(copy));
    show("memory");

    signals();
    processes();
    return 0;
}
