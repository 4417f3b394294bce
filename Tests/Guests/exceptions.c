// Exceptions: which vector and error code each cause gives, what the frame says, nesting, double faults, single step
// and breakpoints. Intel SDM volume 3, chapters 6 and 17; AMD APM volume 2, chapter 8.
#include "test.h"

const char test_name[] = "exceptions";

#define RFLAGS_TF 0x100ull
#define RFLAGS_RF 0x10000ull

static uint8_t page[4096] __attribute__((aligned(4096)));
static uint8_t user_code[4096] __attribute__((aligned(4096)));
static uint8_t user_stack[4096] __attribute__((aligned(4096)));
#define USER_CODE TEST_AREA
#define USER_STACK (TEST_AREA + 4096)

static void user(const void *code, size_t size, uint64_t argument, uint64_t flags) {
    memcpy(user_code, code, size);
    map_test(0, (uint64_t)user_code | P | U);
    map_test(1, (uint64_t)user_stack | P | W | U);
    trap_clear();
    run_user(USER_CODE, USER_STACK + 4096, argument, flags);
}

// Ring-3 code that must fault at once.
#define USER_FAULT(name, vector, error, ...)                                                                           \
    do {                                                                                                               \
        static const uint8_t code[] = {__VA_ARGS__, 0xcd, 0x80};                                                       \
        user(code, sizeof code, 0, 2);                                                                                 \
        expect_fault(name, vector, error);                                                                             \
        check_equal(name, trap.frame.cs, USER_CS);                                                                     \
    } while (0)
#define USER_OK(name, ...)                                                                                             \
    do {                                                                                                               \
        static const uint8_t code[] = {__VA_ARGS__, 0xcd, 0x80};                                                       \
        user(code, sizeof code, 0, 2);                                                                                 \
        check_equal(name, trap.frame.vector, 0x80);                                                                    \
    } while (0)

static void divide(void) {
    TRAP("divb %b1", : : "a"(0x1234), "r"(0) : "cc");
    expect_fault("#DE: div r8 by zero", DE, 0);
    TRAP("divw %w1", : : "a"(0x1234), "r"(0), "d"(0) : "cc");
    expect_fault("#DE: div r16 by zero", DE, 0);
    TRAP("divl %k1", : : "a"(0x1234), "r"(0), "d"(0) : "cc");
    expect_fault("#DE: div r32 by zero", DE, 0);
    TRAP("divq %1", : : "a"(0x1234), "r"(0ull), "d"(0) : "cc");
    expect_fault("#DE: div r64 by zero", DE, 0);
    TRAP("idivl %k1", : : "a"(0x1234), "r"(0), "d"(0) : "cc");
    expect_fault("#DE: idiv r32 by zero", DE, 0);
    TRAP("divb %b1", : : "a"(0x1000), "r"(0x10) : "cc");
    expect_fault("#DE: div r8, quotient 0x100", DE, 0);
    TRAP("divb %b1", : : "a"(0x0fff), "r"(0x10) : "cc", "memory");
    expect_no_trap("div r8, quotient 0xff");
    TRAP("divl %k2", : : "a"(0), "d"(7), "r"(7) : "cc");
    expect_fault("#DE: div r32, quotient 2^32", DE, 0);
    TRAP("divq %2", : : "a"(0ull), "d"(7ull), "r"(7ull) : "cc");
    expect_fault("#DE: div r64, quotient 2^64", DE, 0);
    TRAP("divq %2", : : "a"(~0ull), "d"(6ull), "r"(7ull) : "cc");
    expect_no_trap("div r64, the largest quotient");
    TRAP("idivb %b1", : : "a"(0xff80), "r"(0xff) : "cc");
    expect_fault("#DE: idiv r8, -128 / -1", DE, 0);
    TRAP("idivb %b1", : : "a"(0x80), "r"(1) : "cc");
    expect_fault("#DE: idiv r8, 128 / 1", DE, 0);
    TRAP("idivb %b1", : : "a"(0xff80), "r"(1) : "cc");
    expect_no_trap("idiv r8, -128 / 1");
    TRAP("idivw %w2", : : "a"(0x8000), "d"(0xffff), "r"(0xffff) : "cc");
    expect_fault("#DE: idiv r16, -32768 / -1", DE, 0);
    TRAP("idivl %k2", : : "a"(0x80000000), "d"(0xffffffff), "r"(0xffffffff) : "cc");
    expect_fault("#DE: idiv r32, minimum / -1", DE, 0);
    TRAP("idivq %2", : : "a"(0x8000000000000000), "d"(~0ull), "r"(~0ull) : "cc");
    expect_fault("#DE: idiv r64, minimum / -1", DE, 0);
    TRAP("idivq %2", : : "a"(0x8000000000000000), "d"(~0ull), "r"(1ull) : "cc");
    expect_no_trap("idiv r64, minimum / 1");
    uint64_t a, d;
    trap_clear();
    __asm__ volatile("movq $551f, trap_start; movq $552f, trap_resume; movl $5, %%eax; movl $6, %%edx; xorl %%ecx, %%ecx\n"
                     "551: divl %%ecx\n552: movq $0, trap_resume" : "=a"(a), "=d"(d) : : "rcx", "cc", "memory");
    expect_fault("#DE: registers", DE, 0);
    check_equal("#DE leaves rax", a, 5);
    check_equal("#DE leaves rdx", d, 6);
}

// TCG runs some instructions that processors refuse.
static void tcg_may_run(const char *name, uint64_t vector) {
    if (on_tcg && !trap.count) skip(name);
    else expect_fault(name, vector, 0);
}

