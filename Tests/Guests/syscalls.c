// Ring 3 and back: SYSCALL and SYSRET, IRETQ, SWAPGS, the FS and GS bases, stacks.
// AMD APM volume 3, SYSCALL, SYSRET, SWAPGS; Intel SDM volume 3, chapter 5.8.
#include "test.h"

const char test_name[] = "syscalls";

static uint8_t user_code[4096] __attribute__((aligned(4096)));
static uint8_t user_stack[4096] __attribute__((aligned(4096)));
static uint8_t kernel_stack[4096] __attribute__((aligned(16)));
#define USER_CODE TEST_AREA
#define USER_STACK (TEST_AREA + 4096)

// What the system call handler saw.
volatile uint64_t seen_rcx, seen_r11, seen_rsp, seen_flags, seen_cs, seen_ss, seen_gs, sysret_rip, sysret_flags;
uint64_t handler_stack = (uint64_t)(kernel_stack + sizeof kernel_stack);
extern const uint8_t handle_syscall[];
__asm__(".text\n"
        "handle_syscall:\n"
        "    movq %rsp, seen_rsp\n"
        "    movq handler_stack, %rsp\n"
        "    movq %rcx, seen_rcx\n"
        "    movq %r11, seen_r11\n"
        "    pushfq\n"
        "    popq seen_flags\n"
        "    movq $0, seen_cs\n"
        "    movw %cs, seen_cs\n"
        "    movq $0, seen_ss\n"
        "    movw %ss, seen_ss\n"
        "    movq sysret_rip, %rax\n"
        "    testq %rax, %rax\n"
        "    cmovnzq %rax, %rcx\n"
        "    movq sysret_flags, %rax\n"
        "    testq %rax, %rax\n"
        "    cmovnzq %rax, %r11\n"
        "    movq seen_rsp, %rsp\n"
        "    sysretq\n");

static void user(const void *code, size_t size, uint64_t argument, uint64_t flags) {
    memcpy(user_code, code, size);
    map_test(0, (uint64_t)user_code | P | U);
    map_test(1, (uint64_t)user_stack | P | W | U);
    trap_clear();
    run_user(USER_CODE, USER_STACK + 4096, argument, flags);
}
#define USER(argument, flags, ...)                                                                                     \
    do {                                                                                                               \
        static const uint8_t code[] = {__VA_ARGS__, 0xcd, 0x80};                                                       \
        user(code, sizeof code, argument, flags);                                                                      \
    } while (0)

