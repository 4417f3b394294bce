// Compatibility mode: 32- and 16-bit programs on a 64-bit kernel, by every way into it and out of it.
#include "test.h"

const char test_name[] = "compat";

#define MSR_SYSENTER_CS 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176

static uint8_t user_stack[4096] __attribute__((aligned(16)));
uint8_t area[0x3000] __attribute__((aligned(4096)));
uint64_t kernel_stack[512];

// Where the program is, and what it uses, has the U bit.
static void open_to_user(void) {
    uint64_t *pdpt = (uint64_t *)(boot_pml4[0] & ~0xfffull);
    uint64_t *pd = (uint64_t *)(pdpt[0] & ~0xfffull);
    boot_pml4[0] |= U, pdpt[0] |= U;
    for (unsigned i = 0; i < 512; i++) pd[i] |= U;
    write_cr3(read_cr3());
}

// Goes to 32-bit code in ring 3; any trap leads back.
void run_compat(uint64_t rip, uint64_t cs, uint64_t rsp, uint64_t rflags);
__asm__(".text\nrun_compat:\n\tpushq %rbx\n\tpushq %rbp\n\tpushq %r12\n\tpushq %r13\n\tpushq %r14\n\tpushq %r15\n\t"
        "movq %rsp, compat_rsp\n\tmovq $compat_back, trap_resume\n\tmovq %rdi, trap_start\n\t"
        "movl $0x23, %eax\n\tmovl %eax, %ds\n\tmovl %eax, %es\n\t"
        "pushq $0x23\n\tpushq %rdx\n\tpushq %rcx\n\tpushq %rsi\n\tpushq %rdi\n\tiretq\n"
        "compat_back:\n\tmovq compat_rsp, %rsp\n\tmovl $0x10, %eax\n\tmovl %eax, %ds\n\tmovl %eax, %es\n\tmovl %eax, %ss\n\t"
        "popq %r15\n\tpopq %r14\n\tpopq %r13\n\tpopq %r12\n\tpopq %rbp\n\tpopq %rbx\n\tcld\n\tret\n"
        ".bss\ncompat_rsp:\n\t.skip 8\n.text\n");

#define PROGRAM(label, code) extern const char label[]; __asm__(".text\n\t.code32\n" #label ":\n\t" code "\n\t.code64\n")
#define PROGRAM16(label, code) extern const char label[]; __asm__(".text\n\t.code16\n" #label ":\n\t" code "\n\t.code64\n")
#define RUN(label) do { trap_clear(); run_compat((uint64_t)label, USER_CS32, (uint64_t)(user_stack + sizeof user_stack), 2); } while (0)
#define AT(label) ((uint64_t)(label))
extern const char ap1[], ap2[], ap3[], ap4[], sy1[], se1[];

PROGRAM(arithmetic, "movl $0x7fffffff, %eax\n\tincl %eax\n\tpushl %eax\n\tpopl %ebx\n\tpushl $-1\n\tpopl %ecx\n\tmovl %esp, %edx\nap1: ud2");
PROGRAM(legacy, "pushal\n\tpopal\n\tmovb $0x9b, %al\n\tdaa\n\tmovl %eax, %esi\n\tpushl %ds\n\tpopl %es\n\tles (%esp), %edi\nap2: ud2");
PROGRAM(interrupt, "movl $0x1234, %eax\nap3: int $0x80\n\tud2");
PROGRAM(wrap, "movl $0xfffffff0, %ebx\n\tmovl area+0x10(%ebx), %eax\nap4: ud2");
PROGRAM(system_call, "sy1: syscall\n\tud2");
PROGRAM(system_enter, "movl $1f, %edx\n\tmovl %esp, %ecx\n\tmovl $77, %eax\nse1: sysenter\n1:\tmovl %eax, %ebx\n\tud2");
PROGRAM(limited, "movl $0x43, %eax\n\tmovl %eax, %fs\n\tmovl %fs:0xffc, %ebx\n\tmovl %fs:0xffd, %ebx\n\tud2");
PROGRAM(based, "movl $0x43, %eax\n\tmovl %eax, %ds\n\tmovl 0x10, %ebx\n\tmovl $0x23, %eax\n\tmovl %eax, %ds\n\tud2");
PROGRAM(null_segment, "xorl %eax, %eax\n\tmovl %eax, %ds\n\tmovl area, %eax\n\tud2");
PROGRAM(to_64, "ljmp $0x2b, $1f\n\t.code64\n1:\tmovabsq $0x123456789abc, %rax\n\tpushq %rax\n\tpopq %rbx\n\tpushq $0x1b\n\tpushq $2f\n\tlretq\n\t.code32\n2:\tincl %eax\n\tud2");
PROGRAM(registers64, "movl %eax, %eax\n\tud2");
PROGRAM16(sixteen, "movw $0xffff, %ax\n\taddw $2, %ax\n\tpushw %ax\n\tpopw %bx\n\tud2");
PROGRAM(vector, "movl $3, %eax\n\tmovd %eax, %xmm0\n\tpaddd %xmm0, %xmm0\n\tmovd %xmm0, %ebx\n\tfninit\n\tfld1\n\tfistpl area+0x20\n\tud2");

