#include "CVirtKitTestSupport.h"

#if defined(__x86_64__)

bool vkt_has_x86(void) { return true; }
bool vkt_has_fma(void) { return __builtin_cpu_supports("fma"); }

// MXCSR is set right before and read right after the instruction, inside one asm block.
#define RUN(text, ...) __asm__ volatile("ldmxcsr %[control]\n\t" text "\n\tstmxcsr %[control]" __VA_ARGS__)

#define BINARY(text) \
    RUN(text " %[b], %[a]", : [a] "+x"(x), [control] "+m"(word) : [b] "x"(y))
#define UNARY(text) \
    RUN(text " %[b], %[a]", : [a] "+x"(x), [control] "+m"(word) : [b] "x"(y))
#define COMPARE(text)                                                                                          \
    do {                                                                                                       \
        uint8_t zf, pf, cf;                                                                                    \
        RUN(text " %[b], %[a]\n\tsetz %[zf]\n\tsetp %[pf]\n\tsetc %[cf]",                                      \
            : [zf] "=q"(zf), [pf] "=q"(pf), [cf] "=q"(cf), [control] "+m"(word) : [a] "x"(x), [b] "x"(y)       \
            : "cc");                                                                                           \
        result = pf ? 3 : zf ? 1 : cf ? 0 : 2;                                                                 \
    } while (0)
#define TO_INTEGER(text, type)                                                                                 \
    do {                                                                                                       \
        type integer;                                                                                          \
        RUN(text " %[a], %[i]", : [i] "=r"(integer), [control] "+m"(word) : [a] "x"(x));                       \
        result = (uint64_t)(int64_t)integer;                                                                   \
    } while (0)
#define FROM_INTEGER(text, type)                                                                               \
    RUN(text " %[i], %[a]", : [a] "+x"(x), [control] "+m"(word) : [i] "r"((type)a))

#define SCALAR(NAME, TYPE, BITS, S, OTHERTYPE, OTHERBITS, CONVERT)                                             \
    uint64_t NAME(int operation, uint64_t a, uint64_t b, uint64_t c, uint32_t *mxcsr) {                        \
        uint32_t word = *mxcsr, saved;                                                                         \
        union { TYPE f; BITS i; } ua = {.i = (BITS)a}, ub = {.i = (BITS)b}, uc = {.i = (BITS)c};               \
        TYPE x = ua.f, y = ub.f, z = uc.f;                                                                     \
        uint64_t result = 0;                                                                                   \
        bool isInteger = false;                                                                                \
        __asm__ volatile("stmxcsr %0" : "=m"(saved));                                                          \
        switch (operation) {                                                                                   \
        case VKT_ADD: BINARY("adds" S); break;                                                                 \
        case VKT_SUB: BINARY("subs" S); break;                                                                 \
        case VKT_MUL: BINARY("muls" S); break;                                                                 \
        case VKT_DIV: BINARY("divs" S); break;                                                                 \
        case VKT_MIN: BINARY("mins" S); break;                                                                 \
        case VKT_MAX: BINARY("maxs" S); break;                                                                 \
        case VKT_SQRT: y = x; UNARY("sqrts" S); break;                                                         \
        case VKT_ROUND_NEAREST: y = x; UNARY("rounds" S " $0,"); break;                                        \
        case VKT_ROUND_DOWN: y = x; UNARY("rounds" S " $1,"); break;                                           \
        case VKT_ROUND_UP: y = x; UNARY("rounds" S " $2,"); break;                                             \
        case VKT_ROUND_ZERO: y = x; UNARY("rounds" S " $3,"); break;                                           \
        case VKT_ROUND_MXCSR: y = x; UNARY("rounds" S " $4,"); break;                                          \
        case VKT_ROUND_QUIET: y = x; UNARY("rounds" S " $12,"); break;                                         \
        case VKT_FMA:                                                                                          \
            RUN("vfmadd213s" S " %[c], %[b], %[a]",                                                            \
                : [a] "+x"(x), [control] "+m"(word) : [b] "x"(y), [c] "x"(z));                                 \
            break;                                                                                             \
        case VKT_CONVERT_FORMAT: {                                                                             \
            union { OTHERTYPE f; OTHERBITS i; } out = {.i = 0};                                                \
            RUN(CONVERT " %[a], %[o]", : [o] "+x"(out.f), [control] "+m"(word) : [a] "x"(x));                  \
            result = out.i;                                                                                    \
            isInteger = true;                                                                                  \
            break;                                                                                             \
        }                                                                                                      \
        case VKT_COMI: COMPARE("comis" S); isInteger = true; break;                                            \
        case VKT_UCOMI: COMPARE("ucomis" S); isInteger = true; break;                                          \
        case VKT_TO_INT32: TO_INTEGER("cvts" S "2si", int32_t); isInteger = true; break;                       \
        case VKT_TO_INT64: TO_INTEGER("cvts" S "2si", int64_t); isInteger = true; break;                       \
        case VKT_TRUNCATE_INT32: TO_INTEGER("cvtts" S "2si", int32_t); isInteger = true; break;                \
        case VKT_TRUNCATE_INT64: TO_INTEGER("cvtts" S "2si", int64_t); isInteger = true; break;                \
        case VKT_FROM_INT32: FROM_INTEGER("cvtsi2s" S "l", int32_t); break;                                    \
        case VKT_FROM_INT64: FROM_INTEGER("cvtsi2s" S "q", int64_t); break;                                    \
        default: break;                                                                                        \
        }                                                                                                      \
        __asm__ volatile("ldmxcsr %0" : : "m"(saved));                                                         \
        *mxcsr = word;                                                                                         \
        if (isInteger) return result;                                                                          \
        ua.f = x;                                                                                              \
        return ua.i;                                                                                           \
    }

SCALAR(vkt_sse64, double, uint64_t, "d", float, uint32_t, "cvtsd2ss")
SCALAR(vkt_sse32, float, uint32_t, "s", double, uint64_t, "cvtss2sd")

#else

bool vkt_has_x86(void) { return false; }
bool vkt_has_fma(void) { return false; }
uint64_t vkt_sse64(int operation, uint64_t a, uint64_t b, uint64_t c, uint32_t *mxcsr) { return 0; }
uint64_t vkt_sse32(int operation, uint64_t a, uint64_t b, uint64_t c, uint32_t *mxcsr) { return 0; }

#endif
