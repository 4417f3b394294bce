// The floating-point units' state: what FNINIT, FXSAVE, FNSAVE and XSAVE show and their counterparts restore.
// Intel SDM volume 1, chapters 8, 10.5 and 13.
#include "test.h"

const char test_name[] = "fpu";

struct __attribute__((packed, aligned(64))) image {
    uint16_t control, status;
    uint8_t tags, reserved;
    uint16_t opcode;
    uint64_t ip, dp;
    uint32_t mxcsr, mxcsr_mask;
    uint8_t st[8][16], xmm[16][16];
    uint8_t rest[96];
    uint64_t xstate_bv, xcomp_bv, reserved_header[6];
    uint8_t extended[4096 - 576];
};
static struct image a, b;
static uint8_t unaligned[8192] __attribute__((aligned(64)));

static inline void fxsave(struct image *to) { __asm__ volatile("fxsave64 %0" : "=m"(*to)); }
static inline void fxrstor(const struct image *from) { __asm__ volatile("fxrstor64 %0" ::"m"(*from)); }

static uint16_t status_word(void) {
    uint16_t value;
    __asm__ volatile("fnstsw %0" : "=m"(value));
    return value;
}

static uint16_t control_word(void) {
    uint16_t value;
    __asm__ volatile("fnstcw %0" : "=m"(value));
    return value;
}

static uint64_t low_of(const uint8_t *at) { return *(const uint64_t *)at; }

static void initial(void) {
    uint16_t word = 0x27f;
    __asm__ volatile("fldcw %0" ::"m"(word));
    check_equal("fldcw, fnstcw", control_word(), 0x27f);
    __asm__ volatile("fld1; fldz; fdivrp; fninit");
    check_equal("fninit: control word", control_word(), 0x37f);
    check_equal("fninit: status word", status_word(), 0);
    memset(&a, 0xee, sizeof a);
    __asm__ volatile("ldmxcsr %0" ::"m"((uint32_t){0x1f80}));
    fxsave(&a);
    check_equal("fxsave after fninit: control", a.control, 0x37f);
    check_equal("fxsave after fninit: status", a.status, 0);
    check_equal("fxsave after fninit: tags", a.tags, 0);
    check_equal("fxsave: MXCSR", a.mxcsr, 0x1f80);
    check("fxsave: MXCSR mask", a.mxcsr_mask == 0 || (a.mxcsr_mask & 0xffbf) == 0xffbf);
    __asm__ volatile("fnstsw %%ax; movw %%ax, %0" : "=m"(word) : : "rax");
    check_equal("fnstsw ax", word, 0);
    uint64_t rax = 0x1122334455667788;
    __asm__ volatile("fnstsw %%ax" : "+a"(rax));
    check_equal("fnstsw ax leaves the rest of rax", rax, 0x1122334455660000);
}