static void undefined(void) {
    TRAP("ud2", :);
    expect_fault("#UD: ud2", UD, 0);
    TRAP(".byte 0x0f, 0xb9, 0xc0", :);
    expect_fault("#UD: ud1", UD, 0);
    TRAP(".byte 0x06; nop", :);
    expect_fault("#UD: push es", UD, 0);
    TRAP(".byte 0x27; nop", :);
    expect_fault("#UD: daa", UD, 0);
    TRAP(".byte 0x60; nop", :);
    expect_fault("#UD: pusha", UD, 0);
    TRAP(".byte 0xce; nop", :);
    expect_fault("#UD: into", UD, 0);
    TRAP(".byte 0xd4, 0x0a", :);
    expect_fault("#UD: aam", UD, 0);
    TRAP(".byte 0xd6; nop", :);
    expect_fault("#UD: salc", UD, 0);
    TRAP(".byte 0x9a, 0, 0, 0, 0, 0, 0", :);
    expect_fault("#UD: far call with an immediate", UD, 0);
    TRAP(".byte 0xea, 0, 0, 0, 0, 0, 0", :);
    expect_fault("#UD: far jump with an immediate", UD, 0);
    TRAP(".byte 0x82, 0xc0, 0x01", :);
    expect_fault("#UD: opcode 82", UD, 0);
    TRAP(".byte 0xf0, 0x90", :);
    expect_fault("#UD: lock nop", UD, 0);
    TRAP(".byte 0xf0, 0x89, 0x07", : : "D"(page) : "memory");
    tcg_may_run("#UD: lock mov", UD);
    TRAP(".byte 0xf0, 0x01, 0xc0", : : : "rax", "cc");
    expect_fault("#UD: lock add of a register", UD, 0);
    TRAP(".byte 0xf0, 0x39, 0x07", : : "D"(page) : "memory", "cc");
    expect_fault("#UD: lock cmp", UD, 0);
    TRAP(".byte 0xf0, 0x0f, 0xa3, 0x07", : : "D"(page) : "memory", "cc");
    tcg_may_run("#UD: lock bt", UD);
    TRAP("lock; addl $1, (%0)", : : "r"(page) : "memory", "cc");
    expect_no_trap("lock add of memory");
    TRAP(".byte 0x8d, 0xc0", : : : "rax");
    expect_fault("#UD: lea of a register", UD, 0);
    TRAP(".byte 0xfe, 0xd0", : : : "rax");
    expect_fault("#UD: FE /2", UD, 0);
    TRAP(".byte 0xff, 0xf8", : : : "rax");
    expect_fault("#UD: FF /7", UD, 0);
    TRAP(".byte 0xff, 0xd8", : : : "rax");
    expect_fault("#UD: far call of a register", UD, 0);
    if (on_tcg) {
        skip("#UD: 8F /1"); // it pops
    } else {
        TRAP(".byte 0x8f, 0xc8", : : : "rax");
        expect_fault("#UD: 8F /1", UD, 0);
    }
    TRAP(".byte 0x0f, 0xba, 0xc0, 0x01", : : : "rax", "cc");
    expect_fault("#UD: 0F BA /0", UD, 0);
    TRAP(".byte 0x0f, 0x20, 0xc8", : : : "rax");
    expect_fault("#UD: mov from cr1", UD, 0);
    TRAP(".byte 0x0f, 0x22, 0xe8", : : : "rax");
    expect_fault("#UD: mov to cr5", UD, 0);
    TRAP(".byte 0x8e, 0xc8", : : "a"(0x10));
    expect_fault("#UD: mov to cs", UD, 0);
    TRAP(".byte 0x8e, 0xf0", : : "a"(0x10));
    expect_fault("#UD: mov to segment register 6", UD, 0);
    TRAP(".byte 0x8c, 0xf0", : : : "rax");
    expect_fault("#UD: mov from segment register 6", UD, 0);
    TRAP("invlpg (%0)", : : "r"(page) : "memory");
    expect_no_trap("invlpg");
    if (on_tcg) {
        skip("#UD: cmpxchg8b of a register");
    } else {
        TRAP(".byte 0x0f, 0xc7, 0xc8", : : : "cc");
        expect_fault("#UD: cmpxchg8b of a register", UD, 0);
    }
    if (!has_leaf1_c(5)) {
        TRAP("vmcall", :);
        expect_fault("#UD: vmcall without VMX", UD, 0);
    }
    // An instruction may have 15 bytes and no more.
    TRAP(".byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90", :);
    expect_no_trap("15 bytes");
    TRAP(".byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90", :);
    expect_fault("#GP: 16 bytes", GP, 0);
    // SSE without the operating system's consent.
    uint64_t cr0 = read_cr0(), cr4 = read_cr4();
    write_cr4(cr4 & ~CR4_OSFXSR);
    TRAP(".byte 0x0f, 0x57, 0xc0", :); // xorps
    expect_fault("#UD: SSE without CR4.OSFXSR", UD, 0);
    TRAP(".byte 0x66, 0x0f, 0xef, 0xc0", :); // pxor
    expect_fault("#UD: SSE2 without CR4.OSFXSR", UD, 0);
    write_cr4(cr4);
    write_cr0(cr0 | CR0_EM);
    TRAP(".byte 0x0f, 0x57, 0xc0", :);
    expect_fault("#UD: SSE with CR0.EM", UD, 0);
    TRAP(".byte 0x0f, 0xef, 0xc0", :); // pxor mm0, mm0
    expect_fault("#UD: MMX with CR0.EM", UD, 0);
    TRAP("fninit", :);
    expect_fault("#NM: x87 with CR0.EM", NM, 0);
    write_cr0((cr0 & ~CR0_EM) | CR0_TS | CR0_MP);
    TRAP("fninit", :);
    expect_fault("#NM: x87 with CR0.TS", NM, 0);
    TRAP(".byte 0x0f, 0x57, 0xc0", :);
    expect_fault("#NM: SSE with CR0.TS", NM, 0);
    TRAP(".byte 0x0f, 0xef, 0xc0", :);
    expect_fault("#NM: MMX with CR0.TS", NM, 0);
    TRAP("fxsave (%0)", : : "r"(page) : "memory");
    expect_fault("#NM: fxsave with CR0.TS", NM, 0);
    TRAP("fwait", :);
    expect_fault("#NM: fwait with TS and MP", NM, 0);
    write_cr0((cr0 & ~(CR0_EM | CR0_MP)) | CR0_TS);
    TRAP("fwait", :);
    expect_no_trap("fwait with TS, without MP");
    __asm__ volatile("clts");
    TRAP("fninit", :);
    expect_no_trap("after clts");
    check_equal("clts clears TS", read_cr0() & CR0_TS, 0);
    write_cr0(cr0);
}

static uint8_t unaligned[128] __attribute__((aligned(64)));

