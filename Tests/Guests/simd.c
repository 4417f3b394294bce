// SSE to SSE4.2 and MMX: results, MXCSR flags in all rounding modes, and arithmetic flags. The approximations (RCPPS,
// RSQRTPS) are left out: they differ between processors.
#include "known.h"

#ifndef KNOWN_NATIVE
const char test_name[] = "simd";
#endif

struct __attribute__((aligned(16))) vector {
    uint64_t low, high;
};

// Numbers of both precisions: zeros, ones, halves, limits, denormals, infinities, quiet and signalling NaNs; and bytes
// and words at the edges of their ranges.
static const uint32_t singles[] = {
    0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x3fc00000, 0x40200000, 0xc0200000, 0x7f7fffff, 0xff7fffff,
    0x00800000, 0x00000001, 0x807fffff, 0x7f800000, 0xff800000, 0x7fc12345, 0x7f812345, 0xffc54321, 0x3eaaaaab,
    0x4f000000, 0xcf000000, 0x4f7fffff, 0x4b800001, 0x3f000000, 0x33800000,
};
static const uint64_t doubles[] = {
    0x0000000000000000, 0x8000000000000000, 0x3ff0000000000000, 0xbff8000000000000, 0x4004000000000000,
    0x7fefffffffffffff, 0x0010000000000000, 0x0000000000000001, 0x800fffffffffffff, 0x7ff0000000000000,
    0xfff0000000000000, 0x7ff8123456789abc, 0x7ff0123456789abc, 0xfff8cba987654321, 0x3fd5555555555555,
    0x41dfffffffc00000, 0xc1e0000000000000, 0x43e0000000000000, 0xc3e0000000000000, 0x41f0000000000000,
    0x47efffffe0000000, 0x36a0000000000000, 0x3810000000000000, 0x47efffffffffffff,
};
#define KINDS 24
#define VECTORS 40

static struct vector pool[VECTORS];

static void fill_pool(void) {
    if (pool[1].high) return;
    for (unsigned i = 0; i < 16; i++) {
        unsigned j = i * 3;
        pool[i].low = singles[j % KINDS] | (uint64_t)singles[(j + 1) % KINDS] << 32;
        pool[i].high = singles[(j + 5) % KINDS] | (uint64_t)singles[(j + 14) % KINDS] << 32;
    }
    for (unsigned i = 0; i < 16; i++) {
        pool[16 + i].low = doubles[i * 5 % KINDS];
        pool[16 + i].high = doubles[(i * 7 + 3) % KINDS];
    }
    static const uint64_t words[] = {
        0x0001020304050607, 0xfffefdfcfbfaf9f8, 0x7f80ff0001807fff, 0x8000800080007fff, 0x0000000500000000,
        0x80000000ffffffff, 0x7fffffff00000001, 0x0123456789abcdef, 0x6c6c6548006f6c6c, 0x000000000000001f,
    };
    for (unsigned i = 0; i < 8; i++) {
        pool[32 + i].low = words[i];
        pool[32 + i].high = words[(i * 3 + 2) % 10];
    }
    pool[33].low = 3, pool[35].low = 17; // shift counts
}

struct __attribute__((aligned(16))) state {
    struct vector a, b, memory, scratch;
    uint64_t rax, rdx, flags, mxcsr;
};
typedef void (*step)(struct state *);

static const uint32_t modes[] = {0x1f80, 0x3f80, 0x5f80, 0x7f80, 0x9fc0};

static void sweep(step run, unsigned mode_count) {
    fill_pool();
    for (unsigned i = 0; i < VECTORS; i++) {
        for (unsigned j = 0; j < VECTORS; j++) {
            // The usual mode each time, and one of the others.
            for (unsigned k = 0; k < (mode_count > 1 ? 2 : 1); k++) {
                struct state s = {pool[i], pool[j], pool[j], {0x1111, 0x2222}, pool[i].low, pool[j].low, 2,
                                  modes[k ? 1 + (i + j) % (mode_count - 1) : 0]};
                run(&s);
                s.flags &= FLAGS;
                known_result(&s.a.low, 12);
            }
        }
    }
}

