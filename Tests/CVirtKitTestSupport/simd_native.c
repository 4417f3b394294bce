#define _GNU_SOURCE
#include "simd_native.h"

#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__)

void simd_enter(struct simd_state *state, void *code);
__asm__(
    ".text\n.globl simd_enter\n.hidden simd_enter\n.type simd_enter, @function\nsimd_enter:\n"
    "  pushq %rbx\n  subq $16, %rsp\n  stmxcsr (%rsp)\n  movq %rsi, %rbx\n"
    "  movq 64(%rdi), %mm0\n  movq 72(%rdi), %mm1\n  movq 80(%rdi), %mm2\n"
    "  movdqu 16(%rdi), %xmm0\n  movdqu 32(%rdi), %xmm1\n  movdqu 48(%rdi), %xmm2\n"
    "  movq 88(%rdi), %rax\n  movq 96(%rdi), %rcx\n  movq 104(%rdi), %rdx\n"
    "  ldmxcsr 120(%rdi)\n"
    "  call *%rbx\n"
    "  stmxcsr 120(%rdi)\n  pushfq\n  popq 112(%rdi)\n"
    "  movq %rax, 88(%rdi)\n  movq %rcx, 96(%rdi)\n  movq %rdx, 104(%rdi)\n"
    "  movdqu %xmm0, 16(%rdi)\n  movdqu %xmm1, 32(%rdi)\n  movdqu %xmm2, 48(%rdi)\n"
    "  movq %mm0, 64(%rdi)\n  movq %mm1, 72(%rdi)\n  movq %mm2, 80(%rdi)\n  emms\n"
    "  ldmxcsr (%rsp)\n  addq $16, %rsp\n  popq %rbx\n  ret\n"
    ".size simd_enter, .-simd_enter\n");

static uint8_t *page;
static uint32_t length;
static volatile uint32_t caught;

bool simd_supported(void) {
    return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
}

bool simd_load(const uint8_t *bytes, uint32_t count) {
    if (!page) {
        void *mapped = mmap(0, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapped == MAP_FAILED) return false;
        page = mapped;
    }
    if (count > 64) return false;
    memcpy(page, bytes, count);
    page[count] = 0xC3;
    length = count;
    return true;
}

void simd_run(struct simd_state *state) { simd_enter(state, page); }

/* Goes on after the instruction: its return follows it. */
static void skip(int number, siginfo_t *info, void *context) {
    (void)info;
    caught = (uint32_t)number;
    ((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] = (greg_t)(page + length);
}

bool simd_run_forked(struct simd_state *states, uint32_t count) {
    uint64_t size = count * sizeof *states;
    struct simd_state *shared = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) return false;
    memcpy(shared, states, size);
    pid_t child = fork();
    if (child == 0) {
        struct sigaction action = {.sa_sigaction = skip, .sa_flags = SA_SIGINFO};
        sigemptyset(&action.sa_mask);
        sigaction(SIGFPE, &action, 0);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, 0);
        for (uint32_t i = 0; i < count; i++) {
            caught = 0;
            simd_enter(&shared[i], page);
            shared[i].signal = caught;
        }
        _exit(0);
    }
    int status = 1;
    if (child > 0) waitpid(child, &status, 0);
    memcpy(states, shared, size);
    munmap(shared, size);
    return child > 0 && status == 0;
}

#else

bool simd_supported(void) { return false; }
bool simd_load(const uint8_t *bytes, uint32_t count) { (void)bytes, (void)count; return false; }
void simd_run(struct simd_state *state) { (void)state; }
bool simd_run_forked(struct simd_state *states, uint32_t count) { (void)states, (void)count; return false; }

#endif