static void stack(void) {
    __asm__ volatile("fninit; fld1; fldpi; fldz");
    check_equal("three pushes: top", status_word() >> 11 & 7, 5);
    fxsave(&a);
    check_equal("three pushes: tags", a.tags, 0xe0);
    check_equal("st(0): 0", low_of(a.st[0]), 0);
    check_equal("st(1): pi, mantissa", low_of(a.st[1]), 0xc90fdaa22168c235);
    check_equal("st(1): pi, exponent", *(uint16_t *)(a.st[1] + 8), 0x4000);
    check_equal("st(2): 1, mantissa", low_of(a.st[2]), 0x8000000000000000);
    check_equal("st(2): 1, exponent", *(uint16_t *)(a.st[2] + 8), 0x3fff);
    __asm__ volatile("fstp %%st(0)" ::);
    check_equal("a pop: top", status_word() >> 11 & 7, 6);
    __asm__ volatile("ffree %%st(0)" ::);
    fxsave(&a);
    check_equal("ffree: tags", a.tags, 0x80);
    __asm__ volatile("fincstp" ::);
    check_equal("fincstp", status_word() >> 11 & 7, 7);
    __asm__ volatile("fdecstp; fdecstp" ::);
    check_equal("fdecstp", status_word() >> 11 & 7, 5);

    // Constants.
    struct { uint64_t mantissa; uint16_t exponent; } value = {0, 0};
#define CONSTANT(code, m, e)                                                                                           \
    value.exponent = 0;                                                                                                \
    __asm__ volatile("fninit; " code "; fstpt %0" : "=m"(value));                                                      \
    check_equal(code " mantissa", value.mantissa, m);                                                                  \
    check_equal(code " exponent", value.exponent, e)
    CONSTANT("fldl2t", 0xd49a784bcd1b8afe, 0x4000);
    CONSTANT("fldl2e", 0xb8aa3b295c17f0bc, 0x3fff);
    CONSTANT("fldlg2", 0x9a209a84fbcff799, 0x3ffd);
    CONSTANT("fldln2", 0xb17217f7d1cf79ac, 0x3ffe);

    // Overflow and underflow of the stack: the default NaN, IE and SF, C1 for overflow. TCG does not notice.
    if (on_tcg) {
        skip("x87 stack overflow and underflow");
    } else {
        __asm__ volatile("fninit; fld1; fld1; fld1; fld1; fld1; fld1; fld1; fld1; fldz");
        check_equal("stack overflow: status", status_word() & 0x3a7f, 0x3a41);
        fxsave(&a);
        check_equal("stack overflow: the default NaN", low_of(a.st[0]), 0xc000000000000000);
        check_equal("stack overflow: its exponent", *(uint16_t *)(a.st[0] + 8), 0xffff);
        uint32_t stored = 0;
        __asm__ volatile("fninit; fsts %0" : "=m"(stored));
        check_equal("stack underflow: status", status_word() & 0x27f, 0x41);
        check_equal("stack underflow: the default NaN", stored, 0xffc00000);
    }

    // Comparisons set C0, C2, C3; FCOMI the processor's flags.
    __asm__ volatile("fninit; fld1; fldz; fcom");
    check_equal("fcom: less", status_word() & 0x4500, 0x0100);
    __asm__ volatile("fxch; fcom" ::);
    check_equal("fcom: greater", status_word() & 0x4500, 0);
    __asm__ volatile("fcom %%st(0)" ::);
    check_equal("fcom: equal", status_word() & 0x4500, 0x4000);
    uint64_t flags;
    __asm__ volatile("fninit; fldz; fld1; fcomi %%st(1), %%st; pushfq; popq %0" : "=r"(flags));
    check_equal("fcomi: greater", flags & 0x8d5, 0);
    __asm__ volatile("fcomi %%st(0), %%st; pushfq; popq %0" : "=r"(flags));
    check_equal("fcomi: equal", flags & 0x45, 0x40);
    __asm__ volatile("fxam" ::);
    check_equal("fxam: a positive normal number", status_word() & 0x4700, 0x0400);
    __asm__ volatile("fchs; fxam" ::);
    check_equal("fxam: a negative one", status_word() & 0x4700, 0x0600);
    __asm__ volatile("fldz; fxam" ::);
    check_equal("fxam: zero", status_word() & 0x4700, 0x4000);
    __asm__ volatile("ffree %%st(0); fxam" ::);
    check_equal("fxam: empty", status_word() & 0x4500, 0x4100);

    // FSAVE and FRSTOR, FSTENV and FLDENV.
    static uint8_t old[108], environment[28];
    uint16_t control = 0x27f;
    __asm__ volatile("fninit; fldcw %1; fldpi; fld1; fnsave %0" : "=m"(old) : "m"(control));
    check_equal("fnsave: control", *(uint16_t *)old, 0x27f);
    check_equal("fnsave: top", *(uint16_t *)(old + 4) >> 11 & 7, 6);
    check_equal("fnsave: tags", *(uint16_t *)(old + 8), 0x0fff);
    check_equal("fnsave: st(1)", low_of(old + 28 + 10), 0xc90fdaa22168c235);
    check_equal("fnsave resets", control_word(), 0x37f);
    uint64_t bits = 0;
    __asm__ volatile("frstor %1; faddp; fstpl %0" : "=m"(bits) : "m"(old));
    check_equal("frstor: 1 + pi", bits, 0x401090fdaa22168c);
    __asm__ volatile("fninit; fldz; fld1; fnstenv %0" : "=m"(environment));
    check_equal("fnstenv: tags", *(uint16_t *)(environment + 8), 0x4fff); // a zero in register 7
    check_equal("fnstenv masks exceptions", control_word() & 0x3f, 0x3f);
    *(uint16_t *)environment = 0x67f;
    __asm__ volatile("fldenv %0" ::"m"(environment));
    check_equal("fldenv", control_word(), 0x67f);

    // MMX: registers are the mantissas, the stack becomes full, EMMS empties it.
    __asm__ volatile("fninit; movq %0, %%mm3" ::"r"(0x1234567890abcdefull));
    fxsave(&a);
    check_equal("MMX: tags", a.tags, 0xff);
    check_equal("MMX: top", a.status >> 11 & 7, 0);
    check_equal("MMX: mantissa", low_of(a.st[3]), 0x1234567890abcdef);
    if (on_tcg) skip("MMX: exponent");
    else check_equal("MMX: exponent", *(uint16_t *)(a.st[3] + 8), 0xffff);
    __asm__ volatile("emms");
    fxsave(&a);
    check_equal("emms: tags", a.tags, 0);
    // Which physical register is st(0) depends on top; MMX names physical ones.
    __asm__ volatile("fninit; fld1; movq %%mm7, %0" : "=r"(bits));
    check_equal("MMX: mm7 is st(0) after one push", bits, 0x8000000000000000);
    __asm__ volatile("emms; fninit");

    // Rounding and integers.
    static const uint16_t modes[] = {0x37f, 0x77f, 0xb7f, 0xf7f};
    static const int16_t rounded[4][4] = {{2, -2, 4, -4}, {2, -3, 3, -4}, {3, -2, 4, -3}, {2, -2, 3, -3}};
    static const uint32_t halves[] = {0x40200000, 0xc0200000, 0x40600000, 0xc0600000}; // 2.5, -2.5, 3.5, -3.5
    for (unsigned i = 0; i < 4; i++) {
        for (unsigned j = 0; j < 4; j++) {
            int16_t result = 99;
            __asm__ volatile("fninit; fldcw %1; flds %2; fistps %0" : "=m"(result) : "m"(modes[i]), "m"(halves[j]));
            check_equal("fistp: rounding", (uint16_t)result, (uint16_t)rounded[i][j]);
        }
    }
    int16_t small = 1;
    uint32_t big = 0x47800000; // 65536
    __asm__ volatile("fninit; flds %1; fistps %0" : "=m"(small) : "m"(big));
    check_equal("fistp: out of range", (uint16_t)small, 0x8000);
    check_equal("fistp: out of range, IE", status_word() & 1, 1);
    int16_t truncated = 0;
    __asm__ volatile("fninit; flds %1; fisttps %0" : "=m"(truncated) : "m"(halves[3]));
    check_equal("fisttp", (uint16_t)truncated, (uint16_t)-3);
    __asm__ volatile("fninit");
}