// A fault of a gate: its error code is the vector's, with the IDT bit. TCG multiplies by 16.
static void expect_gate_fault(const char *name, uint64_t vector, uint64_t gate) {
    if (on_tcg && trap.frame.error == gate * 16 + 2) trap.frame.error = gate * 8 + 2;
    expect_fault(name, vector, gate * 8 + 2);
}

static void protection(void) {
    TRAP("wrmsr", : : "c"(0x12345678), "a"(0), "d"(0));
    tcg_may_run("#GP: an unknown MSR, write", GP);
    TRAP("rdmsr", : : "c"(0x12345678) : "rax", "rdx");
    tcg_may_run("#GP: an unknown MSR, read", GP);
    if (!on_tcg) {
        TRAP("wrmsr", : : "c"(MSR_FS_BASE), "a"(0), "d"(0x80000000));
        expect_fault("#GP: a non-canonical FS base", GP, 0);
        TRAP("wrmsr", : : "c"(MSR_LSTAR), "a"(0), "d"(0x80000000));
        expect_fault("#GP: a non-canonical LSTAR", GP, 0);
        TRAP("wrmsr", : : "c"(MSR_EFER), "a"(0xffffffff), "d"(0));
        expect_fault("#GP: reserved bits of EFER", GP, 0);
        TRAP("movq %0, %%cr0", : : "r"(read_cr0() | 1ull << 32));
        expect_fault("#GP: upper half of CR0", GP, 0);
        TRAP("movq %0, %%cr0", : : "r"(read_cr0() & ~1ull));
        expect_fault("#GP: PG without PE", GP, 0);
        TRAP("movq %0, %%cr0", : : "r"(read_cr0() & ~0x80000000ull));
        expect_fault("#GP: PG off in 64-bit mode", GP, 0);
        TRAP("movq %0, %%cr0", : : "r"((read_cr0() | 1ull << 29) & ~(1ull << 30)));
        expect_fault("#GP: NW without CD", GP, 0);
        TRAP("wrmsr", : : "c"(MSR_EFER), "a"((uint32_t)rdmsr(MSR_EFER) & ~0x100u), "d"(0));
        expect_fault("#GP: LME off while paging", GP, 0);
        TRAP("movq %0, %%cr8", : : "r"(16ull));
        expect_fault("#GP: cr8 above 15", GP, 0);
        TRAP("movq %0, %%dr7", : : "r"(1ull << 32));
        expect_fault("#GP: upper half of dr7", GP, 0);
        TRAP("movq %0, %%cr4", : : "r"(read_cr4() | 1ull << 31));
        expect_fault("#GP: reserved bits of CR4", GP, 0);
        TRAP("movq %0, %%cr4", : : "r"(read_cr4() & ~0x20ull));
        expect_fault("#GP: PAE off in long mode", GP, 0);
    } else {
        skip("values that registers refuse");
    }

    TRAP(".byte 0x0f, 0x28, 0x07", : : "D"(unaligned + 8) : "memory"); // movaps (%rdi), %xmm0
    expect_fault("#GP: movaps, unaligned read", GP, 0);
    TRAP(".byte 0x0f, 0x29, 0x07", : : "D"(unaligned + 1) : "memory");
    expect_fault("#GP: movaps, unaligned write", GP, 0);
    TRAP(".byte 0x66, 0x0f, 0x6f, 0x07", : : "D"(unaligned + 15) : "memory");
    expect_fault("#GP: movdqa, unaligned read", GP, 0);
    TRAP(".byte 0x0f, 0x2b, 0x07", : : "D"(unaligned + 15) : "memory");
    expect_fault("#GP: movntps, unaligned", GP, 0);
    TRAP(".byte 0x0f, 0x58, 0x07", : : "D"(unaligned + 4) : "memory");
    expect_fault("#GP: addps with an unaligned operand", GP, 0);
    TRAP(".byte 0xf3, 0x0f, 0x58, 0x07", : : "D"(unaligned + 1) : "memory");
    expect_no_trap("addss with an unaligned operand");
    TRAP(".byte 0x0f, 0x10, 0x07", : : "D"(unaligned + 1) : "memory");
    expect_no_trap("movups, unaligned");
    TRAP(".byte 0xf3, 0x0f, 0x6f, 0x07", : : "D"(unaligned + 1) : "memory");
    expect_no_trap("movdqu, unaligned");
    TRAP("fxsave (%0)", : : "r"(page + 8) : "memory");
    expect_fault("#GP: fxsave, unaligned", GP, 0);
    TRAP("fxrstor (%0)", : : "r"(page + 8) : "memory");
    expect_fault("#GP: fxrstor, unaligned", GP, 0);
    TRAP("cmpxchg16b (%0)", : : "r"(unaligned + 8), "a"(0), "d"(0), "b"(0), "c"(0) : "memory", "cc");
    expect_fault("#GP: cmpxchg16b, unaligned", GP, 0);
    uint32_t mxcsr = 0x10000;
    TRAP("ldmxcsr %0", : : "m"(mxcsr));
    tcg_may_run("#GP: reserved bits of MXCSR", GP);

    // Segment registers.
    TRAP("lldt %w0", : : "r"(0));
    expect_no_trap("a null LDT");
    TRAP("movw %w0, %%ds", : : "r"(0x1000));
    expect_fault("#GP: a selector beyond the GDT", GP, 0x1000);
    TRAP("movw %w0, %%ds", : : "r"(0x14));
    expect_fault("#GP: a selector into the (absent) LDT", GP, 0x14);
    TRAP("movw %w0, %%ds", : : "r"(0x30));
    expect_fault("#GP: a system descriptor", GP, 0x30);
    gdt[8] = 0x00cf13000000ffff & ~(1ull << 47);
    TRAP("movw %w0, %%es", : : "r"(0x40));
    expect_fault("#NP: a data segment that is not present", NP, 0x40);
    gdt[8] = 0x00cf13000000ffff;
    TRAP("movw %w0, %%ss", : : "r"(0x40));
    expect_fault("#SS: a stack segment that is not present", SS, 0x40);
    TRAP("movw %w0, %%ss", : : "r"(USER_SS));
    expect_fault("#GP: a stack segment of another privilege", GP, 0x20);
    gdt[9] = 0x00af99000000ffff; // execute only
    TRAP("movw %w0, %%ds", : : "r"(0x48));
    expect_fault("#GP: an execute-only segment in ds", GP, 0x48);
    TRAP("movw %w0, %%ds", : : "r"(0x10));
    expect_no_trap("a good selector");
    gdt[10] = 0x00cf92000000ffff; // not accessed
    TRAP("movw %w0, %%es", : : "r"(0x50));
    expect_no_trap("a fresh descriptor");
    check_equal("loading sets the accessed bit", gdt[10] >> 40 & 0xff, 0x93);
    TRAP("movw %w0, %%ss", : : "r"(0));
    expect_no_trap("a null ss is fine in ring 0");
    __asm__ volatile("movw %w0, %%ss; movw %w0, %%es; movw %w0, %%ds" ::"r"(0x10));
    TRAP("ltr %w0", : : "r"(TSS_SELECTOR));
    expect_fault("#GP: ltr of a busy TSS", GP, 0x30);
    TRAP("ltr %w0", : : "r"(0x10));
    expect_fault("#GP: ltr of a data segment", GP, 0x10);
    TRAP("lldt %w0", : : "r"(0x10));
    expect_fault("#GP: lldt of a data segment", GP, 0x10);
    check_equal("the TSS is busy", gdt[6] >> 40 & 0xff, 0x8b);
    uint64_t value = 0x1234567812345678;
    __asm__ volatile("str %k0" : "+r"(value));
    check_equal("str", value, TSS_SELECTOR);
    // lar, lsl, verr, verw
    uint64_t zero;
    __asm__ volatile("larl %k2, %k0; setz %b1" : "=&r"(value), "=&q"(zero) : "r"(0x10));
    check_equal("lar: rights", value & 0xf0ff00, 0xc09300); // the limit's bits are undefined
    check_equal("lar: ZF", zero & 1, 1);
    __asm__ volatile("lsll %k2, %k0; setz %b1" : "=&r"(value), "=&q"(zero) : "r"(0x10));
    check_equal("lsl: limit", value, 0xffffffff);
    value = 77;
    __asm__ volatile("larl %k2, %k0; setz %b1" : "+&r"(value), "=&q"(zero) : "r"(0x1000));
    check_equal("lar of a bad selector: ZF", zero & 1, 0);
    check_equal("lar of a bad selector leaves the register", value, 77);
    __asm__ volatile("verr %w1; setz %b0" : "=q"(zero) : "r"(0x08));
    check_equal("verr: readable code", zero & 1, 1);
    __asm__ volatile("verw %w1; setz %b0" : "=q"(zero) : "r"(0x08));
    check_equal("verw: code", zero & 1, 0);
    __asm__ volatile("verw %w1; setz %b0" : "=q"(zero) : "r"(0x10));
    check_equal("verw: data", zero & 1, 1);

    // Software interrupts through gates that do not work.
    set_gate(0x90, 0, 0, 0x0e);
    TRAP("int $0x90", :);
    expect_gate_fault("#NP: a gate that is not present", NP, 0x90);
    set_gate(0x90, 0, 0, 0x82);
    TRAP("int $0x90", :);
    expect_gate_fault("#GP: no gate at all", GP, 0x90);
    idt[0x90] = idt[0x91];
    load_idt(0x90 * 16 - 1);
    TRAP("int $0x90", :);
    expect_gate_fault("#GP: a vector beyond the IDT", GP, 0x90);
    load_idt(sizeof idt - 1);
    gdt[11] = 0x00af1b000000ffff; // code that is not present
    idt[0x90].selector = 0x58;
    TRAP("int $0x90", :);
    expect_fault("#NP: a gate to code that is not present", NP, 0x58);
    idt[0x90].selector = 0x10;
    TRAP("int $0x90", :);
    expect_fault("#GP: a gate to data", GP, 0x10);
    idt[0x90].selector = 0;
    TRAP("int $0x90", :);
    expect_fault("#GP: a gate to the null selector", GP, 0);
    idt[0x90].selector = USER_CS32 & ~3;
    TRAP("int $0x90", :);
    expect_fault("#GP: a gate to 32-bit code", GP, USER_CS32 & ~3);
    idt[0x90].selector = KERNEL_CS;
}

