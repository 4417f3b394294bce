// The integer instructions: results, flags, partial registers, memory and locked forms. Flags that the manuals leave
// undefined are masked out.
#include "known.h"

#ifndef KNOWN_NATIVE
const char test_name[] = "integers";
#endif

static const uint64_t edges[] = {
    0, 1, 2, 3, 7, 8, 0xf, 0x10, 0x7f, 0x80, 0x81, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000,
    0xffffffff, 0x100000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 0xfffffffffffffffe,
    0x0123456789abcdef, 0xfedcba9876543210, 0x5555aaaa5555aaaa,
};
#define EDGES (sizeof edges / sizeof *edges)
// Shift counts; upper bits of rcx must not matter.
static const uint64_t counts[EDGES] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 16, 17, 18, 24, 25, 31, 32, 33, 63, 64, 65, 127, 128, 255, 0xffffff01, 0x123456789c,
};
static const uint64_t flag_sets[] = {0, FLAGS, CF};

struct __attribute__((aligned(16))) state {
    uint64_t a, b, c, d, flags, unused; // rax, rbx, rcx, rdx
    uint64_t memory[8]; // rdi points to the fifth, at a multiple of 16; rsi to the first
};

typedef void (*step)(struct state *);

static void report(struct state *s, unsigned mask) {
    s->flags &= mask;
    known_result(&s->a, 14);
}

// rax and the memory run over all edges, rdx over all, rcx over the shift counts; the flags before change with them.
static void sweep(step run, unsigned mask) {
    for (unsigned i = 0; i < EDGES; i++) {
        for (unsigned j = 0; j < EDGES; j++) {
            struct state s = {edges[i], edges[j] ^ 0x1111, counts[j], edges[j], flag_sets[(i + j) % 3] | 2, 0,
                              {3, 5, 7, 11, edges[i] * 3, edges[j], 13, 17}};
            if (j & 1) s.memory[4] = edges[i];
            run(&s);
            report(&s, mask);
        }
    }
}

// The same for divisions: only operands whose quotient fits. Divisor in rbx, dividend in rdx:rax.
static void sweep_divide(step run, unsigned bits, bool is_signed) {
    for (unsigned i = 0; i < EDGES; i++) {
        for (unsigned j = 0; j < EDGES; j++) {
            unsigned shift = 64 - bits;
            uint64_t low = edges[i], divisor = edges[j], mask = bits == 64 ? ~0ull : (1ull << bits) - 1;
            int64_t signed_low = (int64_t)(low << shift) >> shift, signed_divisor = (int64_t)(divisor << shift) >> shift;
            if (!(divisor & mask)) continue;
            for (unsigned wide = 0; wide < 2; wide++) {
                uint64_t high;
                if (is_signed) {
                    if (signed_divisor == -1 && signed_low == INT64_MIN >> shift) continue;
                    if (wide && signed_divisor > -8 && signed_divisor < 8) continue;
                    high = (uint64_t)(wide ? signed_divisor >> 2 : signed_low >> 63);
                } else {
                    high = wide ? (divisor & mask) >> 1 : 0;
                }
                struct state s = {low, divisor, 0x3333333333333333, high, 2, 0, {0}};
                if (bits == 8) s.a = (low & 0xff) | (high & 0xff) << 8 | 0x7654321000000000;
                run(&s);
                report(&s, 0);
            }
        }
    }
}

#define ALL FLAGS
#define LOGIC (FLAGS & ~AF)
#define SZP (SF | ZF | PF)

