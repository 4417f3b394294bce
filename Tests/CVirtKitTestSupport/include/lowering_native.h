#ifndef LOWERING_NATIVE_H
#define LOWERING_NATIVE_H

#include <stdint.h>

/* The registers of one native run of one instruction. The assembly in lowering_native.c knows the offsets. */
struct lowering_state {
    uint64_t gpr[16];  /* RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 ... R15 */
    uint64_t rflags;
    uint64_t rip;      /* where to start; after a fault, where it happened */
    uint64_t exit;     /* which exit stub was reached: 0, 1 or 2 */
    uint64_t signal;   /* 0, or the signal that the instruction raised */
    uint64_t address;  /* si_addr of that signal; all ones for general protection */
    uint64_t compatibility;  /* not 0: start and end in 32-bit code, through the far pointers below */
    uint64_t padding[10];
    uint8_t fx[512];   /* FXSAVE64 image; the native side copies the state to an aligned place */
};

/* Runs the code at state->rip natively until it reaches an exit stub or faults; 0 where the host can't (not x86-64). */
int lowering_native_run(struct lowering_state *state);

/* Writes the exit stub for `number` at `where` (32 bytes). It leaves no trace in the state but `exit`. */
void lowering_write_exit(uint8_t *where, uint64_t number);

/* Writes the exit stub for `number` in 32-bit code at `where`; `gate` is 64-bit code below 4 GiB that it goes through
   (another 32 bytes). */
void lowering_write_exit32(uint8_t *where, uint8_t *gate, uint64_t number);

/* Maps `size` bytes at exactly `address`, readable, writable and (if asked) executable; 0 on success, or -errno. */
int lowering_map(uint64_t address, uint64_t size, int executable);

/* Makes `size` bytes at `address` inaccessible. */
int lowering_protect(uint64_t address, uint64_t size);

/* Sets the GS base of this thread. */
int lowering_set_gs(uint64_t base);

#endif