// Ring 3 may not.
static void privileges(void) {
    USER_OK("ring 3: nop", 0x90);
    USER_FAULT("ring 3: hlt", GP, 0, 0xf4);
    USER_FAULT("ring 3: cli", GP, 0, 0xfa);
    USER_FAULT("ring 3: sti", GP, 0, 0xfb);
    USER_FAULT("ring 3: in", GP, 0, 0xe4, 0x80);
    USER_FAULT("ring 3: out", GP, 0, 0xe6, 0x80);
    USER_FAULT("ring 3: outsb", GP, 0, 0x6e);
    USER_FAULT("ring 3: rdmsr", GP, 0, 0x0f, 0x32);
    USER_FAULT("ring 3: wrmsr", GP, 0, 0x0f, 0x30);
    USER_FAULT("ring 3: mov from cr0", GP, 0, 0x0f, 0x20, 0xc0);
    USER_FAULT("ring 3: mov to cr3", GP, 0, 0x0f, 0x22, 0xd8);
    USER_FAULT("ring 3: mov from dr7", GP, 0, 0x0f, 0x21, 0xf8);
    USER_FAULT("ring 3: clts", GP, 0, 0x0f, 0x06);
    USER_FAULT("ring 3: invlpg", GP, 0, 0x0f, 0x01, 0x3f);
    USER_FAULT("ring 3: wbinvd", GP, 0, 0x0f, 0x09);
    USER_FAULT("ring 3: lgdt", GP, 0, 0x0f, 0x01, 0x14, 0x24);
    USER_FAULT("ring 3: lidt", GP, 0, 0x0f, 0x01, 0x1c, 0x24);
    USER_FAULT("ring 3: ltr", GP, 0, 0x0f, 0x00, 0xd8);
    USER_FAULT("ring 3: lmsw", GP, 0, 0x0f, 0x01, 0xf0);
    USER_FAULT("ring 3: swapgs", GP, 0, 0x0f, 0x01, 0xf8);
    USER_FAULT("ring 3: syscall with SCE off", UD, 0, 0x0f, 0x05);
    static const uint8_t gates[][2] = {{0xcd, 0x81}, {0xcd, 14}};
    user(gates[0], 2, 0, 2);
    expect_gate_fault("ring 3: int through a ring-0 gate", GP, 0x81);
    user(gates[1], 2, 0, 2);
    expect_gate_fault("ring 3: int 14 is no page fault", GP, 14);
    USER_FAULT("ring 3: ud2", UD, 0, 0x0f, 0x0b);
    USER_FAULT("ring 3: ss to null", GP, 0, 0x8e, 0xd1); // ecx is 0
    USER_OK("ring 3: rdtsc", 0x0f, 0x31);
    USER_OK("ring 3: cpuid", 0x0f, 0xa2);
    write_cr4(read_cr4() | CR4_TSD);
    USER_FAULT("ring 3: rdtsc with TSD", GP, 0, 0x0f, 0x31);
    write_cr4(read_cr4() & ~CR4_TSD);
    // The I/O bitmap of the TSS lets single ports through.
    static const uint8_t io[] = {0xb0, 0x55, 0xe6, 0x80, 0xcd, 0x80}; // mov $0x55, %al; out %al, $0x80
    user(io, sizeof io, 0, 2 | 3 << 12);
    check_equal("ring 3: out with IOPL 3", trap.frame.vector, 0x80);
    // popf: IOPL and IF stay as they are, without a fault.
    static const uint8_t popf[] = {0x68, 0x02, 0x32, 0x00, 0x00, 0x9d, 0xcd, 0x80}; // push $0x3202; popf
    user(popf, sizeof popf, 0, 2);
    check_equal("ring 3: popf cannot set IF or IOPL", trap.frame.rflags & 0x3200, 0);
    user(popf, sizeof popf, 0, 2 | 3 << 12);
    check_equal("ring 3: popf with IOPL 3 sets IF", trap.frame.rflags & 0x3200, 0x3200);
}

