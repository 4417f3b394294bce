// x87 arithmetic, conversions and comparisons: 80-bit results and exception flags in all rounding modes and precisions.
// Left out is what differs between processors: the last bits of the transcendental functions, the steps of a partial
// remainder whose exponents are 64 or more apart; and C1, except where FPREM gives it a meaning.
#include "known.h"

#ifndef KNOWN_NATIVE
const char test_name[] = "x87";
#endif

// Sign and exponent, and mantissa.
static const struct {
    uint16_t top;
    uint64_t mantissa;
} numbers[] = {
    {0x0000, 0}, {0x8000, 0}, {0x3fff, 0x8000000000000000}, {0xbfff, 0x8000000000000000}, {0x3fff, 0xc000000000000000},
    {0x4000, 0xa000000000000000}, {0xc000, 0xe000000000000000}, {0x4000, 0xc90fdaa22168c235}, {0x3ffd, 0xaaaaaaaaaaaaaaab},
    {0x7ffe, 0xffffffffffffffff}, {0xfffe, 0xffffffffffffffff}, {0x0001, 0x8000000000000000}, {0x8001, 0xc000000000000001},
    {0x0000, 0x0000000000000001}, {0x8000, 0x7fffffffffffffff}, {0x7fff, 0x8000000000000000}, {0xffff, 0x8000000000000000},
    {0x7fff, 0xc000000012345678}, {0x7fff, 0x8000000012345678}, {0xffff, 0xe000000000000001}, {0x403e, 0x8000000000000000},
    {0xc03e, 0x8000000000000000}, {0x403d, 0xfffffffffffffffe}, {0x401e, 0xffffffff00000000}, {0x401d, 0xffffffff80000000},
    {0xc01e, 0x8000000000000000}, {0x400e, 0x8000000000000000}, {0x400d, 0xffff000000000000}, {0x3ffe, 0x8000000000000000},
    {0x3fc0, 0x8000000000000000}, {0x43fe, 0xfffffffffffff800}, {0x43ff, 0x8000000000000000}, {0x3c00, 0xfffffffffffffc00},
    {0x407e, 0xffffff0000000000}, {0x3f81, 0x8000000000000001}, {0x400c, 0x9c40000000000000}, {0x4003, 0x8800000000000000},
};
#define NUMBERS (sizeof numbers / sizeof *numbers)
static const uint16_t controls[] = {0x37f, 0x77f, 0xb7f, 0xf7f, 0x07f, 0x27f, 0x67f};

struct __attribute__((aligned(16))) state {
    uint8_t a[16], b[16], out[16], out2[16]; // a is st(0), b is st(1) and memory
    uint64_t flags, status, control;
};
typedef void (*step)(struct state *);

static void put(uint8_t *to, unsigned index) {
    for (unsigned i = 0; i < 8; i++) to[i] = (uint8_t)(numbers[index].mantissa >> i * 8);
    to[8] = (uint8_t)numbers[index].top, to[9] = (uint8_t)(numbers[index].top >> 8);
}

static void sweep(step run, unsigned mask, unsigned seconds) {
    for (unsigned i = 0; i < NUMBERS; i++) {
        for (unsigned j = 0; j < seconds; j++) {
            // The usual mode each time, and one of the others; all of them if there is one operand only.
            for (unsigned k = 0; k < (seconds == 1 ? 7 : 2); k++) {
                unsigned mode = seconds == 1 || !k ? k : 1 + (i + j) % 6;
                struct state s = {{0}, {0}, {0}, {0}, 2, 0, controls[mode]};
                put(s.a, i), put(s.b, j);
                run(&s);
                s.status &= mask;
                s.flags &= FLAGS;
                known_result((const uint64_t *)s.b, 8);
            }
        }
    }
}

#define FLAGS_ONLY 0x387f   // exceptions, SF, top
#define WITH_CODES 0x7d7f   // and C0, C2, C3
#define ALL NUMBERS