// SYSENTER's other side: 64-bit code.
extern const char sysenter_entry[];
uint64_t seen[8];
__asm__(".text\nsysenter_entry:\n\tmovq %rsp, seen\n\tmovl %cs, %ebx\n\tmovl %ebx, seen+8\n\tmovl %ss, %ebx\n\tmovl %ebx, seen+16\n\t"
        "pushfq\n\tpopq seen+24\n\taddl $1, %eax\n\tsysexitl\n");

void test_main(void) {
    open_to_user();
    RUN(arithmetic);
    check_equal("32-bit code: rip", trap.frame.rip, AT(ap1));
    check_equal("32-bit code: cs", trap.frame.cs, USER_CS32);
    check_equal("32-bit code: inc of 32 bits", trap.frame.rax, 0x80000000);
    check_equal("32-bit code: push and pop", trap.frame.rbx, 0x80000000);
    check_equal("32-bit code: push of an immediate", trap.frame.rcx, 0xffffffff);
    check_equal("32-bit code: the stack", trap.frame.rdx, (uint64_t)(user_stack + sizeof user_stack));
    check("its kernel ran in 64-bit code", (trap.address & 15) == 8 || (trap.address & 15) == 0);

    RUN(interrupt);
    check_equal("int 0x80: vector", trap.frame.vector, 0x80);
    check_equal("int 0x80: rip", trap.frame.rip, AT(ap3) + 2);
    check_equal("int 0x80: rax", trap.frame.rax, 0x1234);
    check_equal("int 0x80: ss", trap.frame.ss, USER_SS);
    *(uint32_t *)area = 0xabcdef01;
    RUN(wrap);
    check_equal("addresses wrap at 4 GiB", trap.frame.rax, 0xabcdef01);

    // By vendor: Intel has SYSENTER and no SYSCALL here, AMD the other way round.
    struct cpuid vendor = cpuid(0, 0);
    bool intel = vendor.b == 0x756e6547;
    wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE);
    if (intel) {
        RUN(system_call);
        check_equal("SYSCALL in compatibility mode: #UD", trap.frame.vector << 32 | trap.frame.rip, (uint64_t)UD << 32 | AT(sy1));
        wrmsr(MSR_SYSENTER_CS, 0);
        RUN(system_enter);
        check_equal("SYSENTER without a CS: #GP", trap.frame.vector << 32 | trap.frame.rip, (uint64_t)GP << 32 | AT(se1));
        // SYSENTER's selectors: CS, CS + 8; SYSEXIT's: CS + 16, CS + 24.
        gdt[16] = gdt[1], gdt[17] = gdt[2], gdt[18] = gdt[3], gdt[19] = gdt[4];
        wrmsr(MSR_SYSENTER_CS, 0x80);
        wrmsr(MSR_SYSENTER_ESP, (uint64_t)(kernel_stack + 512));
        wrmsr(MSR_SYSENTER_EIP, AT(sysenter_entry));
        RUN(system_enter);
        check_equal("SYSENTER: rsp", seen[0], (uint64_t)(kernel_stack + 512));
        check_equal("SYSENTER: cs", seen[1], 0x80);
        check_equal("SYSENTER: ss", seen[2], 0x88);
        check_equal("SYSENTER: IF is clear", seen[3] & 0x200, 0);
        check_equal("SYSEXIT: back", trap.frame.rbx, 78);
        check_equal("SYSEXIT: cs", trap.frame.cs, 0x93);
        check_equal("SYSEXIT: ss", trap.frame.ss, 0x9b);
    } else {
        skip("SYSENTER in compatibility mode");
    }
    RUN(legacy);
    check_equal("DAA", trap.frame.rsi & 0xff, 0x01);

    // Segments count here. (TCG looks at bases only.)
    gdt[8] = 0x0040f30000000fffull | (AT(area) & 0xffffff) << 16;
    *(uint32_t *)(area + 0x10) = 0x600d;
    RUN(based);
    check_equal("a base", trap.frame.rbx, 0x600d);
    if (on_tcg) {
        skip("limits");
    } else {
        *(uint32_t *)(area + 0xffc) = 0x1111;
        RUN(limited);
        check_equal("a limit: #GP", trap.frame.vector << 32 | trap.frame.error, (uint64_t)GP << 32);
        check_equal("a limit: up to it", trap.frame.rbx, 0x1111);
        RUN(null_segment);
        check_equal("a null segment: #GP", trap.frame.vector << 32 | trap.frame.error, (uint64_t)GP << 32);
    }
    RUN(to_64);
    check_equal("far jump to 64-bit code and return: vector", trap.frame.vector, UD);
    check_equal("64-bit code in between", trap.frame.rbx, 0x123456789abc);
    check_equal("32-bit code again: cs", trap.frame.cs, USER_CS32);
    check_equal("32-bit code again: a write of EAX", trap.frame.rax, 0x56789abd);

    gdt[9] = 0x0000fb000000ffffull | (AT(sixteen) & 0xffffff) << 16 | (AT(sixteen) >> 24 & 0xff) << 56;
    trap_clear();
    run_compat(0, 0x4b, (uint64_t)(user_stack + sizeof user_stack), 2);
    check_equal("16-bit code: add of 16 bits", trap.frame.rbx & 0xffff, 1);
    check_equal("16-bit code: cs", trap.frame.cs, 0x4b);
    RUN(vector);
    check_equal("SSE", trap.frame.rbx, 6);
    check_equal("x87", *(uint32_t *)(area + 0x20), 1);

    // Code of ring 0 in compatibility mode.
    uint64_t rax = 0xffffffffffffffff;
    struct __attribute__((packed)) { uint32_t offset; uint16_t selector; } target;
    extern const char kernel32[];
    gdt[10] = 0x00cf9b000000ffff;
    target.offset = (uint32_t)AT(kernel32), target.selector = 0x50;
    __asm__ volatile("lcalll *%1" : "+a"(rax) : "m"(target) : "rcx", "memory");
    check_equal("32-bit code in ring 0", rax, 0x2a);
    // It can't leave IA-32e mode's rules: PAE stays.
    if (on_tcg) {
        skip("PAE can't be cleared");
    } else {
        TRAP("movq %0, %%cr4", ::"r"(read_cr4() & ~0x20ull));
        expect_fault("PAE can't be cleared", GP, 0);
    }
    // A 16-byte descriptor for a code segment with L and D both set.
    gdt[11] = 0x00ef9b000000ffff;
    target.selector = 0x58;
    if (on_tcg) {
        skip("L and D at once");
    } else {
        TRAP("lcalll *%0", ::"m"(target) : "rax", "rcx", "memory");
        expect_fault("L and D at once", GP, 0x58);
    }
}
__asm__(".text\n\t.code32\nkernel32:\n\tmovl $0x29, %eax\n\tincl %eax\n\tlretl\n\t.code64\n");