// Pushes on stacks that do not work.
static void user_stack_fault(void) {
    static const uint8_t push[] = {0x6a, 0x00, 0xcd, 0x80};
    memcpy(user_code, push, sizeof push);
    map_test(0, (uint64_t)user_code | P | U);
    trap_clear();
    run_user(USER_CODE, TEST_AREA + 0x10000, 0, 2);
    expect_page_fault("ring 3: push on an absent page", 6, TEST_AREA + 0xfff8);
    check_equal("a faulting push leaves rsp", trap.frame.rsp, TEST_AREA + 0x10000);
    trap_clear();
    run_user(USER_CODE, 0x8000000000000000, 0, 2);
    if (on_tcg) skip("#SS: a push on a non-canonical stack");
    else expect_fault("#SS: a push on a non-canonical stack", SS, 0);
}

static void breakpoints(void) {
    TRAP("int3", :);
    check_equal("#BP: int3", trap.frame.vector, BP);
    check_equal("#BP: rip is behind it", trap.frame.rip, trap_start + 1);
    TRAP("int $3", :);
    check_equal("#BP: int 3", trap.frame.vector, BP);
    check_equal("#BP: int 3, rip is behind it", trap.frame.rip, trap_start + 1); // assembled as int3
    TRAP(".byte 0xcd, 0x03", :);
    check_equal("#BP: CD 03", trap.frame.vector, BP);
    check_equal("#BP: CD 03, rip is behind it", trap.frame.rip, trap_start + 2);
    TRAP("int $0x93", :);
    check_equal("int n", trap.frame.vector, 0x93);
    check_equal("int n: rip is behind it", trap.frame.rip, trap_start + 2);
    check_equal("int n: the frame is aligned", trap.address & 15, 0); // 22 words
    TRAP(".byte 0xf1", :);
    if (on_tcg) {
        skip("int1");
    } else {
        check_equal("int1", trap.frame.vector, DB);
        check_equal("int1: rip is behind it", trap.frame.rip, trap_start + 1);
    }
    static const uint8_t user_int3[] = {0xcc};
    user(user_int3, 1, 0, 2);
    check_equal("ring 3: int3", trap.frame.vector, BP);
    check_equal("ring 3: int3, rip", trap.frame.rip, USER_CODE + 1);
    check_equal("ring 3: stack segment in the frame", trap.frame.ss, USER_SS);
    check_equal("ring 3: stack pointer in the frame", trap.frame.rsp, USER_STACK + 4096);
}

// ---- Single step ---------------------------------------------------------------------------------------------------

static uint64_t steps[32], step_flags[32], step_dr6[32];
static unsigned step_count;
static unsigned step_vector;

static void on_step(struct frame *frame) {
    uint64_t dr6;
    __asm__ volatile("movq %%dr6, %0" : "=r"(dr6));
    __asm__ volatile("movq %0, %%dr6" ::"r"(0xffff0ff0ull));
    if (frame->vector != DB) {
        step_vector = (unsigned)frame->vector;
        frame->rip = trap_resume;
        return;
    }
    if (step_count < 32) {
        steps[step_count] = frame->rip;
        step_flags[step_count] = frame->rflags;
        step_dr6[step_count] = dr6;
    }
    step_count++;
    if (step_count >= 30) frame->rflags &= ~RFLAGS_TF;
}

extern const uint8_t step_code[], step_1[], step_2[], step_3[], step_rep[], step_rep_end[], step_ss[], step_ss_1[],
    step_ss_2[], step_ss_3[], step_int[], step_int_end[];
// Called with TF in rdi; each turns single step on and off.
__asm__(".text\n"
        "step_code: pushfq; orq $0x100, (%rsp); popfq\n" // no trap after popf itself
        "nop\n"
        "step_1: movl $1, %eax\n"
        "step_2: pushfq; popq %rsi\n"
        "step_3: pushfq; andq $~0x100, (%rsp); popfq\n"
        "ret\n"
        "step_rep: movl $3, %ecx; pushfq; orq $0x100, (%rsp); popfq\n"
        "rep stosb\n"
        "step_rep_end: pushfq; andq $~0x100, (%rsp); popfq\n"
        "ret\n"
        "step_ss: movl $0x10, %eax; pushfq; orq $0x100, (%rsp); popfq\n"
        "nop\n"
        "step_ss_1: movl %eax, %ss\n"
        "step_ss_2: nop\n"
        "step_ss_3: pushfq; andq $~0x100, (%rsp); popfq\n"
        "ret\n");