static void system_calls(void) {
    USER(0, 2, 0x0f, 0x05);
    check_equal("SYSCALL without SCE", trap.frame.vector, UD);
    check_equal("SYSCALL without SCE: rip", trap.frame.rip, USER_CODE);
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
    wrmsr(MSR_STAR, (uint64_t)KERNEL_CS << 32 | (uint64_t)USER_CS32 << 48);
    wrmsr(MSR_LSTAR, (uint64_t)handle_syscall);
    wrmsr(MSR_FMASK, 0x47700);
    check_equal("STAR reads back", rdmsr(MSR_STAR), (uint64_t)KERNEL_CS << 32 | (uint64_t)USER_CS32 << 48);
    check_equal("LSTAR reads back", rdmsr(MSR_LSTAR), (uint64_t)handle_syscall);
    check_equal("FMASK reads back", rdmsr(MSR_FMASK), 0x47700);

    USER(0, 0x202 | 0xcd5, 0x0f, 0x05); // all arithmetic flags, IF, DF
    check_equal("SYSCALL: back in ring 3", trap.frame.vector, 0x80);
    check_equal("SYSCALL: rcx is the next instruction", seen_rcx, USER_CODE + 2);
    check_equal("SYSCALL: r11 is the flags", seen_r11, 0x202 | 0xcd5);
    if (on_tcg) seen_flags |= 0x8d5; // it clears the arithmetic flags, and keeps RF in SYSRET
    check_equal("SYSCALL: FMASK clears flags", seen_flags & 0x47fd7, (0x202 | 0xcd5) & ~0x47700ull);
    check_equal("SYSCALL: cs", seen_cs, KERNEL_CS);
    check_equal("SYSCALL: ss", seen_ss, KERNEL_SS);
    check_equal("SYSCALL: rsp stays the caller's", seen_rsp, USER_STACK + 4096);
    check_equal("SYSRET: cs", trap.frame.cs, USER_CS);
    check_equal("SYSRET: ss", trap.frame.ss, USER_SS);
    check_equal("SYSRET: flags", trap.frame.rflags & 0xfd7, 0x202 | 0xcd5);
    check_equal("SYSRET: rip", trap.frame.rip, USER_CODE + 4 - 2 + 2);
    check_equal("SYSRET: rcx stays", trap.frame.rcx, USER_CODE + 2);

    // Where SYSRET goes is rcx's, and the flags r11's, without those that do not exist.
    sysret_rip = USER_CODE + 16;
    sysret_flags = 0xffffffffff000a02 | 0x10000;
    static const uint8_t far_code[] = {0x0f, 0x05, 0xcd, 0x81, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xcd, 0x80};
    user(far_code, sizeof far_code, 0, 2);
    check_equal("SYSRET: another rip", trap.frame.rip, USER_CODE + 18);
    check_equal("SYSRET: RF and reserved flags are dropped", trap.frame.rflags & ~0x3c0000ull & ~(on_tcg ? 0x10000ull : 0), 0xa02);
    sysret_rip = 0, sysret_flags = 0;

    // TF: SYSCALL's FMASK clears it for the handler.
    wrmsr(MSR_FMASK, 0x47700);
    USER(0, 2, 0x48, 0x0f, 0x07); // sysretq
    check_equal("SYSRET in ring 3", trap.frame.vector, GP);

    // Twenty times in a row.
    static const uint8_t loop[] = {0xbb, 20, 0, 0, 0, 0x0f, 0x05, 0xff, 0xcb, 0x75, 0xfa, 0xcd, 0x80};
    user(loop, sizeof loop, 0, 2);
    check_equal("SYSCALL in a loop", trap.frame.rip, USER_CODE + sizeof loop);
    check_equal("SYSCALL in a loop: the counter", trap.frame.rbx, 0);

    if (on_tcg) {
        skip("SYSRET to a non-canonical address");
    } else {
        // Intel: #GP in ring 0, with the user's stack. AMD: the fault comes at the target.
        sysret_rip = 0x8000000000000000;
        USER(0, 2, 0x0f, 0x05);
        check_equal("SYSRET to a non-canonical address", trap.frame.vector, GP);
        sysret_rip = 0;
    }
    // SYSRET without REX.W goes to 32-bit code.
    extern uint8_t compatible_handler[];
    wrmsr(MSR_LSTAR, (uint64_t)compatible_handler);
    static const uint8_t mixed[] = {0x0f, 0x05,              // 64-bit: syscall
                                    0x40, 0x40, 0xcd, 0x80}; // 32-bit: inc eax twice; in 64-bit mode two prefixes
    memcpy(user_code, mixed, sizeof mixed);
    // 32-bit code needs addresses below 4 GiB: the page at 0x3f000000 is free, and mapped for ring 3 from here on.
    extern void map_low(uint64_t physical);
    map_low((uint64_t)user_code);
    trap_clear();
    run_user(0x3fe00000, USER_STACK + 4096, 0, 2);
    check_equal("SYSRET to 32-bit code: came back by int 0x80", trap.frame.vector, 0x80);
    check_equal("SYSRET to 32-bit code: cs", trap.frame.cs, USER_CS32);
    check_equal("SYSRET to 32-bit code: inc eax", trap.frame.rax, 0x1002);
    wrmsr(MSR_LSTAR, (uint64_t)handle_syscall);
}
__asm__(".text\ncompatible_handler: movl $0x1000, %eax; sysretl\n");

static uint64_t low_pt[512] __attribute__((aligned(4096)));
void map_low(uint64_t physical) {
    uint64_t *pdpt = (uint64_t *)(boot_pml4[0] & ~0xfffull), *pd = (uint64_t *)(pdpt[0] & ~0xfffull);
    low_pt[0] = physical | P | U;
    pd[511] = (uint64_t)low_pt | P | W | U;
    pdpt[0] |= U;
    boot_pml4[0] |= U;
    write_cr3(read_cr3());
}

static uint64_t gs_words[4] = {0x1111, 0x2222, 0x3333, 0x4444};

