// Test oracles: single instructions run on the host's CPU, with chosen control words.
#ifndef CVIRTKIT_TEST_SUPPORT_H
#define CVIRTKIT_TEST_SUPPORT_H

#include <stdbool.h>
#include <stdint.h>

/// Whether this host can run the x86 oracles.
bool vkt_has_x86(void);
/// Whether the host has FMA3.
bool vkt_has_fma(void);

enum {
    VKT_ADD, VKT_SUB, VKT_MUL, VKT_DIV, VKT_SQRT, VKT_MIN, VKT_MAX,
    VKT_ROUND_NEAREST, VKT_ROUND_DOWN, VKT_ROUND_UP, VKT_ROUND_ZERO, VKT_ROUND_MXCSR, VKT_ROUND_QUIET, VKT_FMA,
    VKT_CONVERT_FORMAT,  // single to double, or double to single
    VKT_COMI, VKT_UCOMI, // result: the relation (0 less, 1 equal, 2 greater, 3 unordered)
    VKT_TO_INT32, VKT_TO_INT64, VKT_TRUNCATE_INT32, VKT_TRUNCATE_INT64,
    VKT_FROM_INT32, VKT_FROM_INT64,
};

/// One SSE instruction on doubles. `*mxcsr` (all exceptions masked) is the control word and receives the flags.
uint64_t vkt_sse64(int operation, uint64_t a, uint64_t b, uint64_t c, uint32_t *mxcsr);
/// The same on singles, in the low 32 bits.
uint64_t vkt_sse32(int operation, uint64_t a, uint64_t b, uint64_t c, uint32_t *mxcsr);

/// Runs one x87 instruction (`first byte << 8 | ModRM`; a memory form's operand is `memory`, 128 bytes) between an
/// FXRSTOR of `image` and an FXSAVE to `result`, both of 512 bytes aligned at 16. Returns RFLAGS after it.
/// No unmasked exception may be pending in `image` unless the instruction doesn't wait.
uint64_t vkt_x87(uint16_t opcode, bool operandSize16, const void *image, void *memory, uint64_t flags, void *result);

#endif