static void single_step(void) {
    trap_clear();
    trap_hook = on_step;
    step_count = 0;
    __asm__ volatile("call step_code" ::: "rax", "rsi", "memory", "cc");
    // After: nop, mov, pushf, pop, pushf, and; the popf that clears TF still traps.
    check_equal("TF: number of traps", step_count, 7);
    check_equal("TF: the first trap is after the instruction behind popf", steps[0], (uint64_t)step_1);
    check_equal("TF: the second", steps[1], (uint64_t)step_2);
    check_equal("TF: DR6.BS", step_dr6[0] & 0xe00f, 0x4000);
    check_equal("TF: the saved flags have it", step_flags[0] & RFLAGS_TF, RFLAGS_TF);
    check_equal("TF: the saved flags after popf", step_flags[6] & RFLAGS_TF, 0);
    step_count = 0;
    uint8_t *to = page;
    __asm__ volatile("call step_rep" : "+D"(to) : : "rax", "rcx", "memory", "cc");
    check_equal("TF: rep steps each iteration", step_count, 3 + 3);
    check_equal("TF: rep, first trap is at the instruction", steps[0] + 2, (uint64_t)step_rep_end);
    check_equal("TF: rep, last trap is behind it", steps[2], (uint64_t)step_rep_end);
    step_count = 0;
    __asm__ volatile("call step_ss" ::: "rax", "memory", "cc");
    check_equal("TF: mov ss holds the trap off for one instruction", steps[1], (uint64_t)step_ss_3);
    trap_hook = NULL;
    __asm__ volatile("movq %0, %%dr6" ::"r"(0xffff0ff0ull));

    // An exception clears TF for its handler and keeps it in the frame.
    static const uint8_t ud[] = {0x0f, 0x0b};
    user(ud, sizeof ud, 0, 2 | RFLAGS_TF);
    check_equal("TF: a fault goes before the step", trap.frame.vector, UD);
    check_equal("TF: it is in the frame of the fault", trap.frame.rflags & RFLAGS_TF, RFLAGS_TF);
    check_equal("TF: one trap", trap.count, 1);
    static const uint8_t nop[] = {0x90, 0x90};
    user(nop, sizeof nop, 0, 2 | RFLAGS_TF);
    check_equal("TF: iretq to ring 3 steps its first instruction", trap.frame.vector, DB);
    check_equal("TF: in ring 3, rip", trap.frame.rip, USER_CODE + 1);
    __asm__ volatile("movq %0, %%dr6" ::"r"(0xffff0ff0ull));
}

// ---- Debug registers -----------------------------------------------------------------------------------------------

static uint64_t watched __attribute__((aligned(64)));

static void set_dr7(uint64_t value) { __asm__ volatile("movq %0, %%dr7" ::"r"(value)); }
static void clear_dr6(void) { __asm__ volatile("movq %0, %%dr6" ::"r"(0xffff0ff0ull)); }

static void debug_registers(void) {
    uint64_t value;
    __asm__ volatile("movq %0, %%dr0; movq %0, %%dr3" ::"r"(&watched));
    __asm__ volatile("movq %%dr3, %0" : "=r"(value));
    check_equal("dr3 reads back", value, (uint64_t)&watched);
    __asm__ volatile("movq %0, %%dr3" ::"r"(0ull));
    __asm__ volatile("movq %%dr6, %0" : "=r"(value));
    check_equal("dr6 after clearing", value, 0xffff0ff0);
    set_dr7(0x400);
    __asm__ volatile("movq %%dr7, %0" : "=r"(value));
    check_equal("dr7 when off", value, 0x400);

    // Data: write only, then read and write.
    clear_dr6();
    set_dr7(0x400 | 1 | 1 << 16 | 2 << 18);
    TRAP("movq %0, watched", : : "r"(1ull) : "memory");
    check_equal("watch: write", trap.count ? trap.frame.vector : 999, DB);
    check_equal("watch: it is a trap: the write happened", watched, 1);
    check_equal("watch: dr6.B0", trap.dr6 & 0xf, 1);
    clear_dr6();
    TRAP("movq watched, %%rax", : : : "rax", "memory");
    expect_no_trap("watch: a read does not count for a write watch");
    TRAP("movb $1, watched + 7", : : : "memory");
    check_equal("watch: a write to the last byte", trap.count ? trap.frame.vector : 999, DB);
    clear_dr6();
    TRAP("movb $1, watched + 8", : : : "memory");
    expect_no_trap("watch: the byte behind it");
    set_dr7(0x400 | 1 | 3 << 16 | 2 << 18);
    TRAP("movb watched + 4, %%al", : : : "rax", "memory");
    check_equal("watch: read", trap.count ? trap.frame.vector : 999, DB);
    set_dr7(0x400);
    clear_dr6();
    TRAP("movq %0, watched", : : "r"(2ull) : "memory");
    expect_no_trap("watch: off");

    // Execution: a fault, before the instruction. Its handler has to set RF (SDM volume 3B, 17.3.1.1).
    uint64_t flags = 0;
    trap_clear();
    __asm__ volatile("movq $551f, %%rax; movq %%rax, %%dr1; movq $0x404, %%rax; movq %%rax, %%dr7\n\t"
                     "movq $551f, trap_start; movq $552f, trap_resume; xorl %%eax, %%eax\n"
                     "551: movl $1, %%eax\n552: movq $0, trap_resume"
                     : "=a"(flags) : : "memory", "cc");
    expect_fault("execution breakpoint", DB, 0);
    check_equal("execution breakpoint: the instruction did not run", flags, 0);
    check_equal("execution breakpoint: dr6.B1", trap.dr6 & 0xf, 2);
    check_equal("execution breakpoint: RF in the frame", trap.frame.rflags & RFLAGS_RF, 0);
    set_dr7(0x400);
    clear_dr6();

    // General detect: any access to a debug register faults.
    if (on_tcg) {
        skip("dr7.GD");
    } else {
        set_dr7(0x2400);
        TRAP("movq %%dr0, %0", : "=r"(value));
        expect_fault("dr7.GD", DB, 0);
        check_equal("dr7.GD: dr6.BD", trap.dr6 & 0x2000, 0x2000);
        __asm__ volatile("movq %%dr7, %0" : "=r"(value));
        check_equal("dr7.GD is cleared by the trap", value & 0x2000, 0);
        set_dr7(0x400);
        clear_dr6();
    }
    // dr4 and dr5 are dr6 and dr7, unless CR4.DE is on.
    write_cr4(read_cr4() | CR4_DE);
    TRAP(".byte 0x0f, 0x21, 0xe0", : : : "rax");
    expect_fault("dr4 with CR4.DE", UD, 0);
    write_cr4(read_cr4() & ~CR4_DE);
    TRAP(".byte 0x0f, 0x21, 0xe0", : : : "rax");
    expect_no_trap("dr4 without CR4.DE");
}