#define BINARY(X, op, mask)                                                                                            \
    X(op##_b, mask, #op "b %%dl, %%al")                                                                                \
    X(op##_w, mask, #op "w %%dx, %%ax")                                                                                \
    X(op##_l, mask, #op "l %%edx, %%eax")                                                                              \
    X(op##_q, mask, #op "q %%rdx, %%rax")                                                                              \
    X(op##_b_high, mask, #op "b %%ah, %%dl")                                                                           \
    X(op##_b_to_high, mask, #op "b %%dl, %%ah")                                                                        \
    X(op##_b_store, mask, #op "b %%dl, (%%rdi)")                                                                       \
    X(op##_w_store, mask, #op "w %%dx, (%%rdi)")                                                                       \
    X(op##_l_store, mask, #op "l %%edx, (%%rdi)")                                                                      \
    X(op##_q_store, mask, #op "q %%rdx, (%%rdi)")                                                                      \
    X(op##_b_imm, mask, #op "b $0x81, %%bl")                                                                           \
    X(op##_b_imm_al, mask, #op "b $0x81, %%al")                                                                        \
    X(op##_w_imm, mask, #op "w $0x8001, %%bx")                                                                         \
    X(op##_l_imm, mask, #op "l $0x80000001, %%ebx")                                                                    \
    X(op##_l_imm_eax, mask, #op "l $0x80000001, %%eax")                                                                \
    X(op##_q_imm, mask, #op "q $-0x7ffffff1, %%rbx")                                                                   \
    X(op##_b_imm_store, mask, #op "b $0x7f, 1(%%rdi)")                                                                 \
    X(op##_w_imm_store, mask, #op "w $0x7f01, 3(%%rdi)")                                                               \
    X(op##_q_imm_store, mask, #op "q $0x12345678, (%%rdi)")

#define ARITHMETIC(X, op, mask)                                                                                        \
    BINARY(X, op, mask)                                                                                                \
    X(op##_b_load, mask, #op "b (%%rdi), %%al")                                                                        \
    X(op##_w_load, mask, #op "w (%%rdi), %%ax")                                                                        \
    X(op##_l_load, mask, #op "l (%%rdi), %%eax")                                                                       \
    X(op##_q_load, mask, #op "q (%%rdi), %%rax")                                                                       \
    X(op##_w_imm8, mask, #op "w $-2, %%ax")                                                                            \
    X(op##_l_imm8, mask, #op "l $-2, %%eax")                                                                           \
    X(op##_q_imm8, mask, #op "q $-2, %%rax")                                                                           \
    X(op##_l_imm8_store, mask, #op "l $-3, (%%rdi)")

#define LOCKED(X, op, mask)                                                                                            \
    X(op##_b_lock, mask, "lock; " #op "b %%dl, (%%rdi)")                                                               \
    X(op##_w_lock, mask, "lock; " #op "w %%dx, (%%rdi)")                                                               \
    X(op##_l_lock, mask, "lock; " #op "l %%edx, (%%rdi)")                                                              \
    X(op##_q_lock, mask, "lock; " #op "q %%rdx, (%%rdi)")                                                              \
    X(op##_q_lock_split, mask, "lock; " #op "q $3, 5(%%rdi)")

#define UNARY(X, op, mask)                                                                                             \
    X(op##_b, mask, #op "b %%al")                                                                                      \
    X(op##_b_high, mask, #op "b %%dh")                                                                                 \
    X(op##_w, mask, #op "w %%ax")                                                                                      \
    X(op##_l, mask, #op "l %%eax")                                                                                     \
    X(op##_q, mask, #op "q %%rax")                                                                                     \
    X(op##_b_store, mask, #op "b (%%rdi)")                                                                             \
    X(op##_w_store, mask, #op "w (%%rdi)")                                                                             \
    X(op##_l_store, mask, #op "l (%%rdi)")                                                                             \
    X(op##_q_store, mask, #op "q (%%rdi)")                                                                             \
    X(op##_l_lock, mask, "lock; " #op "l (%%rdi)")

// For a count of 0 nothing changes; else OF is defined for a count of 1, CF for counts below the width.
#define SHIFT(X, op, keep, one, narrow, wide)                                                                          \
    X(op##_b_cl, keep | narrow, #op "b %%cl, %%al")                                                                    \
    X(op##_w_cl, keep | narrow, #op "w %%cl, %%ax")                                                                    \
    X(op##_l_cl, keep | wide, #op "l %%cl, %%eax")                                                                     \
    X(op##_q_cl, keep | wide, #op "q %%cl, %%rax")                                                                     \
    X(op##_b_cl_high, keep | narrow, #op "b %%cl, %%ah")                                                               \
    X(op##_b_1, keep | one, #op "b %%al")                                                                              \
    X(op##_w_1, keep | one, #op "w %%ax")                                                                              \
    X(op##_l_1, keep | one, #op "l %%eax")                                                                             \
    X(op##_q_1, keep | one, #op "q %%rax")                                                                             \
    X(op##_b_imm, keep | wide, #op "b $3, %%al")                                                                       \
    X(op##_w_imm, keep | wide, #op "w $3, %%ax")                                                                       \
    X(op##_l_imm, keep | wide, #op "l $33, %%eax")                                                                     \
    X(op##_q_imm, keep | wide, #op "q $33, %%rax")                                                                     \
    X(op##_l_0, FLAGS, #op "l $32, %%eax")                                                                             \
    X(op##_q_0, FLAGS, "movb $64, %%cl; " #op "q %%cl, %%rax")                                                         \
    X(op##_b_cl_store, keep | narrow, #op "b %%cl, (%%rdi)")                                                           \
    X(op##_w_cl_store, keep | narrow, #op "w %%cl, (%%rdi)")                                                           \
    X(op##_l_cl_store, keep | wide, #op "l %%cl, (%%rdi)")                                                             \
    X(op##_q_cl_store, keep | wide, #op "q %%cl, (%%rdi)")                                                             \
    X(op##_q_imm_store, keep | wide, #op "q $17, (%%rdi)")                                                             \
    X(op##_l_1_store, keep | one, #op "l (%%rdi)")

#define DOUBLE_SHIFT(X, op)                                                                                            \
    X(op##_w_imm, CF | SZP, #op "w $5, %%dx, %%ax")                                                                    \
    X(op##_l_imm, CF | SZP, #op "l $29, %%edx, %%eax")                                                                 \
    X(op##_q_imm, CF | SZP, #op "q $45, %%rdx, %%rax")                                                                 \
    X(op##_q_1, CF | SZP | OF, #op "q $1, %%rdx, %%rax")                                                               \
    X(op##_l_cl, CF | SZP, #op "l %%cl, %%edx, %%eax")                                                                 \
    X(op##_q_cl, CF | SZP, #op "q %%cl, %%rdx, %%rax")                                                                 \
    X(op##_q_0, FLAGS, #op "q $64, %%rdx, %%rax")                                                                      \
    X(op##_l_0, FLAGS, #op "l $32, %%edx, %%eax")                                                                      \
    X(op##_w_store, CF | SZP, #op "w $7, %%dx, (%%rdi)")                                                               \
    X(op##_l_store, CF | SZP, #op "l %%cl, %%edx, (%%rdi)")                                                            \
    X(op##_q_store, CF | SZP, #op "q %%cl, %%rdx, (%%rdi)")

#define BIT(X, op)                                                                                                     \
    X(op##_w, CF, #op "w %%dx, %%ax")                                                                                  \
    X(op##_l, CF, #op "l %%edx, %%eax")                                                                                \
    X(op##_q, CF, #op "q %%rdx, %%rax")                                                                                \
    X(op##_w_imm, CF, #op "w $9, %%ax")                                                                                \
    X(op##_l_imm, CF, #op "l $41, %%eax")                                                                              \
    X(op##_q_imm, CF, #op "q $41, %%rax")                                                                              \
    X(op##_q_imm_store, CF, #op "q $63, (%%rdi)")                                                                      \
    X(op##_l_imm_store, CF, #op "l $35, (%%rdi)")                                                                      \
    X(op##_w_store, CF, "movsbw %%dl, %%bx; " #op "w %%bx, (%%rdi)")                                                   \
    X(op##_l_store, CF, "movsbl %%dl, %%ebx; " #op "l %%ebx, (%%rdi)")                                                 \
    X(op##_q_store, CF, "movsbq %%dl, %%rbx; " #op "q %%rbx, (%%rdi)")

#define CONDITION(X, cc)                                                                                               \
    X(set##cc, ALL, "set" #cc " %%al")                                                                                 \
    X(set##cc##_store, ALL, "set" #cc " (%%rdi)")                                                                      \
    X(cmov##cc##_w, ALL, "cmov" #cc "w %%dx, %%ax")                                                                    \
    X(cmov##cc##_l, ALL, "cmov" #cc "l %%edx, %%eax")                                                                  \
    X(cmov##cc##_q, ALL, "cmov" #cc "q %%rdx, %%rax")                                                                  \
    X(cmov##cc##_l_load, ALL, "cmov" #cc "l (%%rdi), %%eax")                                                           \
    X(j##cc, ALL, "j" #cc " 1f; notq %%rax; 1:")                                                                       \
    X(j##cc##_near, ALL, "j" #cc " 1f; notq %%rax; jmp 1f; .skip 130; 1:")                                          \
    X(cmp_j##cc, ALL, "cmpq %%rdx, %%rax; j" #cc " 1f; notq %%rax; 1:")                                                \
    X(cmp_l_j##cc, ALL, "cmpl %%edx, %%eax; j" #cc " 1f; notq %%rax; 1:")                                              \
    X(cmp_w_j##cc, ALL, "cmpw %%dx, %%ax; j" #cc " 1f; notq %%rax; 1:")                                                \
    X(cmp_b_j##cc, ALL, "cmpb %%dl, %%al; j" #cc " 1f; notq %%rax; 1:")                                                \
    X(test_j##cc, LOGIC, "testq %%rdx, %%rax; j" #cc " 1f; notq %%rax; 1:")                                            \
    X(add_j##cc, ALL, "addl %%edx, %%eax; j" #cc " 1f; notq %%rax; 1:")                                                \
    X(dec_j##cc, ALL, "decq %%rax; j" #cc " 1f; notq %%rax; 1:")                                                       \
    X(shl_j##cc, SZP | CF, "shlq $1, %%rax; set" #cc " %%bl; j" #cc " 1f; notq %%rax; 1:")                             \
    X(neg_set##cc, ALL, "negw %%ax; set" #cc " %%bl")

#define CASES(X)                                                                                                       \
    ARITHMETIC(X, add, ALL)                                                                                            \
    ARITHMETIC(X, adc, ALL)                                                                                            \
    ARITHMETIC(X, sub, ALL)                                                                                            \
    ARITHMETIC(X, sbb, ALL)                                                                                            \
    ARITHMETIC(X, cmp, ALL)                                                                                            \
    ARITHMETIC(X, and, LOGIC)                                                                                          \
    ARITHMETIC(X, or, LOGIC)                                                                                           \
    ARITHMETIC(X, xor, LOGIC)                                                                                          \
    BINARY(X, test, LOGIC)                                                                                             \
    LOCKED(X, add, ALL)                                                                                                \
    LOCKED(X, adc, ALL)                                                                                                \
    LOCKED(X, sub, ALL)                                                                                                \
    LOCKED(X, sbb, ALL)                                                                                                \
    LOCKED(X, and, LOGIC)                                                                                              \
    LOCKED(X, or, LOGIC)                                                                                               \
    LOCKED(X, xor, LOGIC)                                                                                              \
    UNARY(X, inc, ALL)                                                                                                 \
    UNARY(X, dec, ALL)                                                                                                 \
    UNARY(X, neg, ALL)                                                                                                 \
    UNARY(X, not, ALL)                                                                                                 \
    SHIFT(X, rol, SZP | AF, CF | OF, CF, CF)                                                                           \
    SHIFT(X, ror, SZP | AF, CF | OF, CF, CF)                                                                           \
    SHIFT(X, rcl, SZP | AF, CF | OF, CF, CF)                                                                           \
    SHIFT(X, rcr, SZP | AF, CF | OF, CF, CF)                                                                           \
    SHIFT(X, shl, SZP, CF | OF, 0, CF)                                                                                 \
    SHIFT(X, shr, SZP, CF | OF, 0, CF)                                                                                 \
    SHIFT(X, sar, SZP, CF | OF, CF, CF)                                                                                \
    DOUBLE_SHIFT(X, shld)                                                                                              \
    DOUBLE_SHIFT(X, shrd)                                                                                              \
    BIT(X, bt)                                                                                                         \
    BIT(X, bts)                                                                                                        \
    BIT(X, btr)                                                                                                        \
    BIT(X, btc)                                                                                                        \
    X(bts_l_lock, CF, "lock; btsl $7, (%%rdi)")                                                                        \
    X(btr_q_lock, CF, "movsbq %%dl, %%rbx; lock; btrq %%rbx, (%%rdi)")                                                 \
    X(btc_q_lock, CF, "movsbq %%dl, %%rbx; lock; btcq %%rbx, (%%rdi)")                                                 \
    X(bsf_w, ZF, "orw $0x4000, %%dx; bsfw %%dx, %%ax")                                                                 \
    X(bsf_l, ZF, "orl $0x40000000, %%edx; bsfl %%edx, %%eax")                                                          \
    X(bsf_q, ZF, "btsq $62, %%rdx; bsfq %%rdx, %%rax")                                                                 \
    X(bsr_w, ZF, "orw $1, %%dx; bsrw %%dx, %%ax")                                                                      \
    X(bsr_l, ZF, "orl $1, %%edx; bsrl %%edx, %%eax")                                                                   \
    X(bsr_q, ZF, "orq $1, %%rdx; bsrq %%rdx, %%rax")                                                                   \
    X(bsf_q_load, ZF, "orq $2, (%%rdi); bsfq (%%rdi), %%rax")                                                          \
    X(bsf_q_zero, ZF, "xorl %%edx, %%edx; bsfq %%rdx, %%rax")                                                          \
    X(bsr_q_zero, ZF, "xorl %%edx, %%edx; bsrq %%rdx, %%rax")                                                          \
    X(popcnt_w, ALL, "popcntw %%dx, %%ax")                                                                             \
    X(popcnt_l, ALL, "popcntl %%edx, %%eax")                                                                           \
    X(popcnt_q, ALL, "popcntq %%rdx, %%rax")                                                                           \
    X(popcnt_q_load, ALL, "popcntq (%%rdi), %%rax")                                                                    \
    X(crc32_b, ALL, "crc32b %%dl, %%eax")                                                                              \
    X(crc32_w, ALL, "crc32w %%dx, %%eax")                                                                              \
    X(crc32_l, ALL, "crc32l %%edx, %%eax")                                                                             \
    X(crc32_q, ALL, "crc32q %%rdx, %%rax")                                                                             \
    X(crc32_b_q, ALL, "crc32b %%dl, %%rax")                                                                            \
    X(mul_b, CF | OF, "mulb %%dl")                                                                                     \
    X(mul_b_high, CF | OF, "mulb %%dh")                                                                                \
    X(mul_w, CF | OF, "mulw %%bx")                                                                                     \
    X(mul_l, CF | OF, "mull %%ebx")                                                                                    \
    X(mul_q, CF | OF, "mulq %%rbx")                                                                                    \
    X(mul_q_load, CF | OF, "mulq (%%rdi)")                                                                             \
    X(imul_b, CF | OF, "imulb %%dl")                                                                                   \
    X(imul_w, CF | OF, "imulw %%bx")                                                                                   \
    X(imul_l, CF | OF, "imull %%ebx")                                                                                  \
    X(imul_q, CF | OF, "imulq %%rbx")                                                                                  \
    X(imul2_w, CF | OF, "imulw %%dx, %%ax")                                                                            \
    X(imul2_l, CF | OF, "imull %%edx, %%eax")                                                                          \
    X(imul2_q, CF | OF, "imulq %%rdx, %%rax")                                                                          \
    X(imul2_l_load, CF | OF, "imull (%%rdi), %%eax")                                                                   \
    X(imul3_w, CF | OF, "imulw $0x1234, %%dx, %%ax")                                                                   \
    X(imul3_l, CF | OF, "imull $-0x12345, %%edx, %%eax")                                                               \
    X(imul3_q, CF | OF, "imulq $-0x12345, %%rdx, %%rax")                                                               \
    X(imul3_w_imm8, CF | OF, "imulw $-3, %%dx, %%ax")                                                                  \
    X(imul3_l_imm8, CF | OF, "imull $-3, %%edx, %%eax")                                                                \
    X(imul3_q_imm8, CF | OF, "imulq $-3, (%%rdi), %%rax")                                                              \
    X(cbw, ALL, "cbtw")                                                                                                \
    X(cwde, ALL, "cwtl")                                                                                               \
    X(cdqe, ALL, "cltq")                                                                                               \
    X(cwd, ALL, "cwtd")                                                                                                \
    X(cdq, ALL, "cltd")                                                                                                \
    X(cqo, ALL, "cqto")                                                                                                \
    X(movzx_bw, ALL, "movzbw %%dl, %%ax")                                                                              \
    X(movzx_bl, ALL, "movzbl %%dh, %%eax")                                                                             \
    X(movzx_bq, ALL, "movzbq %%dl, %%rax")                                                                             \
    X(movzx_wl, ALL, "movzwl %%dx, %%eax")                                                                             \
    X(movzx_wq, ALL, "movzwq %%dx, %%rax")                                                                             \
    X(movzx_bl_load, ALL, "movzbl (%%rdi), %%eax")                                                                     \
    X(movzx_wl_load, ALL, "movzwl 1(%%rdi), %%eax")                                                                    \
    X(movsx_bw, ALL, "movsbw %%dl, %%ax")                                                                              \
    X(movsx_bl, ALL, "movsbl %%dh, %%eax")                                                                             \
    X(movsx_bq, ALL, "movsbq %%dl, %%rax")                                                                             \
    X(movsx_wl, ALL, "movswl %%dx, %%eax")                                                                             \
    X(movsx_wq, ALL, "movswq %%dx, %%rax")                                                                             \
    X(movsxd, ALL, "movslq %%edx, %%rax")                                                                              \
    X(movsxd_load, ALL, "movslq (%%rdi), %%rax")                                                                       \
    X(movsx_bq_load, ALL, "movsbq (%%rdi), %%rax")                                                                     \
    X(bswap_l, ALL, "bswapl %%eax")                                                                                    \
    X(bswap_q, ALL, "bswapq %%rax")                                                                                    \
    X(mov_b, ALL, "movb %%dl, %%al")                                                                                   \
    X(mov_b_high, ALL, "movb %%dh, %%ah")                                                                              \
    X(mov_w, ALL, "movw %%dx, %%ax")                                                                                   \
    X(mov_l, ALL, "movl %%edx, %%eax")                                                                                 \
    X(mov_l_self, ALL, "movl %%eax, %%eax")                                                                            \
    X(mov_b_imm, ALL, "movb $0x9a, %%ch")                                                                              \
    X(mov_w_imm, ALL, "movw $0x9abc, %%cx")                                                                            \
    X(mov_l_imm, ALL, "movl $0x9abcdef0, %%ecx")                                                                       \
    X(mov_q_imm32, ALL, "movq $-0x65432110, %%rcx")                                                                    \
    X(movabs, ALL, "movabsq $0x9abcdef012345678, %%rcx")                                                               \
    X(mov_b_imm_store, ALL, "movb $0x9a, (%%rdi)")                                                                     \
    X(mov_w_imm_store, ALL, "movw $0x9abc, (%%rdi)")                                                                   \
    X(mov_l_imm_store, ALL, "movl $0x9abcdef0, (%%rdi)")                                                               \
    X(mov_q_imm_store, ALL, "movq $-0x65432110, (%%rdi)")                                                              \
    X(mov_b_store_high, ALL, "movb %%dh, 1(%%rdi)")                                                                    \
    X(mov_w_store, ALL, "movw %%dx, 1(%%rdi)")                                                                         \
    X(mov_l_load, ALL, "movl (%%rdi), %%eax")                                                                          \
    X(mov_b_load, ALL, "movb (%%rdi), %%ah")                                                                           \
    X(mov_rex_low, ALL, "movq %%rsi, %%rbx; movq %%rdx, %%rsi; movb %%sil, %%al; movb %%dl, %%sil; xorq %%rsi, %%rdx; "  \
                        "movq %%rbx, %%rsi; xorl %%ebx, %%ebx; testb %%al, %%al")                                        \
    X(movnti, ALL, "movnti %%rdx, (%%rdi); movnti %%eax, 8(%%rdi)")                                                    \
    X(lea_1, ALL, "leaq 3(%%rax,%%rdx,1), %%rbx")                                                                      \
    X(lea_2, ALL, "leaq -5(%%rax,%%rdx,2), %%rbx")                                                                     \
    X(lea_4, ALL, "leaq 0x12345(,%%rdx,4), %%rbx")                                                                     \
    X(lea_8, ALL, "leaq (%%rax,%%rdx,8), %%rbx")                                                                       \
    X(lea_l, ALL, "leal 7(%%rax,%%rdx,4), %%ebx")                                                                      \
    X(lea_w, ALL, "leaw 7(%%rax,%%rdx,4), %%bx")                                                                       \
    X(lea_32, ALL, "leaq -7(%%eax,%%edx,2), %%rbx")                                                                    \
    X(xchg_b, ALL, "xchgb %%ah, %%dl")                                                                                 \
    X(xchg_w, ALL, "xchgw %%ax, %%dx")                                                                                 \
    X(xchg_l, ALL, "xchgl %%eax, %%edx")                                                                               \
    X(xchg_q, ALL, "xchgq %%rbx, %%rdx")                                                                               \
    X(xchg_l_store, ALL, "xchgl %%edx, (%%rdi)")                                                                       \
    X(xchg_b_store, ALL, "xchgb %%dh, (%%rdi)")                                                                        \
    X(nop_90, ALL, "nop; xchgw %%ax, %%ax; pause; nopl 8(%%rax,%%rax)")                                                \
    X(xchg_r8, ALL, "movq %%rdx, %%r9; xchgq %%rax, %%r9; movq %%r9, %%rdx")                                           \
    X(xadd_b, ALL, "xaddb %%dl, %%al")                                                                                 \
    X(xadd_w, ALL, "xaddw %%dx, %%ax")                                                                                 \
    X(xadd_l, ALL, "xaddl %%edx, %%eax")                                                                               \
    X(xadd_q, ALL, "xaddq %%rdx, %%rax")                                                                               \
    X(xadd_self, ALL, "xaddq %%rax, %%rax")                                                                            \
    X(xadd_q_lock, ALL, "lock; xaddq %%rdx, (%%rdi)")                                                                  \
    X(xadd_l_lock, ALL, "lock; xaddl %%edx, (%%rdi)")                                                                  \
    X(cmpxchg_b, ALL, "cmpxchgb %%cl, %%dl")                                                                           \
    X(cmpxchg_w, ALL, "cmpxchgw %%cx, %%dx")                                                                           \
    X(cmpxchg_l, ALL, "cmpxchgl %%ecx, %%edx")                                                                         \
    X(cmpxchg_q, ALL, "cmpxchgq %%rcx, %%rdx")                                                                         \
    X(cmpxchg_b_lock, ALL, "lock; cmpxchgb %%cl, (%%rdi)")                                                             \
    X(cmpxchg_w_lock, ALL, "lock; cmpxchgw %%cx, (%%rdi)")                                                             \
    X(cmpxchg_l_lock, ALL, "lock; cmpxchgl %%ecx, (%%rdi)")                                                            \
    X(cmpxchg_q_lock, ALL, "lock; cmpxchgq %%rcx, (%%rdi)")                                                            \
    X(cmpxchg8b, ALL, "movq %%rax, %%rdx; shrq $32, %%rdx; pushq %%r8; popfq; lock; cmpxchg8b (%%rdi)")                \
    X(cmpxchg16b, ALL, "lock; cmpxchg16b (%%rdi)")                                                                     \
    X(cmpxchg16b_hit, ALL, "movq 8(%%rdi), %%rdx; movq (%%rdi), %%rax; lock; cmpxchg16b (%%rdi)")                      \
    X(lahf, ALL, "lahf")                                                                                               \
    X(sahf, ALL, "sahf")                                                                                               \
    X(clc, ALL, "clc")                                                                                                 \
    X(stc, ALL, "stc")                                                                                                 \
    X(cmc, ALL, "cmc")                                                                                                 \
    X(pushf_image, ALL, "addq %%rdx, %%rax; pushfq; popq %%rbx; andl $0x8d5, %%ebx; movq %%rbx, %%rcx")                \
    X(popf, ALL, "movq %%rax, %%rbx; andl $0x8d5, %%ebx; pushq %%rbx; popfq")                                          \
    X(push_pop_w, ALL, "pushw %%dx; pushw %%ax; pushw %%cx; pushw %%dx; popq %%rbx; pushq %%rbx; popw %%cx; popw %%ax; "\
                       "leaq 4(%%rsp), %%rsp; pushq %%rax; popw (%%rdi); popw %%dx; popw 8(%%rdi); popw 10(%%rdi)")    \
    X(push_imm, ALL, "pushq $-5; popq %%rbx; pushq $0x12345678; popq %%rcx; pushw $-7; popw %%ax")                     \
    X(push_pop_store, ALL, "pushq (%%rdi); popq 8(%%rdi); pushq %%rax; popq (%%rdi)")                                  \
    X(push_rsp, ALL, "movq %%rsp, %%rbx; pushq %%rsp; popq %%rcx; subq %%rsp, %%rbx; subq %%rsp, %%rcx")               \
    X(pop_rsp, ALL, "movq %%rsp, %%rbx; pushq %%rbx; popq %%rsp; subq %%rsp, %%rbx")                                   \
    X(enter_leave, ALL, "movq %%rsp, %%rbx; pushq %%rbp; enter $32, $0; movq %%rsp, %%rcx; subq %%rbx, %%rcx; leave; "   \
                        "popq %%rbp; subq %%rsp, %%rbx")                                                               \
    X(call_ret, ALL, "movq %%rsp, %%rbx; call 1f; jmp 2f; 1: incq %%rax; ret; 2: subq %%rsp, %%rbx")                   \
    X(ret_imm, ALL, "movq %%rsp, %%rbx; pushq %%rax; pushq %%rax; call 1f; jmp 2f; 1: incq %%rax; ret $16; "           \
                    "2: subq %%rsp, %%rbx")                                                                            \
    X(call_register, ALL, "leaq 1f(%%rip), %%rbx; call *%%rbx; jmp 2f; 1: incq %%rax; ret; 2: xorl %%ebx, %%ebx")      \
    X(jmp_register, ALL, "leaq 1f(%%rip), %%rbx; jmp *%%rbx; incq %%rax; 1: xorl %%ebx, %%ebx")                        \
    X(jrcxz, ALL, "jrcxz 1f; notq %%rax; 1:")                                                                          \
    X(jecxz, SZP | CF, "shlq $31, %%rcx; jecxz 1f; notq %%rax; 1:")                                                         \
    X(loop, ALL, "andl $15, %%ecx; incl %%ecx; 1: addq %%rdx, %%rax; loop 1b")                                         \
    X(loope, ALL, "andl $15, %%ecx; incl %%ecx; 1: shrq $1, %%rdx; testb $1, %%dl; loope 1b; testb $1, %%dl")          \
    X(loopne, ALL, "andl $15, %%ecx; incl %%ecx; 1: shrq $1, %%rdx; testb $1, %%dl; loopne 1b; testb $1, %%dl")        \
    X(xlat, ALL, "movq %%rdi, %%rbx; andl $15, %%eax; xlatb; xorl %%ebx, %%ebx")                                       \
    X(add_chain, ALL, "addq %%rdx, (%%rdi); adcq %%rdx, 8(%%rdi); adcq $-1, 16(%%rdi); adcl %%edx, 24(%%rdi); "        \
                      "adcw %%dx, %%ax; adcb $0, %%bl")                                                                \
    X(sub_chain, ALL, "subq %%rdx, (%%rdi); sbbq %%rdx, 8(%%rdi); sbbq $-1, 16(%%rdi); sbbl %%edx, 24(%%rdi); "        \
                      "sbbw %%dx, %%ax; sbbb $0, %%bl; sbbq %%rcx, %%rcx")                                             \
    X(inc_keeps_carry, ALL, "addl %%edx, %%eax; incq %%rbx; adcq $0, %%rcx")                                           \
    X(dec_keeps_carry, ALL, "subl %%edx, %%eax; decl %%ebx; adcq $0, %%rcx")                                           \
    X(rcl_chain, SZP | AF | CF, "addl %%edx, %%eax; rclq $1, %%rbx; rclq $1, %%rcx; rcrl $1, %%eax; rcrw $1, %%dx")    \
    X(partial_al, ALL, "movb $0x11, %%al; movq %%rax, %%rbx; movb $0x22, %%ah; movq %%rax, %%rcx; movw $0x3344, %%ax")  \
    X(partial_l, ALL, "movl %%eax, %%eax; xorb %%ah, %%al; movq %%rax, %%rbx; addw %%dx, %%ax; addl $0, %%edx")        \
    X(partial_mix, ALL, "movb %%al, %%bh; movb %%ah, %%bl; movw %%bx, %%cx; addb %%ch, %%dl; adcb %%dh, %%cl")         \
    X(r8_to_r15, ALL, "movq %%rax, %%r9; movq %%rdx, %%r10; addl %%r10d, %%r9d; movq %%r9, %%rbx; subw %%r10w, %%r9w; " \
                      "movq %%r9, %%rcx; xorb %%r10b, %%r9b; movq %%r9, %%rax; imulq %%r9, %%r10; movq %%r10, %%rdx; " \
                      "cmpq %%rax, %%rdx")                                                                             \
    X(r12_r13_base, ALL, "movq %%rdi, %%r12; movq %%rdi, %%r13; movq (%%r12), %%rax; movq 8(%%r13), %%rbx; "           \
                         "movq (%%r13), %%rcx; movl $1, %%r9d; movq (%%r12,%%r9,8), %%rdx")                            \
    X(address_32, ALL, "pushq %%rdi; movabsq $0x1234500000000, %%rbx; leaq (%%rbx,%%rax), %%rcx; leal (%%ecx), %%ebx; "  \
                       "popq %%rdi; leaq -1(%%eax), %%rdx")                                                            \
    CONDITION(X, o)                                                                                                    \
    CONDITION(X, no)                                                                                                   \
    CONDITION(X, b)                                                                                                    \
    CONDITION(X, ae)                                                                                                   \
    CONDITION(X, e)                                                                                                    \
    CONDITION(X, ne)                                                                                                   \
    CONDITION(X, be)                                                                                                   \
    CONDITION(X, a)                                                                                                    \
    CONDITION(X, s)                                                                                                    \
    CONDITION(X, ns)                                                                                                   \
    CONDITION(X, p)                                                                                                    \
    CONDITION(X, np)                                                                                                   \
    CONDITION(X, l)                                                                                                    \
    CONDITION(X, ge)                                                                                                   \
    CONDITION(X, le)                                                                                                   \
    CONDITION(X, g)

#define DIVISIONS(X)                                                                                                   \
    X(div_b, 8, false, "divb %%bl")                                                                                    \
    X(div_w, 16, false, "divw %%bx")                                                                                   \
    X(div_l, 32, false, "divl %%ebx")                                                                                  \
    X(div_q, 64, false, "divq %%rbx")                                                                                  \
    X(idiv_b, 8, true, "idivb %%bl")                                                                                   \
    X(idiv_w, 16, true, "idivw %%bx")                                                                                  \
    X(idiv_l, 32, true, "idivl %%ebx")                                                                                 \
    X(idiv_q, 64, true, "idivq %%rbx")

#define BODY(name, code)                                                                                               \
    static void step_##name(struct state *s) {                                                                         \
        register uint64_t flags __asm__("r8") = s->flags;                                                              \
        __asm__ volatile("pushq %%r8; popfq; " code "; pushfq; popq %%r8"                                              \
                         : "+a"(s->a), "+b"(s->b), "+c"(s->c), "+d"(s->d), "+r"(flags)                                 \
                         : "D"(s->memory + 4), "S"(s->memory)                                                          \
                         : "r9", "r10", "r12", "r13", "memory", "cc");                                                 \
        s->flags = flags;                                                                                              \
    }
#define FUNCTION(name, mask, code)                                                                                     \
    BODY(name, code)                                                                                                   \
    static void run_##name(void) { sweep(step_##name, mask); }
#define DIVISION(name, bits, is_signed, code)                                                                          \
    BODY(name, code)                                                                                                   \
    static void run_##name(void) { sweep_divide(step_##name, bits, is_signed); }
CASES(FUNCTION)
DIVISIONS(DIVISION)

#define ENTRY(name, ...) {#name, run_##name, false},
const struct known_case known_cases[] = {CASES(ENTRY) DIVISIONS(ENTRY)};
const unsigned known_count = sizeof known_cases / sizeof *known_cases;

#ifndef KNOWN_NATIVE
const uint64_t known_expected[] = {
#include "integers.expected"
};
#endif
