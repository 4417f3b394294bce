#define _GNU_SOURCE
#include "lowering_native.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <asm/prctl.h>

__attribute__((visibility("hidden"), aligned(64))) struct lowering_state lowering_current;
__attribute__((visibility("hidden"), aligned(64))) uint8_t lowering_host_fx[512];
__attribute__((visibility("hidden"))) uint64_t lowering_host_rsp;
/* Where a run starts: 32-bit offset, and Linux's selector for 64-bit or 32-bit user code. */
__attribute__((visibility("hidden"))) struct { uint32_t offset; uint16_t selector; } lowering_far;
void lowering_enter(void);
void lowering_exit(void);
_Static_assert(offsetof(struct lowering_state, rflags) == 128, "layout");
_Static_assert(offsetof(struct lowering_state, rip) == 136, "layout");
_Static_assert(offsetof(struct lowering_state, compatibility) == 168, "layout");
_Static_assert(offsetof(struct lowering_state, exit) == 144, "layout");
_Static_assert(offsetof(struct lowering_state, fx) == 256, "layout");

__asm__(
    ".text\n"
    ".p2align 4\n"
    ".globl lowering_enter\n"
    ".hidden lowering_enter\n"
    "lowering_enter:\n"
    "  pushq %rbx; pushq %rbp; pushq %r12; pushq %r13; pushq %r14; pushq %r15\n"
    "  movq %rsp, lowering_host_rsp(%rip)\n"
    "  fxsave64 lowering_host_fx(%rip)\n"
    "  fxrstor64 lowering_current+256(%rip)\n"
    "  cmpq $0, lowering_current+168(%rip)\n"
    "  je 1f\n"
    "  movl $0x2B, %eax\n"
    "  movl %eax, %ds\n"
    "  movl %eax, %es\n"
    "1:\n"
    "  pushq lowering_current+128(%rip)\n"
    "  popfq\n"
    "  movq lowering_current+0(%rip), %rax\n"
    "  movq lowering_current+8(%rip), %rcx\n"
    "  movq lowering_current+16(%rip), %rdx\n"
    "  movq lowering_current+24(%rip), %rbx\n"
    "  movq lowering_current+32(%rip), %rsp\n"
    "  movq lowering_current+40(%rip), %rbp\n"
    "  movq lowering_current+48(%rip), %rsi\n"
    "  movq lowering_current+56(%rip), %rdi\n"
    "  movq lowering_current+64(%rip), %r8\n"
    "  movq lowering_current+72(%rip), %r9\n"
    "  movq lowering_current+80(%rip), %r10\n"
    "  movq lowering_current+88(%rip), %r11\n"
    "  movq lowering_current+96(%rip), %r12\n"
    "  movq lowering_current+104(%rip), %r13\n"
    "  movq lowering_current+112(%rip), %r14\n"
    "  movq lowering_current+120(%rip), %r15\n"
    "  ljmpl *lowering_far(%rip)\n"
    ".p2align 4\n"
    ".globl lowering_exit\n"
    ".hidden lowering_exit\n"
    "lowering_exit:\n"
    "  movq %rax, lowering_current+0(%rip)\n"
    "  movq %rcx, lowering_current+8(%rip)\n"
    "  movq %rdx, lowering_current+16(%rip)\n"
    "  movq %rbx, lowering_current+24(%rip)\n"
    "  movq %rsp, lowering_current+32(%rip)\n"
    "  movq %rbp, lowering_current+40(%rip)\n"
    "  movq %rsi, lowering_current+48(%rip)\n"
    "  movq %rdi, lowering_current+56(%rip)\n"
    "  movq %r8, lowering_current+64(%rip)\n"
    "  movq %r9, lowering_current+72(%rip)\n"
    "  movq %r10, lowering_current+80(%rip)\n"
    "  movq %r11, lowering_current+88(%rip)\n"
    "  movq %r12, lowering_current+96(%rip)\n"
    "  movq %r13, lowering_current+104(%rip)\n"
    "  movq %r14, lowering_current+112(%rip)\n"
    "  movq %r15, lowering_current+120(%rip)\n"
    "  movq lowering_host_rsp(%rip), %rsp\n"
    "  pushfq\n"
    "  popq lowering_current+128(%rip)\n"
    "  pushq $0x202\n"
    "  popfq\n"
    "  fxsave64 lowering_current+256(%rip)\n"
    "  fxrstor64 lowering_host_fx(%rip)\n"
    "  popq %r15; popq %r14; popq %r13; popq %r12; popq %rbp; popq %rbx\n"
    "  ret\n");