// ---- Nesting and double faults -------------------------------------------------------------------------------------

static uint64_t nested_vectors[8];
static unsigned nested_count;

static void on_nested(struct frame *frame) {
    if (nested_count < 8) nested_vectors[nested_count] = frame->vector;
    nested_count++;
    if (frame->vector == UD) {
        __asm__ volatile("int3"); // returns here
        __asm__ volatile("int $0x94");
        frame->rip += 2;
        nested_vectors[nested_count++] = 0x100;
    }
}

static void nesting(void) {
    trap_hook = on_nested;
    nested_count = 0;
    __asm__ volatile("ud2" ::: "memory");
    trap_hook = NULL;
    check_equal("nesting: count", nested_count, 4);
    check_equal("nesting: first", nested_vectors[0], UD);
    check_equal("nesting: second", nested_vectors[1], BP);
    check_equal("nesting: third", nested_vectors[2], 0x94);
    check_equal("nesting: back in the first", nested_vectors[3], 0x100);
}

static void expect_double_fault(const char *name) {
    check_equal(name, trap.frame.vector, DF);
    check_equal(name, trap.frame.error, 0);
    check_equal(name, trap.count, 1);
}

static void double_faults(void) {
    uint64_t rsp, ist = (uint64_t)tss[9] | (uint64_t)tss[10] << 32;
    struct gate gate = idt[PF];
    map_test(2, 0);
    idt[PF].type = 0x0e; // not present
    TRAP("movq (%0), %%rax", : : "r"(TEST_AREA + 0x2000) : "rax", "memory");
    expect_double_fault("#DF: #NP while delivering #PF");
    check("#DF: on its IST stack", trap.address < ist && trap.address > ist - 512);
    check_equal("#DF: the IST stack is used from its top", trap.address, ist - 22 * 8);
    idt[PF] = gate;

    gate = idt[GP];
    idt[GP].selector = 0x10;
    TRAP("movb (%0), %%al", : : "r"(0x8000000000000000ull) : "rax", "memory");
    expect_double_fault("#DF: #GP while delivering #GP");
    idt[GP] = gate;

    gate = idt[DE];
    idt[DE].type = 0x0e;
    TRAP("divl %k0", : : "r"(0), "a"(1), "d"(0) : "cc");
    expect_double_fault("#DF: #NP while delivering #DE");
    idt[DE] = gate;

    // A benign exception followed by a contributory one is no double fault.
    gate = idt[UD];
    idt[UD].type = 0x0e;
    TRAP("ud2", :);
    check_equal("#NP while delivering #UD is a plain #NP", trap.frame.vector, NP);
    if (on_tcg) skip("its error code has EXT and IDT");
    else check_equal("its error code has EXT and IDT", trap.frame.error, UD * 8 + 3);
    idt[UD] = gate;

    // A stack that is not mapped: #PF while delivering #UD, whose own delivery faults again.
    trap_clear();
    __asm__ volatile("movq $551f, trap_start\n\t"
                     "movq $552f, trap_resume\n\t"
                     "movq %%rsp, %%rbx\n\t"
                     "movq %1, %%rsp\n"
                     "551: ud2\n"
                     "552: movq %%rbx, %%rsp\n\t"
                     "movq $0, trap_resume"
                     : "=&r"(rsp) : "r"(TEST_AREA + 0x2ff0) : "rbx", "memory");
    expect_double_fault("#DF: a stack that is not mapped");
    check_equal("#DF: rsp in the frame", trap.frame.rsp, TEST_AREA + 0x2ff0);
    check_equal("#DF: cr2 of the stack's fault", trap.cr2 & ~63ull, TEST_AREA + 0x2fc0);

    trap_clear();
    __asm__ volatile("movq $551f, trap_start\n\t"
                     "movq $552f, trap_resume\n\t"
                     "movq %%rsp, %%rbx\n\t"
                     "movq %1, %%rsp\n"
                     "551: ud2\n"
                     "552: movq %%rbx, %%rsp\n\t"
                     "movq $0, trap_resume"
                     : "=&r"(rsp) : "r"(0x8000000000000000ull) : "rbx", "memory");
    expect_double_fault("#DF: a non-canonical stack");

    // An IST for another vector.
    tss[11] = (uint32_t)(uint64_t)(page + 4096), tss[12] = 0;
    gate = idt[UD];
    idt[UD].ist = 2;
    TRAP("ud2", :);
    expect_fault("IST 2", UD, 0);
    check_equal("IST 2: the stack", trap.address, (uint64_t)page + 4096 - 22 * 8);
    idt[UD] = gate;
    // An unaligned stack is aligned for the frame; the old value is in it.
    trap_clear();
    __asm__ volatile("movq $551f, trap_start\n\t"
                     "movq $552f, trap_resume\n\t"
                     "movq %%rsp, %%rbx\n\t"
                     "subq $5, %%rsp\n\t"
                     "movq %%rsp, %0\n"
                     "551: ud2\n"
                     "552: movq %%rbx, %%rsp\n\t"
                     "movq $0, trap_resume"
                     : "=&r"(rsp) : : "rbx", "memory", "cc");
    check_equal("frame: rsp is saved as it was", trap.frame.rsp, rsp);
    check_equal("frame: 16-byte aligned", (trap.address + 22 * 8) & 15, 0);
    check_equal("frame: ss", trap.frame.ss, 0x10);
    check_equal("frame: cs", trap.frame.cs, 8);
}