static void put_xmm(unsigned index, uint64_t low, uint64_t high) {
    *(uint64_t *)b.xmm[index] = low;
    *(uint64_t *)(b.xmm[index] + 8) = high;
}

static void saves(void) {
    fxsave(&b);
    for (unsigned i = 0; i < 16; i++) put_xmm(i, i * 0x1111111111111111, ~(i * 0x0101010101010101ull));
    b.mxcsr = 0x7f85;
    b.control = 0x77f, b.status = 0x2800, b.tags = 0x60; // top 5, registers 5 and 6 in use
    *(uint64_t *)b.st[0] = 0xa000000000000001, *(uint16_t *)(b.st[0] + 8) = 0x4005;
    *(uint64_t *)b.st[1] = 0xb000000000000002, *(uint16_t *)(b.st[1] + 8) = 0xc006;
    fxrstor(&b);
    memset(&a, 0x55, sizeof a);
    fxsave(&a);
    check("fxrstor, fxsave: XMM registers", !memcmp(a.xmm, b.xmm, sizeof a.xmm));
    check_equal("fxrstor, fxsave: MXCSR", a.mxcsr, 0x7f85);
    check_equal("fxrstor, fxsave: control", a.control, 0x77f);
    check_equal("fxrstor, fxsave: status", a.status, 0x2800);
    check_equal("fxrstor, fxsave: tags", a.tags, 0x60);
    check("fxrstor, fxsave: st(0), st(1)", !memcmp(a.st[0], b.st[0], 10) && !memcmp(a.st[1], b.st[1], 10));
    check_equal("fxsave leaves its last 48 bytes", a.rest[95], 0x55);
    uint32_t mxcsr;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    check_equal("stmxcsr after fxrstor", mxcsr, 0x7f85);
    uint64_t low, high;
    __asm__ volatile("movq %%xmm15, %0; psrldq $8, %%xmm15; movq %%xmm15, %1" : "=r"(low), "=r"(high));
    check_equal("xmm15, low", low, 0xffffffffffffffff);
    check_equal("xmm15, high", high, ~0x0f0f0f0f0f0f0f0full);
    if (on_tcg) {
        skip("fxrstor: reserved bits of MXCSR");
    } else {
        b.mxcsr = 0x10000;
        TRAP("fxrstor64 %0", : : "m"(b));
        expect_fault("fxrstor: reserved bits of MXCSR", GP, 0);
    }
    b.mxcsr = 0x1f80;
    fxrstor(&b);
    __asm__ volatile("fninit");
}