static void bases(void) {
    uint64_t value;
    wrmsr(MSR_FS_BASE, (uint64_t)&gs_words[1]);
    wrmsr(MSR_GS_BASE, (uint64_t)&gs_words[0]);
    wrmsr(MSR_KERNEL_GS_BASE, (uint64_t)&gs_words[2]);
    __asm__ volatile("movq %%fs:0, %0" : "=r"(value));
    check_equal("fs base", value, 0x2222);
    __asm__ volatile("movq %%gs:8, %0" : "=r"(value));
    check_equal("gs base", value, 0x2222);
    __asm__ volatile("movq %%gs:(%1), %0" : "=r"(value) : "r"(16ull));
    check_equal("gs base and a register", value, 0x3333);
    __asm__ volatile("movq %%gs:-8(%1), %0" : "=r"(value) : "r"(16ull));
    check_equal("gs base and a displacement", value, 0x2222);
    __asm__ volatile("leaq %%gs:8(%1), %0" : "=r"(value) : "r"(16ull));
    check_equal("lea ignores the segment", value, 24);
    __asm__ volatile("movq %%ds:(%1), %0" : "=r"(value) : "r"(&gs_words[3]));
    check_equal("ds override does nothing", value, 0x4444);
    __asm__ volatile("swapgs; movq %%gs:0, %0" : "=r"(value));
    check_equal("swapgs", value, 0x3333);
    check_equal("swapgs: GS base", rdmsr(MSR_GS_BASE), (uint64_t)&gs_words[2]);
    check_equal("swapgs: kernel GS base", rdmsr(MSR_KERNEL_GS_BASE), (uint64_t)&gs_words[0]);
    __asm__ volatile("swapgs; movq %%gs:0, %0" : "=r"(value));
    check_equal("swapgs twice", value, 0x1111);
    // 32-bit addresses are cut before the base is added.
    __asm__ volatile("movq %%gs:(%k1), %0" : "=r"(value) : "r"(0x100000008ull));
    check_equal("gs base and a 32-bit address", value, 0x2222);
    // Loading the selector loads a 32-bit base; MSRs are the way to a longer one.
    gdt[8] = 0x00cf93000000ffff | (0x345678ull << 16) | (0x12ull << 56);
    __asm__ volatile("movw %w0, %%fs" ::"r"(0x40));
    check_equal("fs: the base of its descriptor", rdmsr(MSR_FS_BASE), 0x12345678);
    __asm__ volatile("movw %w0, %%fs" ::"r"(0));
    value = rdmsr(MSR_FS_BASE);
    check("fs: a null selector", value == 0 || value == 0x12345678); // Intel: 0; AMD keeps it

    if (!has_leaf7_b(0)) {
        skip("FSGSBASE");
    } else {
        TRAP("rdfsbase %%rax", : : : "rax");
        expect_fault("rdfsbase without CR4.FSGSBASE", UD, 0);
        write_cr4(read_cr4() | CR4_FSGSBASE);
        __asm__ volatile("wrfsbase %1; rdfsbase %0" : "=r"(value) : "r"(0x123456789abcull));
        check_equal("wrfsbase, rdfsbase", value, 0x123456789abc);
        __asm__ volatile("wrfsbase %k1; rdfsbase %0" : "=r"(value) : "r"(0x987654321ull));
        check_equal("wrfsbase with 32 bits", value, 0x87654321);
        value = ~0ull;
        __asm__ volatile("wrgsbase %1; rdgsbase %k0" : "=r"(value) : "r"(0x123456789ull));
        check_equal("rdgsbase with 32 bits", value, 0x23456789);
        check_equal("wrgsbase: the MSR", rdmsr(MSR_GS_BASE), 0x123456789);
        if (on_tcg) skip("wrfsbase with a non-canonical base");
        else {
            TRAP("wrfsbase %0", : : "r"(0x8000000000000000ull));
            expect_fault("wrfsbase with a non-canonical base", GP, 0);
        }
        static const uint8_t user_base[] = {0xf3, 0x48, 0x0f, 0xae, 0xd7, 0x64, 0x48, 0x8b, 0x04, 0x25, 0, 0, 0, 0,
                                            0xcd, 0x80}; // wrfsbase %rdi; mov %fs:0, %rax
        *(uint64_t *)user_stack = 0x5555;
        user(user_base, sizeof user_base, USER_STACK, 2);
        check_equal("wrfsbase in ring 3", trap.frame.rax, 0x5555);
    }
    wrmsr(MSR_GS_BASE, 0);
    wrmsr(MSR_FS_BASE, 0);
}