static void returns(void) {
    uint64_t rsp;
    // iretq with frames that do not work: the fault is the iretq's own.
#define IRET(rip, cs, flags, ss)                                                                                       \
    do {                                                                                                               \
        trap_clear();                                                                                                  \
        __asm__ volatile("movq %%rsp, %0; movq $551f, trap_start; movq $552f, trap_resume\n\t"                         \
                         "pushq %4; pushq %0; pushq %3; pushq %2; pushq %1\n"                                          \
                         "551: iretq\n552: movq %0, %%rsp; movq $0, trap_resume"                                       \
                         : "=&r"(rsp) : "r"((uint64_t)(rip)), "r"((uint64_t)(cs)), "r"((uint64_t)(flags)),             \
                           "r"((uint64_t)(ss)) : "memory", "cc");                                                      \
    } while (0)
    IRET(0, 0, 2, 0x10);
    expect_fault("iretq: null cs", GP, 0);
    IRET(0, 0x1000, 2, 0x10);
    expect_fault("iretq: cs beyond the GDT", GP, 0x1000);
    IRET(0, 0x10, 2, 0x10);
    expect_fault("iretq: cs is data", GP, 0x10);
    IRET(0, USER_CS, 2, 0x10);
    expect_fault("iretq: ring 3 with a ring-0 stack", GP, 0x10);
    IRET(0, USER_CS & ~3, 2, 0x10);
    expect_fault("iretq: a ring-3 descriptor with RPL 0", GP, USER_CS & ~3);
    if (on_tcg) skip("iretq: a non-canonical rip");
    else {
        IRET(0x8000000000000000, 8, 2, 0x10);
        expect_fault("iretq: a non-canonical rip", GP, 0);
    }
    trap_clear();
    __asm__ volatile("movq $551f, trap_start; movq $552f, trap_resume; pushfq; orq $0x4000, (%%rsp); popfq\n"
                     "551: iretq\n552: movq $0, trap_resume" : : : "memory", "cc");
    expect_fault("iretq with NT", GP, 0);
    // Far jump, call and return in the same ring.
    uint64_t result = 0;
    __asm__ volatile("pushq $8; pushq $1f; lretq; movl $1, %k0\n1: addl $2, %k0" : "+r"(result) : : "memory", "cc");
    check_equal("lretq", result, 2);
    struct __attribute__((packed)) { uint64_t offset; uint16_t selector; } far = {0, 8};
    result = 0;
    __asm__ volatile("movq $1f, %1; rex64 ljmp *%1; movl $1, %k0\n1: addl $2, %k0" : "+r"(result), "+m"(far) : : "cc");
    check_equal("ljmp m16:64", result, 2);
    // iretq always pops five words; in the same ring too.
    __asm__ volatile("movq %%rsp, %%rcx; pushq $0x10; pushq %%rcx; pushfq; pushq $8; pushq $1f; iretq\n1: subq %%rsp, %%rcx"
                     : "=c"(result) : : "memory", "cc");
    check_equal("iretq in ring 0 pops rsp and ss", result, 0);
    // RET to a non-canonical address, and calls there, fault in the instruction itself (Intel) or at the target (AMD).
    trap_clear();
    __asm__ volatile("movq %%rsp, %0; movq $551f, trap_start; movq $552f, trap_resume; pushq %1\n"
                     "551: ret\n552: movq %0, %%rsp; movq $0, trap_resume"
                     : "=&r"(rsp) : "r"(0x8000000000000000ull) : "memory");
    check_equal("ret to a non-canonical address", trap.frame.vector, GP);
    check("ret to a non-canonical address: rip", trap.frame.rip == trap_start || trap.frame.rip == 0x8000000000000000);
}

// ---- Errors of the floating-point units ----------------------------------------------------------------------------

static void floating(void) {
    uint64_t cr0 = read_cr0();
    write_cr0(cr0 | CR0_NE);
    uint16_t control = 0x37b; // division by zero unmasked
    __asm__ volatile("fninit; fldcw %0; fldz; fld1; fdivp" ::"m"(control)); // 1 / 0, pending
    uint16_t status;
    __asm__ volatile("fnstsw %0" : "=m"(status));
    check_equal("x87: ES and B are set by the unmasked error", status & 0x8084, 0x8084);
    TRAP("fwait", :);
    expect_fault("#MF: at the next waiting instruction", MF, 0);
    TRAP("fldz", :);
    tcg_may_run("#MF: again", MF);
    TRAP("fnclex", :);
    expect_no_trap("fnclex does not wait");
    TRAP("fwait", :);
    expect_no_trap("after fnclex");
    __asm__ volatile("fninit");
    write_cr0(cr0);
    if (on_tcg) {
        skip("#XM");
        skip("#AC");
        return;
    }
    uint32_t mxcsr = 0x1f80 & ~0x200u; // division by zero unmasked
    float one = 1, zero = 0;
    __asm__ volatile("ldmxcsr %0; movss %1, %%xmm0" ::"m"(mxcsr), "m"(one));
    TRAP("divss %0, %%xmm0", : : "m"(zero));
    expect_fault("#XM", XM, 0);
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    check_equal("#XM: the flag is set", mxcsr & 0x3f, 4);
    write_cr4(read_cr4() & ~CR4_OSXMMEXCPT);
    TRAP("divss %0, %%xmm0", : : "m"(zero));
    expect_fault("#UD instead of #XM without CR4.OSXMMEXCPT", UD, 0);
    write_cr4(read_cr4() | CR4_OSXMMEXCPT);
    mxcsr = 0x1f80;
    __asm__ volatile("ldmxcsr %0" ::"m"(mxcsr));
    // Alignment checks need ring 3, CR0.AM and EFLAGS.AC.
    static const uint8_t misaligned[] = {0x8b, 0x47, 0x01, 0xcd, 0x80}; // mov 1(%rdi), %eax
    write_cr0(cr0 | CR0_AM);
    user(misaligned, sizeof misaligned, USER_STACK, 2 | 1 << 18);
    expect_fault("#AC", AC, 0);
    user(misaligned, sizeof misaligned, USER_STACK, 2);
    check_equal("no #AC without the flag", trap.frame.vector, 0x80);
    write_cr0(cr0);
    user(misaligned, sizeof misaligned, USER_STACK, 2 | 1 << 18);
    check_equal("no #AC without CR0.AM", trap.frame.vector, 0x80);
}

void test_main(void) {
    divide();
    undefined();
    protection();
    privileges();
    user_stack_fault();
    breakpoints();
    single_step();
    debug_registers();
    nesting();
    double_faults();
    returns();
    floating();
}