static inline void xsave(struct image *to, uint32_t mask) {
    __asm__ volatile("xsave64 %0" : "+m"(*to) : "a"(mask), "d"(0));
}

static void extended(void) {
    if (!has_leaf1_c(26)) {
        skip("XSAVE");
        TRAP("xgetbv", : : "c"(0) : "rax", "rdx");
        expect_fault("xgetbv without XSAVE", UD, 0);
        return;
    }
    write_cr4(read_cr4() & ~CR4_OSXSAVE);
    TRAP("xgetbv", : : "c"(0) : "rax", "rdx");
    expect_fault("xgetbv without CR4.OSXSAVE", UD, 0);
    TRAP("xsave %0", : "+m"(a) : "a"(3), "d"(0));
    expect_fault("xsave without CR4.OSXSAVE", UD, 0);
    check_equal("CPUID: OSXSAVE is off", has_leaf1_c(27), 0);
    write_cr4(read_cr4() | CR4_OSXSAVE);
    check_equal("CPUID: OSXSAVE is on", has_leaf1_c(27), 1);
    struct cpuid leaf = cpuid(0xd, 0);
    check_equal("CPUID leaf 0xD: x87 and SSE", leaf.a & 3, 3);
    check_equal("CPUID leaf 0xD: size of what is on", leaf.b, 576);
    check("CPUID leaf 0xD: size of all", leaf.c >= 576);
    uint32_t low, high;
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    check_equal("XCR0 at first", low | (uint64_t)high << 32, 1);
    TRAP("xsetbv", : : "a"(2), "d"(0), "c"(0));
    expect_fault("xsetbv without x87", GP, 0);
    TRAP("xsetbv", : : "a"(3), "d"(0x40000000), "c"(0));
    expect_fault("xsetbv of an unknown component", GP, 0);
    TRAP("xsetbv", : : "a"(3), "d"(0), "c"(1));
    expect_fault("xsetbv of an unknown register", GP, 0);
    TRAP("xsetbv", : : "a"(3), "d"(0), "c"(0));
    expect_no_trap("xsetbv: x87 and SSE");
    __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    check_equal("XCR0", low, 3);

    // State in, state out.
    for (unsigned i = 0; i < 16; i++) put_xmm(i, i + 100, i + 200);
    b.mxcsr = 0x1f80, b.control = 0x37f, b.status = 0, b.tags = 0;
    fxrstor(&b);
    __asm__ volatile("fld1");
    memset(&a, 0, sizeof a);
    xsave(&a, 3);
    check_equal("xsave: XSTATE_BV", a.xstate_bv, 3);
    check("xsave: XMM registers", !memcmp(a.xmm, b.xmm, sizeof a.xmm));
    check_equal("xsave: tags", a.tags, 0x80);
    check_equal("xsave: MXCSR", a.mxcsr, 0x1f80);
    // SSE only: the x87 part of the image stays.
    memset(&a, 0, sizeof a);
    xsave(&a, 2);
    check_equal("xsave of SSE: XSTATE_BV", a.xstate_bv, 2);
    check_equal("xsave of SSE: no x87", a.control, 0);
    // Components that are not in the image go to their initial state.
    memset(&a, 0, sizeof a);
    xsave(&a, 3);
    a.xstate_bv = 1;
    __asm__ volatile("xrstor64 %0" ::"m"(a), "a"(3), "d"(0));
    fxsave(&b);
    check("xrstor: SSE's initial state", low_of(b.xmm[5]) == 0 && low_of(b.xmm[15] + 8) == 0);
    check_equal("xrstor: x87 from the image", b.tags, 0x80);
    a.xstate_bv = 2;
    __asm__ volatile("xrstor64 %0" ::"m"(a), "a"(3), "d"(0));
    fxsave(&b);
    check_equal("xrstor: x87's initial state, tags", b.tags, 0);
    check_equal("xrstor: x87's initial state, control", b.control, 0x37f);
    check_equal("xrstor: SSE from the image", low_of(b.xmm[5]), 105);
    // Only what is asked for is restored.
    __asm__ volatile("fldz");
    a.xstate_bv = 3;
    __asm__ volatile("pxor %%xmm5, %%xmm5; xrstor64 %0" ::"m"(a), "a"(1), "d"(0));
    fxsave(&b);
    check_equal("xrstor of x87 leaves SSE", low_of(b.xmm[5]), 0);
    check_equal("xrstor of x87: 1", low_of(b.st[0]), 0x8000000000000000);
    // What XRSTOR refuses.
    a.xstate_bv = 1ull << 62;
    TRAP("xrstor64 %0", : : "m"(a), "a"(3), "d"(0));
    expect_fault("xrstor: an unknown component in the header", GP, 0);
    a.xstate_bv = 3;
    if (on_tcg) {
        skip("xrstor: header and MXCSR");
    } else {
        a.reserved_header[0] = 1;
        TRAP("xrstor64 %0", : : "m"(a), "a"(3), "d"(0));
        expect_fault("xrstor: reserved bytes of the header", GP, 0);
        a.reserved_header[0] = 0;
        a.mxcsr = 0x80000000;
        TRAP("xrstor64 %0", : : "m"(a), "a"(3), "d"(0));
        expect_fault("xrstor: reserved bits of MXCSR", GP, 0);
        a.mxcsr = 0x1f80;
    }
    TRAP("xsave64 (%2)", : : "a"(3), "d"(0), "r"(unaligned + 16) : "memory");
    expect_fault("xsave: not aligned to 64", GP, 0);
    TRAP("xrstor64 (%2)", : : "a"(3), "d"(0), "r"(unaligned + 32) : "memory");
    expect_fault("xrstor: not aligned to 64", GP, 0);
    TRAP("lock; xsave64 (%2)", : : "a"(3), "d"(0), "r"(unaligned) : "memory");
    expect_fault("lock xsave", UD, 0);
    write_cr0(read_cr0() | CR0_TS);
    TRAP("xsave64 (%2)", : : "a"(3), "d"(0), "r"(unaligned) : "memory");
    if (on_tcg) skip("xsave with CR0.TS");
    else expect_fault("xsave with CR0.TS", NM, 0);
    __asm__ volatile("clts");
    if (cpuid(0xd, 1).a & 1) {
        memset(&a, 0, sizeof a);
        __asm__ volatile("fninit; fld1; xsaveopt64 %0" : "+m"(a) : "a"(3), "d"(0));
        check_equal("xsaveopt: x87 is in use", a.xstate_bv & 1, 1);
        check_equal("xsaveopt: st(0)", low_of(a.st[0]), 0x8000000000000000);
    } else {
        skip("XSAVEOPT");
    }
    if (cpuid(0xd, 1).a & 2) {
        memset(&a, 0, sizeof a);
        __asm__ volatile("xsavec64 %0" : "+m"(a) : "a"(3), "d"(0));
        check_equal("xsavec: XCOMP_BV", a.xcomp_bv, 1ull << 63 | 3);
        __asm__ volatile("fninit; xrstor64 %0" ::"m"(a), "a"(3), "d"(0));
        fxsave(&b);
        check_equal("xrstor of a compacted image", low_of(b.st[0]), 0x8000000000000000);
    } else {
        skip("XSAVEC");
    }
    __asm__ volatile("fninit");
}

void test_main(void) {
    initial();
    stack();
    saves();
    extended();
}
