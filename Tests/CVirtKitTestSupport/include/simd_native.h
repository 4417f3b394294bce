#ifndef SIMD_NATIVE_H
#define SIMD_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

/* What one MMX or SSE instruction can see; RDI holds the structure's address, so that [rdi] is `memory`. The assembly in
   simd_native.c knows the offsets. Align it to 16 bytes. */
struct simd_state {
    uint8_t memory[16];
    uint8_t xmm[3][16];
    uint64_t mm[3];
    uint64_t rax, rcx, rdx;
    uint64_t rflags; /* result only */
    uint32_t mxcsr;
    uint32_t signal; /* the signal that the instruction raised, or 0 (simd_run_forked only) */
} __attribute__((aligned(16)));

/* Whether this host can be the oracle: x86-64 with SSE4.2, AES and PCLMULQDQ. */
bool simd_supported(void);

/* Writes the instruction, and a return, to an executable page (reused by the next call; not thread-safe). */
bool simd_load(const uint8_t *bytes, uint32_t count);

/* Runs the loaded instruction on the state. No SIMD exception may be unmasked. */
void simd_run(struct simd_state *state);

/* Runs the loaded instruction on each state in a child process that catches SIGFPE. */
bool simd_run_forked(struct simd_state *states, uint32_t count);

#endif
