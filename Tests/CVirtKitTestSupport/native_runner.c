#define _GNU_SOURCE
#include "native_runner.h"

#include <cpuid.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

uint8_t native_constant(uint32_t offset) { return (uint8_t)(offset * 7 + (offset >> 8) * 13 + 5); }

#if defined(__x86_64__) && defined(__linux__)

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <ucontext.h>

struct native_ring {
    volatile uint32_t count, index;
    struct native_case cases[NATIVE_BATCH];
};

struct native_runner {
    pid_t child;
    int socket;                /* a byte each way a batch */
    int code;                  /* memfd of the code window */
    uint32_t count;
    struct native_ring *ring;
    uint8_t *code_view;        /* the code window, to write */
};

/* ---- The child ------------------------------------------------------------------------------------------------- */

/* Everything here runs in a signal handler with a foreign FS base: no thread-local storage, no errno, no libc but
   memory functions. */

#define XSTATE_OFFSET 512

static struct native_ring *ring;
static uint8_t *code_view;
static int parent_socket;
static int is_running, has_batch;
static uint32_t last_tick = UINT32_MAX;
static uint8_t *dirty;
static uint32_t dirty_bytes;
static uint8_t alternate_stack[1 << 18] __attribute__((aligned(64)));

/* The only places that system calls may come from. */
long native_system_call(long number, long a, long b, long c);
void native_return_from_signal(void);
extern const char native_after_call[], native_after_return[];
__asm__(
    ".text\n"
    ".globl native_system_call, native_return_from_signal, native_after_call, native_after_return\n"
    ".hidden native_system_call, native_return_from_signal, native_after_call, native_after_return\n"
    "native_system_call:\n"
    "  movq %rdi, %rax\n  movq %rsi, %rdi\n  movq %rdx, %rsi\n  movq %rcx, %rdx\n  syscall\n"
    "native_after_call:\n"
    "  ret\n"
    "native_return_from_signal:\n"
    "  movl $15, %eax\n  syscall\n"
    "native_after_return:\n"
    "  ud2\n");

static const int general_order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                      REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static void capture(struct native_state *after, int number, ucontext_t *user) {
    greg_t *registers = user->uc_mcontext.gregs;
    for (int i = 0; i < 16; i++) after->gpr[i] = (uint64_t)registers[general_order[i]];
    after->rip = (uint64_t)registers[REG_RIP];
    after->rflags = (uint64_t)registers[REG_EFL];
    after->cs = (uint16_t)registers[REG_CSGSFS];
    after->ss = (uint16_t)((uint64_t)registers[REG_CSGSFS] >> 48);
    __asm__ volatile("movw %%ds, %0" : "=m"(after->ds));
    __asm__ volatile("movw %%es, %0" : "=m"(after->es));
    __asm__ volatile("movw %%fs, %0" : "=m"(after->fs));
    __asm__ volatile("movw %%gs, %0" : "=m"(after->gs));
    __asm__ volatile("rdfsbase %0" : "=r"(after->fs_base));
    __asm__ volatile("rdgsbase %0" : "=r"(after->gs_base));
    after->signal = (uint32_t)number;
    after->vector = (uint32_t)registers[REG_TRAPNO];
    after->error = (uint64_t)registers[REG_ERR];
    after->address = (uint64_t)registers[REG_CR2];
    memcpy(after->fx, user->uc_mcontext.fpregs, 512);
}

static void load(const struct native_state *before, ucontext_t *user) {
    greg_t *registers = user->uc_mcontext.gregs;
    for (int i = 0; i < 16; i++) registers[general_order[i]] = (greg_t)before->gpr[i];
    registers[REG_RIP] = (greg_t)before->rip;
    registers[REG_EFL] = (greg_t)before->rflags;
    registers[REG_CSGSFS] = (greg_t)((uint64_t)before->cs | (uint64_t)before->ss << 48);
    uint8_t *area = (uint8_t *)user->uc_mcontext.fpregs;
    /* Bytes 464 ... 511 describe the frame to the kernel. */
    memcpy(area, before->fx, 416);
    *(uint64_t *)(void *)(area + XSTATE_OFFSET) |= 3;
    __asm__ volatile("movw %0, %%ds" : : "m"(before->ds));
    __asm__ volatile("movw %0, %%es" : : "m"(before->es));
    __asm__ volatile("movw %0, %%fs" : : "m"(before->fs));
    __asm__ volatile("movw %0, %%gs" : : "m"(before->gs));
    __asm__ volatile("wrfsbase %0" : : "r"(before->fs_base));
    __asm__ volatile("wrgsbase %0" : : "r"(before->gs_base));
}