#define BOTH(X, name, modes, op)                                                                                       \
    X(name, modes, op " %%xmm1, %%xmm0")                                                                               \
    X(name##_load, modes, op " (%%rdi), %%xmm0")
#define INTEGER(X, op) BOTH(X, op, 1, #op)
#define IMMEDIATE(X, op, tag, value) BOTH(X, op##_##tag, 1, #op " $" #value ",")
#define ROUNDED(X, op, tag, value) BOTH(X, op##_##tag, 5, #op " $" #value ",")
#define FLOAT(X, op) BOTH(X, op, 5, #op)
#define FLOATS(X, op) FLOAT(X, op##ps) FLOAT(X, op##pd) FLOAT(X, op##ss) FLOAT(X, op##sd)
#define COMPARE(X, tag, value)                                                                                         \
    BOTH(X, cmpps_##tag, 2, "cmpps $" #value ",")                                                                      \
    BOTH(X, cmppd_##tag, 2, "cmppd $" #value ",")                                                                      \
    BOTH(X, cmpss_##tag, 2, "cmpss $" #value ",")                                                                      \
    BOTH(X, cmpsd_##tag, 2, "cmpsd $" #value ",")
#define MMX(X, op)                                                                                                     \
    X(mmx_##op, 1, "movdq2q %%xmm0, %%mm0; movdq2q %%xmm1, %%mm1; " #op " %%mm1, %%mm0; movq2dq %%mm0, %%xmm0; emms")  \
    X(mmx_##op##_load, 1, "movdq2q %%xmm0, %%mm0; " #op " (%%rdi), %%mm0; movq2dq %%mm0, %%xmm0; emms")
#define WITH_MMX(X, op) INTEGER(X, op) MMX(X, op)
#define SHIFT(X, op)                                                                                                   \
    WITH_MMX(X, op)                                                                                                    \
    X(op##_count, 1, "movl $7, %%edx; movd %%edx, %%xmm1; " #op " %%xmm1, %%xmm0")                                     \
    X(op##_3, 1, #op " $3, %%xmm0")                                                                                    \
    X(op##_40, 1, #op " $40, %%xmm0")                                                                                  \
    X(mmx_##op##_5, 1, "movdq2q %%xmm0, %%mm0; " #op " $5, %%mm0; movq2dq %%mm0, %%xmm0; emms")
#define TEXT(X, tag, value)                                                                                            \
    X(pcmpistri_##tag, 1, "pcmpistri $" #value ", %%xmm1, %%xmm0; movq %%rcx, %%rax")                                  \
    X(pcmpistrm_##tag, 1, "pcmpistrm $" #value ", %%xmm1, %%xmm0")                                                     \
    X(pcmpestri_##tag, 1, "movl $9, %%eax; andl $31, %%edx; pcmpestri $" #value ", (%%rdi), %%xmm0; movq %%rcx, %%rax")  \
    X(pcmpestrm_##tag, 1, "cltq; negq %%rax; movl $5, %%edx; pcmpestrm $" #value ", %%xmm1, %%xmm0")

#define CASES(X)                                                                                                       \
    WITH_MMX(X, paddb) WITH_MMX(X, paddw) WITH_MMX(X, paddd) WITH_MMX(X, paddq)                                        \
    WITH_MMX(X, paddsb) WITH_MMX(X, paddsw) WITH_MMX(X, paddusb) WITH_MMX(X, paddusw)                                  \
    WITH_MMX(X, psubb) WITH_MMX(X, psubw) WITH_MMX(X, psubd) WITH_MMX(X, psubq)                                        \
    WITH_MMX(X, psubsb) WITH_MMX(X, psubsw) WITH_MMX(X, psubusb) WITH_MMX(X, psubusw)                                  \
    WITH_MMX(X, pmullw) WITH_MMX(X, pmulhw) WITH_MMX(X, pmulhuw) WITH_MMX(X, pmuludq) WITH_MMX(X, pmaddwd)             \
    WITH_MMX(X, pand) WITH_MMX(X, pandn) WITH_MMX(X, por) WITH_MMX(X, pxor)                                            \
    WITH_MMX(X, pcmpeqb) WITH_MMX(X, pcmpeqw) WITH_MMX(X, pcmpeqd)                                                     \
    WITH_MMX(X, pcmpgtb) WITH_MMX(X, pcmpgtw) WITH_MMX(X, pcmpgtd)                                                     \
    WITH_MMX(X, pminub) WITH_MMX(X, pmaxub) WITH_MMX(X, pminsw) WITH_MMX(X, pmaxsw)                                    \
    WITH_MMX(X, pavgb) WITH_MMX(X, pavgw) WITH_MMX(X, psadbw)                                                          \
    WITH_MMX(X, packsswb) WITH_MMX(X, packssdw) WITH_MMX(X, packuswb)                                                  \
    WITH_MMX(X, punpckhbw) WITH_MMX(X, punpckhwd) WITH_MMX(X, punpckhdq) INTEGER(X, punpckhqdq)                        \
    INTEGER(X, punpcklbw) INTEGER(X, punpcklwd) INTEGER(X, punpckldq) INTEGER(X, punpcklqdq)                           \
    SHIFT(X, psllw) SHIFT(X, pslld) SHIFT(X, psllq) SHIFT(X, psrlw) SHIFT(X, psrld) SHIFT(X, psrlq)                    \
    SHIFT(X, psraw) SHIFT(X, psrad)                                                                                    \
    X(pslldq, 1, "pslldq $5, %%xmm0; psrldq $3, %%xmm1")                                                               \
    X(pslldq_all, 1, "pslldq $16, %%xmm0; psrldq $200, %%xmm1")                                                        \
    WITH_MMX(X, pshufb) WITH_MMX(X, phaddw) WITH_MMX(X, phaddd) WITH_MMX(X, phaddsw)                                   \
    WITH_MMX(X, phsubw) WITH_MMX(X, phsubd) WITH_MMX(X, phsubsw)                                                       \
    WITH_MMX(X, pmaddubsw) WITH_MMX(X, psignb) WITH_MMX(X, psignw) WITH_MMX(X, psignd) WITH_MMX(X, pmulhrsw)           \
    WITH_MMX(X, pabsb) WITH_MMX(X, pabsw) WITH_MMX(X, pabsd)                                                           \
    IMMEDIATE(X, palignr, 5, 5) IMMEDIATE(X, palignr, 20, 20) IMMEDIATE(X, palignr, 33, 33)                            \
    X(pblendvb, 1, "movdqa %%xmm1, %%xmm2; psrlw $1, %%xmm2; pblendvb %%xmm0, %%xmm2, %%xmm1")                         \
    X(blendvps, 1, "movdqa %%xmm1, %%xmm2; psrlw $1, %%xmm2; blendvps %%xmm0, (%%rdi), %%xmm2; movdqa %%xmm2, %%xmm1") \
    X(blendvpd, 1, "movdqa %%xmm1, %%xmm2; psrlw $1, %%xmm2; blendvpd %%xmm0, %%xmm2, %%xmm1")                         \
    IMMEDIATE(X, blendps, 5, 5) IMMEDIATE(X, blendpd, 2, 2) IMMEDIATE(X, pblendw, a6, 0xa6)                            \
    INTEGER(X, pmuldq) INTEGER(X, pmulld) INTEGER(X, pcmpeqq) INTEGER(X, pcmpgtq) INTEGER(X, packusdw)                 \
    INTEGER(X, pminsb) INTEGER(X, pminsd) INTEGER(X, pminuw) INTEGER(X, pminud)                                        \
    INTEGER(X, pmaxsb) INTEGER(X, pmaxsd) INTEGER(X, pmaxuw) INTEGER(X, pmaxud)                                        \
    INTEGER(X, pmovsxbw) INTEGER(X, pmovsxbd) INTEGER(X, pmovsxbq)                                                     \
    INTEGER(X, pmovsxwd) INTEGER(X, pmovsxwq) INTEGER(X, pmovsxdq)                                                     \
    INTEGER(X, pmovzxbw) INTEGER(X, pmovzxbd) INTEGER(X, pmovzxbq)                                                     \
    INTEGER(X, pmovzxwd) INTEGER(X, pmovzxwq) INTEGER(X, pmovzxdq)                                                     \
    INTEGER(X, ptest) INTEGER(X, phminposuw)                                                                           \
    IMMEDIATE(X, mpsadbw, 0, 0) IMMEDIATE(X, mpsadbw, 6, 6)                                                            \
    X(pextrb, 1, "pextrb $11, %%xmm0, %%eax; pextrb $3, %%xmm1, (%%rdi)")                                              \
    X(pextrw, 1, "pextrw $5, %%xmm0, %%eax; pextrw $3, %%xmm1, (%%rdi)")                                               \
    X(pextrd, 1, "pextrd $3, %%xmm0, %%eax; pextrd $1, %%xmm1, (%%rdi)")                                               \
    X(pextrq, 1, "pextrq $1, %%xmm0, %%rax; pextrq $0, %%xmm1, 8(%%rdi)")                                              \
    X(extractps, 1, "extractps $2, %%xmm0, %%eax; extractps $3, %%xmm1, 4(%%rdi)")                                     \
    X(pinsrb, 1, "pinsrb $11, %%eax, %%xmm0; pinsrb $2, 5(%%rdi), %%xmm1")                                             \
    X(pinsrw, 1, "pinsrw $6, %%eax, %%xmm0; pinsrw $2, 6(%%rdi), %%xmm1")                                              \
    X(pinsrd, 1, "pinsrd $3, %%eax, %%xmm0; pinsrd $2, 4(%%rdi), %%xmm1")                                              \
    X(pinsrq, 1, "pinsrq $1, %%rax, %%xmm0; pinsrq $0, 8(%%rdi), %%xmm1")                                              \
    X(insertps, 1, "insertps $0x9a, %%xmm1, %%xmm0; insertps $0x21, (%%rdi), %%xmm1")                                  \
    X(pmovmskb, 1, "pmovmskb %%xmm0, %%eax; movmskps %%xmm1, %%edx")                                                   \
    X(movmskpd, 1, "movmskpd %%xmm0, %%eax")                                                                           \
    IMMEDIATE(X, pshufd, 1b, 0x1b) IMMEDIATE(X, pshufhw, 93, 0x93) IMMEDIATE(X, pshuflw, 4e, 0x4e)                     \
    IMMEDIATE(X, shufps, c6, 0xc6) IMMEDIATE(X, shufpd, 1, 1) IMMEDIATE(X, shufpd, 2, 2)                               \
    INTEGER(X, unpcklps) INTEGER(X, unpckhps) INTEGER(X, unpcklpd) INTEGER(X, unpckhpd)                                \
    X(mmx_punpcklbw, 1, "movdq2q %%xmm0, %%mm0; punpcklbw (%%rdi), %%mm0; movq2dq %%mm0, %%xmm0; emms")                \
    X(mmx_pshufw, 1, "movdq2q %%xmm1, %%mm1; pshufw $0x1b, %%mm1, %%mm0; movq2dq %%mm0, %%xmm0; emms")                 \
    X(mmx_palignr, 1, "movdq2q %%xmm0, %%mm0; movdq2q %%xmm1, %%mm1; palignr $3, %%mm1, %%mm0; movq2dq %%mm0, %%xmm0; emms") \
    X(mmx_pmovmskb, 1, "movdq2q %%xmm0, %%mm0; pmovmskb %%mm0, %%eax; pextrw $2, %%mm0, %%edx; emms")                  \
    X(mmx_pinsrw, 1, "movdq2q %%xmm0, %%mm0; pinsrw $1, %%eax, %%mm0; pinsrw $3, 2(%%rdi), %%mm0; movq2dq %%mm0, %%xmm0; emms") \
    X(mmx_movd, 1, "movd %%eax, %%mm0; movq %%rdx, %%mm1; movq %%mm1, (%%rdi); movd %%mm0, 8(%%rdi); movq %%mm1, %%rax; emms") \
    X(mmx_movntq, 1, "movdq2q %%xmm0, %%mm0; movntq %%mm0, 8(%%rdi); emms")                                            \
    X(movd, 1, "movd %%eax, %%xmm0; movd %%xmm1, %%edx; movd %%xmm1, (%%rdi)")                                         \
    X(movq, 1, "movq %%rax, %%xmm0; movq %%xmm1, %%rdx; movq %%xmm1, (%%rdi)")                                         \
    X(movq_load, 1, "movq (%%rdi), %%xmm0; movd 8(%%rdi), %%xmm1")                                                     \
    X(movq_register, 1, "movq %%xmm1, %%xmm0")                                                                         \
    X(movss, 1, "movss %%xmm1, %%xmm0; movss 4(%%rdi), %%xmm1; movss %%xmm0, 8(%%rdi)")                                \
    X(movsd, 1, "movsd %%xmm1, %%xmm0; movsd 8(%%rdi), %%xmm1; movsd %%xmm0, (%%rdi)")                                 \
    X(movlhps, 1, "movlhps %%xmm1, %%xmm0")                                                                            \
    X(movhlps, 1, "movhlps %%xmm1, %%xmm0")                                                                            \
    X(movlps, 1, "movlps 8(%%rdi), %%xmm0; movhps %%xmm1, (%%rdi)")                                                    \
    X(movhps, 1, "movhps 8(%%rdi), %%xmm0; movlps %%xmm1, (%%rdi)")                                                    \
    X(movlpd, 1, "movlpd 8(%%rdi), %%xmm0; movhpd %%xmm1, (%%rdi)")                                                    \
    X(movhpd, 1, "movhpd 8(%%rdi), %%xmm0; movlpd %%xmm1, (%%rdi)")                                                    \
    X(movups, 1, "movups 3(%%rdi), %%xmm0; movupd 1(%%rdi), %%xmm1; movups %%xmm1, 5(%%rdi)")                          \
    X(movaps, 1, "movaps (%%rdi), %%xmm0; movapd %%xmm0, %%xmm1; movaps %%xmm1, 16(%%rdi)")                            \
    X(movdqu, 1, "movdqu 3(%%rdi), %%xmm0; lddqu 1(%%rdi), %%xmm1; movdqu %%xmm1, 5(%%rdi)")                           \
    X(movnt, 1, "movntdqa (%%rdi), %%xmm0; movntdq %%xmm1, 16(%%rdi); movntps %%xmm0, (%%rdi)")                        \
    X(maskmovdqu, 1, "maskmovdqu %%xmm0, %%xmm1")                                                                      \
    INTEGER(X, movddup) INTEGER(X, movshdup) INTEGER(X, movsldup)                                                      \
    INTEGER(X, andps) INTEGER(X, andnps) INTEGER(X, orps) INTEGER(X, xorps)                                            \
    INTEGER(X, andpd) INTEGER(X, andnpd) INTEGER(X, orpd) INTEGER(X, xorpd)                                            \
    FLOATS(X, add) FLOATS(X, sub) FLOATS(X, mul) FLOATS(X, div) FLOATS(X, min) FLOATS(X, max) FLOATS(X, sqrt)          \
    FLOAT(X, haddps) FLOAT(X, haddpd) FLOAT(X, hsubps) FLOAT(X, hsubpd) FLOAT(X, addsubps) FLOAT(X, addsubpd)          \
    COMPARE(X, eq, 0) COMPARE(X, lt, 1) COMPARE(X, le, 2) COMPARE(X, unord, 3)                                         \
    COMPARE(X, neq, 4) COMPARE(X, nlt, 5) COMPARE(X, nle, 6) COMPARE(X, ord, 7)                                        \
    FLOAT(X, comiss) FLOAT(X, comisd) FLOAT(X, ucomiss) FLOAT(X, ucomisd)                                              \
    FLOAT(X, cvtdq2ps) FLOAT(X, cvtps2dq) FLOAT(X, cvttps2dq) FLOAT(X, cvtdq2pd) FLOAT(X, cvtpd2dq)                    \
    FLOAT(X, cvttpd2dq) FLOAT(X, cvtps2pd) FLOAT(X, cvtpd2ps) FLOAT(X, cvtss2sd) FLOAT(X, cvtsd2ss)                    \
    X(cvtsi2ss_l, 5, "cvtsi2ssl %%eax, %%xmm0; cvtsi2ssl (%%rdi), %%xmm1")                                             \
    X(cvtsi2ss_q, 5, "cvtsi2ssq %%rax, %%xmm0; cvtsi2ssq (%%rdi), %%xmm1")                                             \
    X(cvtsi2sd_l, 5, "cvtsi2sdl %%eax, %%xmm0; cvtsi2sdl (%%rdi), %%xmm1")                                             \
    X(cvtsi2sd_q, 5, "cvtsi2sdq %%rax, %%xmm0; cvtsi2sdq (%%rdi), %%xmm1")                                             \
    X(cvtss2si_l, 5, "cvtss2si %%xmm0, %%eax; cvtss2si (%%rdi), %%edx")                                                \
    X(cvtss2si_q, 5, "cvtss2si %%xmm0, %%rax; cvtss2si (%%rdi), %%rdx")                                                \
    X(cvtsd2si_l, 5, "cvtsd2si %%xmm0, %%eax; cvtsd2si (%%rdi), %%edx")                                                \
    X(cvtsd2si_q, 5, "cvtsd2si %%xmm0, %%rax; cvtsd2si (%%rdi), %%rdx")                                                \
    X(cvttss2si_l, 5, "cvttss2si %%xmm0, %%eax; cvttss2si (%%rdi), %%edx")                                             \
    X(cvttss2si_q, 5, "cvttss2si %%xmm0, %%rax; cvttss2si (%%rdi), %%rdx")                                             \
    X(cvttsd2si_l, 5, "cvttsd2si %%xmm0, %%eax; cvttsd2si (%%rdi), %%edx")                                             \
    X(cvttsd2si_q, 5, "cvttsd2si %%xmm0, %%rax; cvttsd2si (%%rdi), %%rdx")                                             \
    X(cvtpi2ps, 5, "movdq2q %%xmm1, %%mm1; cvtpi2ps %%mm1, %%xmm0; emms")                                              \
    X(cvtpi2pd, 5, "movdq2q %%xmm1, %%mm1; cvtpi2pd %%mm1, %%xmm0; emms")                                              \
    X(cvtps2pi, 5, "cvtps2pi %%xmm1, %%mm1; cvttps2pi %%xmm0, %%mm0; movq %%mm1, (%%rdi); movq %%mm0, 8(%%rdi); emms") \
    X(cvtpd2pi, 5, "cvtpd2pi %%xmm1, %%mm1; cvttpd2pi %%xmm0, %%mm0; movq %%mm1, (%%rdi); movq %%mm0, 8(%%rdi); emms") \
    ROUNDED(X, roundps, near, 0) ROUNDED(X, roundps, down, 1) ROUNDED(X, roundps, up, 2) ROUNDED(X, roundps, zero, 3)  \
    ROUNDED(X, roundps, mode, 4) ROUNDED(X, roundps, quiet, 12)                                                        \
    ROUNDED(X, roundpd, near, 0) ROUNDED(X, roundpd, down, 9) ROUNDED(X, roundpd, up, 2) ROUNDED(X, roundpd, zero, 3)  \
    ROUNDED(X, roundss, near, 8) ROUNDED(X, roundss, down, 1) ROUNDED(X, roundss, mode, 4)                             \
    ROUNDED(X, roundsd, near, 0) ROUNDED(X, roundsd, up, 10) ROUNDED(X, roundsd, mode, 4)                              \
    ROUNDED(X, dpps, f1, 0xf1) ROUNDED(X, dpps, 7e, 0x7e) ROUNDED(X, dppd, 31, 0x31) ROUNDED(X, dppd, 13, 0x13)        \
    TEXT(X, 00, 0x00) TEXT(X, 18, 0x18) TEXT(X, 44, 0x44) TEXT(X, 2d, 0x2d) TEXT(X, 3a, 0x3a) TEXT(X, 75, 0x75)        \
    TEXT(X, 0c, 0x0c) TEXT(X, 4c, 0x4c) TEXT(X, 06, 0x06) TEXT(X, 61, 0x61)

#define FUNCTION(name, modes, code)                                                                                    \
    static void step_##name(struct state *s) {                                                                         \
        uint32_t normal = 0x1f80;                                                                                      \
        __asm__ volatile("ldmxcsr %[mxcsr]\n\tmovdqa (%%rsi), %%xmm0\n\tmovdqa 16(%%rsi), %%xmm1\n\tpushq $2\n\tpopfq\n\t"   \
                         code "\n\tpushfq\n\tpopq %[flags]\n\tmovdqa %%xmm0, (%%rsi)\n\tmovdqa %%xmm1, 16(%%rsi)\n\t"  \
                         "stmxcsr %[mxcsr]\n\tldmxcsr %[normal]"                                                       \
                         : "+a"(s->rax), "+d"(s->rdx), [flags] "+r"(s->flags), [mxcsr] "+m"(s->mxcsr)                  \
                         : "S"(&s->a), "D"(&s->memory), [normal] "m"(normal)                                           \
                         : "rcx", "memory", "cc");                                                                     \
    }                                                                                                                  \
    static void run_##name(void) { sweep(step_##name, modes); }
CASES(FUNCTION)

#define ENTRY(name, modes, ...) {#name, run_##name, modes > 1},
const struct known_case known_cases[] = {CASES(ENTRY)};
const unsigned known_count = sizeof known_cases / sizeof *known_cases;

#ifndef KNOWN_NATIVE
const uint64_t known_expected[] = {
#include "simd.expected"
};
#endif