#define ARITHMETIC(X, op)                                                                                              \
    X(f##op, FLAGS_ONLY, ALL, "f" #op " %%st(1), %%st")                                                                \
    X(f##op##p, FLAGS_ONLY, ALL, "f" #op "p %%st, %%st(1)")                                                            \
    X(f##op##_to, FLAGS_ONLY, ALL, "f" #op " %%st, %%st(1); fstp %%st(0)")                                             \
    X(f##op##_m32, FLAGS_ONLY, ALL, "f" #op "s (%%rdi)")                                                               \
    X(f##op##_m64, FLAGS_ONLY, ALL, "f" #op "l (%%rdi)")                                                               \
    X(fi##op##_m16, FLAGS_ONLY, ALL, "fi" #op "s 6(%%rdi)")                                                            \
    X(fi##op##_m32, FLAGS_ONLY, ALL, "fi" #op "l 4(%%rdi)")

#define CASES(X)                                                                                                       \
    ARITHMETIC(X, add)                                                                                                 \
    ARITHMETIC(X, sub)                                                                                                 \
    ARITHMETIC(X, subr)                                                                                                \
    ARITHMETIC(X, mul)                                                                                                 \
    ARITHMETIC(X, div)                                                                                                 \
    ARITHMETIC(X, divr)                                                                                                \
    X(fsqrt, FLAGS_ONLY, 1, "fsqrt")                                                                                   \
    X(frndint, FLAGS_ONLY, 1, "frndint")                                                                               \
    X(fabs, FLAGS_ONLY, 1, "fabs")                                                                                     \
    X(fchs, FLAGS_ONLY, 1, "fchs")                                                                                     \
    X(fscale, FLAGS_ONLY, ALL, "fscale")                                                                               \
    X(fxtract, FLAGS_ONLY, 1, "fxtract")                                                                               \
    X(fprem, FLAGS_ONLY, ALL, "1: fprem; fnstsw %%ax; testb $4, %%ah; jnz 1b")                                         \
    X(fprem_integers, FLAGS_ONLY, ALL, "orl $1, 4(%%rdi); fildl 4(%%rdi); fildl -12(%%rdi); fprem; "                   \
                                "fnstsw 16(%%rdi); andw $0x7fff, 16(%%rdi); fstp %%st(2); fstp %%st(0)")               \
    X(fprem1, FLAGS_ONLY, ALL, "1: fprem1; fnstsw %%ax; testb $4, %%ah; jnz 1b")                                       \
    X(fprem1_integers, FLAGS_ONLY, ALL, "orl $1, 4(%%rdi); fildl 4(%%rdi); fildl -12(%%rdi); fprem1; "                 \
                                "fnstsw 16(%%rdi); andw $0x7fff, 16(%%rdi); fstp %%st(2); fstp %%st(0)")               \
    X(fxch, FLAGS_ONLY, ALL, "fxch")                                                                                   \
    X(fcom, WITH_CODES, ALL, "fcom")                                                                                   \
    X(fcomp, WITH_CODES, ALL, "fcomp")                                                                                 \
    X(fcompp, WITH_CODES, ALL, "fcompp; fldz; fldz")                                                                   \
    X(fucom, WITH_CODES, ALL, "fucom")                                                                                 \
    X(fucompp, WITH_CODES, ALL, "fucompp; fldz; fldz")                                                                 \
    X(fcom_m32, WITH_CODES, ALL, "fcoms (%%rdi)")                                                                      \
    X(fcom_m64, WITH_CODES, ALL, "fcoml (%%rdi)")                                                                      \
    X(ficom_m16, WITH_CODES, ALL, "ficoms 6(%%rdi)")                                                                   \
    X(ficom_m32, WITH_CODES, ALL, "ficoml 4(%%rdi)")                                                                   \
    X(fcomi, FLAGS_ONLY, ALL, "fcomi %%st(1), %%st")                                                                   \
    X(fucomi, FLAGS_ONLY, ALL, "fucomi %%st(1), %%st")                                                                 \
    X(fcomip, FLAGS_ONLY, ALL, "fcomip %%st(1), %%st; fldz")                                                           \
    X(ftst, WITH_CODES, 1, "ftst")                                                                                     \
    X(fxam, 0x7f7f, 1, "fxam")                                                                                         \
    X(fst_m32, FLAGS_ONLY, 1, "fsts 16(%%rdi)")                                                                        \
    X(fst_m64, FLAGS_ONLY, 1, "fstl 16(%%rdi)")                                                                        \
    X(fist_m16, FLAGS_ONLY, 1, "fists 16(%%rdi)")                                                                      \
    X(fist_m32, FLAGS_ONLY, 1, "fistl 16(%%rdi)")                                                                      \
    X(fistp_m64, FLAGS_ONLY, 1, "fistpll 16(%%rdi); fldz")                                                             \
    X(fisttp_m16, FLAGS_ONLY, 1, "fisttps 16(%%rdi); fldz")                                                            \
    X(fisttp_m32, FLAGS_ONLY, 1, "fisttpl 16(%%rdi); fldz")                                                            \
    X(fisttp_m64, FLAGS_ONLY, 1, "fisttpll 16(%%rdi); fldz")                                                           \
    X(fbstp, FLAGS_ONLY, 1, "fbstp 16(%%rdi); fldz")                                                                   \
    X(fld_m32, FLAGS_ONLY, ALL, "flds (%%rdi); fstp %%st(1)")                                                          \
    X(fld_m64, FLAGS_ONLY, ALL, "fldl (%%rdi); fstp %%st(1)")                                                          \
    X(fild_m16, FLAGS_ONLY, ALL, "filds 7(%%rdi); fstp %%st(1)")                                                       \
    X(fild_m32, FLAGS_ONLY, ALL, "fildl 5(%%rdi); fstp %%st(1)")                                                       \
    X(fild_m64, FLAGS_ONLY, ALL, "fildll (%%rdi); fstp %%st(1)")                                                       \
    X(fbld, FLAGS_ONLY, ALL, "movabsq $0x7777777777777777, %%rax; andq (%%rdi), %%rax; movq %%rax, 16(%%rdi); "        \
                             "movw $0x8007, 24(%%rdi); fbld 16(%%rdi); fstp %%st(1)")                                  \
    X(fcmove, FLAGS_ONLY, ALL, "xorl %%eax, %%eax; fcmove %%st(1), %%st")                                              \
    X(fcmovne, FLAGS_ONLY, ALL, "xorl %%eax, %%eax; fcmovne %%st(1), %%st")                                            \
    X(fcmovb, FLAGS_ONLY, ALL, "stc; fcmovb %%st(1), %%st")                                                            \
    X(fcmovu, FLAGS_ONLY, ALL, "cmpb $0, (%%rdi); fcmovu %%st(1), %%st")

#define FUNCTION(name, mask, seconds, code)                                                                            \
    static void step_##name(struct state *s) {                                                                         \
        __asm__ volatile("fninit; fldcw %[control]\n\tfldt (%%rdi); fldt -16(%%rdi)\n\tpushq $2\n\tpopfq\n\t" code      \
                         "\n\tpushfq\n\tpopq %[flags]\n\tfnstsw %[status]\n\tfstpt 32(%%rdi)\n\tfstp %%st(0)\n\tfninit" \
                         : [flags] "+r"(s->flags), [status] "+m"(s->status)                                            \
                         : "D"(&s->b), [control] "m"(s->control)                                                       \
                         : "rax", "memory", "cc");                                                                     \
    }                                                                                                                  \
    static void run_##name(void) { sweep(step_##name, mask, seconds); }
CASES(FUNCTION)

#define ENTRY(name, ...) {#name, run_##name, true},
const struct known_case known_cases[] = {CASES(ENTRY)};
const unsigned known_count = sizeof known_cases / sizeof *known_cases;

#ifndef KNOWN_NATIVE
const uint64_t known_expected[] = {
#include "x87.expected"
};
#endif