static sigjmp_buf lowering_jump;
static const int lowering_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};

static void lowering_fault(int number, siginfo_t *info, void *context) {
    static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                  REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    const ucontext_t *user = context;
    for (int i = 0; i < 16; i++) lowering_current.gpr[i] = (uint64_t)user->uc_mcontext.gregs[order[i]];
    lowering_current.rflags = (uint64_t)user->uc_mcontext.gregs[REG_EFL];
    lowering_current.rip = (uint64_t)user->uc_mcontext.gregs[REG_RIP];
    lowering_current.signal = (uint64_t)number;
    /* General protection comes without an address. */
    lowering_current.address = info->si_code == SI_KERNEL ? UINT64_MAX : (uint64_t)(uintptr_t)info->si_addr;
    if (user->uc_mcontext.fpregs) memcpy(lowering_current.fx, user->uc_mcontext.fpregs, 512);
    siglongjmp(lowering_jump, 1);
}

int lowering_native_run(struct lowering_state *state) {
    static uint8_t alternate[65536];
    stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate}, oldStack;
    struct sigaction old[5], action = {.sa_sigaction = lowering_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigemptyset(&action.sa_mask);
    sigaltstack(&stack, &oldStack);
    for (int i = 0; i < 5; i++) sigaction(lowering_signals[i], &action, &old[i]);
    lowering_current = *state;
    lowering_current.signal = 0;
    lowering_far.offset = (uint32_t)state->rip;
    lowering_far.selector = state->compatibility ? 0x23 : 0x33;
    if (sigsetjmp(lowering_jump, 1) == 0) {
        lowering_enter();
    } else {
        __asm__ volatile("fxrstor64 %0" : : "m"(lowering_host_fx) : "memory");
    }
    *state = lowering_current;
    for (int i = 0; i < 5; i++) sigaction(lowering_signals[i], &old[i], 0);
    sigaltstack(&oldStack, 0);
    return 1;
}

void lowering_write_exit(uint8_t *where, uint64_t number) {
    /* Code far from lowering_current can't store to it without a register, so it jumps to a stub that can. */
    extern void lowering_exit0(void), lowering_exit1(void), lowering_exit2(void);
    void (*const target)(void) = number == 0 ? lowering_exit0 : number == 1 ? lowering_exit1 : lowering_exit2;
    const uint8_t jump[6] = {0xFF, 0x25, 0, 0, 0, 0}; /* jmp *0(%rip) */
    const uint64_t address = (uint64_t)(uintptr_t)target;
    memcpy(where, jump, 6);
    memcpy(where + 6, &address, 8);
}

__asm__(
    ".text\n"
    ".globl lowering_exit0, lowering_exit1, lowering_exit2\n"
    ".hidden lowering_exit0, lowering_exit1, lowering_exit2\n"
    "lowering_exit0:\n"
    "  movq $0, lowering_current+144(%rip)\n"
    "  jmp lowering_exit\n"
    "lowering_exit1:\n"
    "  movq $1, lowering_current+144(%rip)\n"
    "  jmp lowering_exit\n"
    "lowering_exit2:\n"
    "  movq $2, lowering_current+144(%rip)\n"
    "  jmp lowering_exit\n");

int lowering_set_gs(uint64_t base) { return syscall(SYS_arch_prctl, ARCH_SET_GS, base) == 0 ? 0 : -errno; }

void lowering_write_exit32(uint8_t *where, uint8_t *gate, uint64_t number) {
    lowering_write_exit(gate, number);
    const uint32_t offset = (uint32_t)(uintptr_t)gate;
    where[0] = 0xEA; /* ljmp $0x33, $offset */
    memcpy(where + 1, &offset, 4);
    where[5] = 0x33;
    where[6] = 0;
}

#else

void lowering_write_exit32(uint8_t *where, uint8_t *gate, uint64_t number) {
    (void)where;
    (void)gate;
    (void)number;
}
int lowering_native_run(struct lowering_state *state) {
    (void)state;
    return 0;
}
void lowering_write_exit(uint8_t *where, uint64_t number) {
    (void)where;
    (void)number;
}
int lowering_set_gs(uint64_t base) {
    (void)base;
    return -ENOSYS;
}

#endif

int lowering_map(uint64_t address, uint64_t size, int executable) {
    const int protection = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0);
    void *result = mmap((void *)(uintptr_t)address, size, protection,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    return result == MAP_FAILED ? -errno : 0;
}

int lowering_protect(uint64_t address, uint64_t size) {
    return mprotect((void *)(uintptr_t)address, size, PROT_NONE) == 0 ? 0 : -errno;
}