static void next(ucontext_t *user) {
    /* A byte from the parent for each batch, and one back when it is done. */
    while (!has_batch || ring->index >= ring->count) {
        char byte = 1;
        if (has_batch && native_system_call(SYS_write, parent_socket, (long)&byte, 1) != 1)
            native_system_call(SYS_exit_group, 1, 0, 0);
        if (native_system_call(SYS_read, parent_socket, (long)&byte, 1) != 1)
            native_system_call(SYS_exit_group, 0, 0, 0);
        has_batch = 1;
    }
    struct native_case *current = &ring->cases[ring->index];
    memset(dirty, 0xCC, dirty_bytes);
    dirty = code_view + (current->code_address - NATIVE_CODE_ADDRESS);
    dirty_bytes = current->code_bytes;
    memcpy(dirty, current->code, dirty_bytes);
    memcpy((void *)NATIVE_DATA_ADDRESS, current->data_before, NATIVE_DATA_WINDOW);
    load(&current->before, user);
    is_running = 1;
}

static void handle(int number, siginfo_t *info, void *context) {
    /* AC would fault the compiler's unaligned accesses; sigreturn does not restore ID and NT. */
    __asm__ volatile("pushfq\n  andl $~0x244000, (%%rsp)\n  popfq" : : : "memory", "cc");
    (void)info;
    ucontext_t *user = context;
    if (is_running) {
        struct native_case *current = &ring->cases[ring->index];
        if (number == SIGVTALRM) {
            if (last_tick != ring->index) {
                last_tick = ring->index;
                return;
            }
            number = NATIVE_HANG;
        }
        capture(&current->after, number, user);
        memcpy(current->data_after, (const void *)NATIVE_DATA_ADDRESS, NATIVE_DATA_WINDOW);
        is_running = 0;
        last_tick = UINT32_MAX;
        ring->index++;
    } else if (number == SIGVTALRM) {
        return;
    }
    next(user);
}

/* What the kernel takes, with a restorer of ours. */
struct kernel_action {
    void (*handler)(int, siginfo_t *, void *);
    unsigned long flags;
    void (*restorer)(void);
    uint64_t mask;
};

static int install_filter(void) {
    const uint64_t call = (uint64_t)native_after_call, back = (uint64_t)native_after_return;
    if (call >> 32 != back >> 32) return -1;
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(field))
#define EQUAL(value, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), yes, no)
    const uint32_t address = offsetof(struct seccomp_data, instruction_pointer);
    struct sock_filter filter[] = {
        LOAD(offsetof(struct seccomp_data, arch)),
        EQUAL(AUDIT_ARCH_X86_64, 0, 11),
        LOAD(address + 4),
        EQUAL(call >> 32, 0, 9),
        LOAD(address),
        EQUAL(call, 1, 0),
        EQUAL(back, 0, 6),
        LOAD(offsetof(struct seccomp_data, nr)),
        EQUAL(SYS_read, 3, 0),
        EQUAL(SYS_write, 2, 0),
        EQUAL(SYS_rt_sigreturn, 1, 0),
        EQUAL(SYS_exit_group, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
    };
    const struct sock_fprog program = {.len = sizeof filter / sizeof *filter, .filter = filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return -1;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0);
}

static void *fixed(uint64_t address, uint64_t size, int protection, int flags, int file) {
    return mmap((void *)address, size, protection, flags | MAP_FIXED_NOREPLACE, file, 0);
}

static void child_main(struct native_runner *runner) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    ring = runner->ring;
    code_view = dirty = runner->code_view;
    if (fixed(NATIVE_CODE_ADDRESS, NATIVE_CODE_WINDOW, PROT_READ | PROT_EXEC, MAP_SHARED, runner->code) == MAP_FAILED)
        _exit(2);
    const int anonymous = MAP_PRIVATE | MAP_ANONYMOUS, both = PROT_READ | PROT_WRITE;
    if (fixed(NATIVE_DATA_ADDRESS, NATIVE_DATA_WINDOW, both, anonymous, -1) == MAP_FAILED) _exit(2);
    uint8_t *constant = fixed(NATIVE_CONSTANT_ADDRESS, 4096, both, anonymous, -1);
    if (constant == MAP_FAILED) _exit(2);
    for (uint32_t i = 0; i < 4096; i++) constant[i] = native_constant(i);
    mprotect(constant, 4096, PROT_READ);
    const stack_t stack = {.ss_sp = alternate_stack, .ss_size = sizeof alternate_stack};
    sigaltstack(&stack, 0);
    const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGVTALRM};
    const struct kernel_action action = {
        handle, SA_SIGINFO | SA_ONSTACK | 0x04000000 /* SA_RESTORER */, native_return_from_signal, ~0ull};
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        if (syscall(SYS_rt_sigaction, signals[i], &action, 0, 8)) _exit(2);
    const struct itimerval interval = {{0, 50000}, {0, 50000}};
    setitimer(ITIMER_VIRTUAL, &interval, 0);
    if (install_filter()) _exit(2);
    __asm__ volatile("int3");
    native_system_call(SYS_exit_group, 3, 0, 0);
}