static void stacks(void) {
    // Ring 3 traps onto RSP0; ring 0 stays on its stack.
    uint64_t top = tss[1] | (uint64_t)tss[2] << 32;
    USER(0x77, 2, 0x48, 0x89, 0xf8); // mov %rdi, %rax
    check_equal("ring 3 ran", trap.frame.rax, 0x77);
    check_equal("the frame is on RSP0", trap.address, top - 22 * 8);
    check_equal("rsp in the frame", trap.frame.rsp, USER_STACK + 4096);
    check_equal("flags in the frame", trap.frame.rflags & 0xfd7, 2);
    // An RSP0 that is not aligned is aligned first.
    tss[1] -= 8;
    USER(0, 2, 0x90);
    check_equal("RSP0 is aligned to 16", trap.address, ((top - 8) & ~15ull) - 22 * 8);
    tss[1] += 8;
    // Data segments that ring 3 may not see become null on the way out.
    __asm__ volatile("movw %w0, %%fs" ::"r"(KERNEL_SS));
    USER(0, 2, 0x8c, 0xe0); // mov %fs, %eax
    check_equal("iretq to ring 3 takes kernel segments away", trap.frame.rax & 0xffff, 0);
    __asm__ volatile("movw %w0, %%fs" ::"r"(USER_SS));
    USER(0, 2, 0x8c, 0xe0);
    check_equal("iretq to ring 3 leaves user segments", trap.frame.rax & 0xffff, USER_SS);
    // A RSP0 that faults: double fault, on its IST.
    uint32_t old = tss[1], old_high = tss[2];
    tss[1] = 0, tss[2] = 0x100;
    USER(0, 2, 0x90);
    check_equal("an RSP0 that is not mapped", trap.frame.vector, DF);
    tss[1] = old, tss[2] = old_high;
    // Flags in ring 3: IF and IOPL are out of reach, others not.
    USER(0, 2, 0x68, 0xd7, 0x7f, 0x24, 0x00, 0x9d); // push $0x247fd7; popf, without TF by the next line
    check("popf in ring 3 sets TF", trap.frame.vector == DB || trap.frame.vector == 0x80);
    check_equal("popf in ring 3: AC, ID, DF, OF and arithmetic", trap.frame.rflags & 0x244ed5, 0x244cd5);
    check_equal("popf in ring 3: not IF, not IOPL", trap.frame.rflags & 0x3200, 0);
    USER(0, 2, 0x68, 0x02, 0x00, 0x02, 0x00, 0x9d); // VM
    check_equal("popf cannot set VM", trap.frame.rflags & 0x20000, 0);
    // 16-bit popf leaves the upper half.
    USER(0, 2 | 1 << 18, 0x66, 0x68, 0xd5, 0x00, 0x66, 0x9d);
    check_equal("16-bit popf in ring 3", trap.frame.vector, 0x80);
    check_equal("16-bit popf leaves AC", trap.frame.rflags & 0x400d5, 0x400d5);
    // A far return to ring 3.
    static const uint8_t stop[] = {0xcd, 0x80};
    memcpy(user_code, stop, sizeof stop);
    trap_clear();
    uint64_t rsp, rbp;
    __asm__ volatile("movq %%rsp, %%r12; movq %%rbp, %%r13; movq $552f, trap_resume\n\t"
                     "pushq $0x23; pushq %2; pushq $0x2b; pushq %3; lretq\n552:\t"
                     "movq %%r12, %%rsp; movq %%r13, %%rbp; movw $0x10, %%ax; movw %%ax, %%ds; movw %%ax, %%es; "
                     "movq $0, trap_resume"
                     : "=r"(rsp), "=r"(rbp) : "r"(USER_STACK + 4096), "r"(USER_CODE) : "rax", "r12", "r13", "memory", "cc");
    check_equal("lretq to ring 3: vector", trap.frame.vector, 0x80);
    check_equal("lretq to ring 3: cs", trap.frame.cs, USER_CS);
    check_equal("lretq to ring 3: rsp", trap.frame.rsp, USER_STACK + 4096);
}

void test_main(void) {
    system_calls();
    bases();
    stacks();
}