/* ---- The parent ------------------------------------------------------------------------------------------------ */

static int start_child(struct native_runner *runner) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) return -errno;
    const pid_t child = fork();
    if (child == 0) {
        /* The mask may be that of a thread in a pool. */
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, 0);
        close(pair[0]);
        parent_socket = pair[1];
        child_main(runner);
        _exit(4);
    }
    const int error = errno;
    close(pair[1]);
    if (child < 0) {
        close(pair[0]);
        return -error;
    }
    runner->socket = pair[0];
    runner->child = child;
    return 0;
}

static void end_child(struct native_runner *runner) {
    if (runner->child <= 0) return;
    close(runner->socket);
    kill(runner->child, SIGKILL);
    int status;
    while (waitpid(runner->child, &status, 0) < 0 && errno == EINTR) {}
    runner->child = 0;
}

struct native_runner *native_start(void) {
    unsigned a, b, c, d;
    /* FSGSBASE for user code: bit 1 of AT_HWCAP2. */
    if (!(getauxval(AT_HWCAP2) & 2) || !__get_cpuid(1, &a, &b, &c, &d) || !(c & 1u << 27)) return 0;
    struct native_runner *runner = calloc(1, sizeof *runner);
    if (!runner) return 0;
    runner->code = memfd_create("native code", MFD_CLOEXEC);
    const int both = PROT_READ | PROT_WRITE;
    runner->ring = mmap(0, sizeof *runner->ring, both, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (runner->code < 0 || runner->ring == MAP_FAILED || ftruncate(runner->code, NATIVE_CODE_WINDOW)) abort();
    runner->code_view = mmap(0, NATIVE_CODE_WINDOW, both, MAP_SHARED, runner->code, 0);
    if (runner->code_view == MAP_FAILED) abort();
    memset(runner->code_view, 0xCC, NATIVE_CODE_WINDOW);
    if (start_child(runner) == 0) {
        /* One empty case shows whether it works here. */
        runner->ring->cases[0].before = (struct native_state){.rip = NATIVE_CODE_ADDRESS, .rflags = 0x202, .cs = 0x33,
                                                             .ss = 0x2B};
        runner->ring->cases[0].before.fx[0] = 0x7F;
        runner->ring->cases[0].before.fx[1] = 3;
        runner->ring->cases[0].before.fx[24] = 0x80;
        runner->ring->cases[0].before.fx[25] = 0x1F;
        runner->ring->cases[0].code_address = NATIVE_CODE_ADDRESS;
        runner->ring->cases[0].code_bytes = 0;
        native_submit(runner, 1);
        if (native_wait(runner) == 0 && runner->ring->cases[0].after.signal == SIGTRAP) return runner;
    }
    native_stop(runner);
    return 0;
}

void native_stop(struct native_runner *runner) {
    end_child(runner);
    munmap(runner->ring, sizeof *runner->ring);
    munmap(runner->code_view, NATIVE_CODE_WINDOW);
    close(runner->code);
    free(runner);
}

struct native_case *native_case_at(struct native_runner *runner, uint32_t index) {
    return &runner->ring->cases[index % NATIVE_BATCH];
}

/* A child that is gone is noticed by the wait. */
static void request(struct native_runner *runner) {
    const char byte = 1;
    (void)!send(runner->socket, &byte, 1, MSG_NOSIGNAL);
}

void native_submit(struct native_runner *runner, uint32_t count) {
    runner->count = count;
    runner->ring->index = 0;
    runner->ring->count = count;
    if (count) request(runner);
}

int native_wait(struct native_runner *runner) {
    if (!runner->count) return 0;
    for (;;) {
        char byte;
        const ssize_t result = read(runner->socket, &byte, 1);
        if (result == 1) break;
        if (result < 0 && errno == EINTR) continue;
        /* The child is gone. A new one begins with the next case, if there is one. */
        end_child(runner);
        struct native_ring *shared = runner->ring;
        if (shared->index < shared->count) shared->cases[shared->index++].after.signal = NATIVE_LOST;
        const int isDone = shared->index >= shared->count;
        memset(runner->code_view, 0xCC, NATIVE_CODE_WINDOW);
        const int error = start_child(runner);
        if (error || isDone) return error;
        request(runner);
    }
    runner->ring->count = 0;
    runner->count = 0;
    return 0;
}

#else

struct native_runner *native_start(void) { return 0; }
void native_stop(struct native_runner *runner) { (void)runner; }
struct native_case *native_case_at(struct native_runner *runner, uint32_t index) {
    (void)runner, (void)index;
    return 0;
}
void native_submit(struct native_runner *runner, uint32_t count) { (void)runner, (void)count; }
int native_wait(struct native_runner *runner) { (void)runner; return -ENOSYS; }

#endif
