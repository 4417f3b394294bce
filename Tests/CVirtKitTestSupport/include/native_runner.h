#ifndef NATIVE_RUNNER_H
#define NATIVE_RUNNER_H

#include <stdint.h>

/* Runs generated user-level code on the host's CPU, in a child process that nothing generated can harm.
 *
 * The child spends its life in a signal handler: returning from it loads a case's whole state (sigreturn), and whatever
 * ends the code (INT3, with which the code window is filled, or a fault) comes back as a signal with the whole state.
 * A seccomp filter refuses every system call but those of two known instructions; a timer of CPU time ends loops. */

enum {
    NATIVE_CODE_BYTES = 128,      /* bytes of code in a case */
    NATIVE_CODE_WINDOW = 0x2000,  /* two executable pages, then nothing */
    NATIVE_DATA_WINDOW = 0x2000,  /* two pages to read and write, then nothing for a page, then one to read */
    NATIVE_BATCH = 128,           /* cases that one submission may have */
    NATIVE_HANG = 0x100,          /* `signal` of a case that does not end */
    NATIVE_LOST = 0x101,          /* `signal` of a case in which the child died */
};

#define NATIVE_CODE_ADDRESS 0x3A517000ull
#define NATIVE_DATA_ADDRESS 0x10000000ull
#define NATIVE_CONSTANT_ADDRESS (NATIVE_DATA_ADDRESS + 0x3000)

/* The registers before or after a case. */
struct native_state {
    uint64_t gpr[16];  /* RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8 ... R15 */
    uint64_t rip;
    uint64_t rflags;
    uint64_t fs_base, gs_base;
    uint16_t cs, ss, ds, es, fs, gs;
    uint16_t padding[2];
    uint32_t signal;   /* result: what ended the code */
    uint32_t vector;   /* result: the exception's vector */
    uint64_t error;    /* result: the exception's error code, as Linux reports it */
    uint64_t address;  /* result: CR2, for vector 14 */
    uint8_t fx[512];  /* FXSAVE64 image */
};

struct native_case {
    struct native_state before, after;
    uint64_t code_address;  /* where the code goes; it may end with the code window */
    uint32_t code_bytes;
    uint32_t padding;
    uint8_t code[NATIVE_CODE_BYTES];
    uint8_t data_before[NATIVE_DATA_WINDOW];
    uint8_t data_after[NATIVE_DATA_WINDOW];
};

struct native_runner;

/* Starts a child; null where the host can't (not x86-64 Linux with FSGSBASE and XSAVE). */
struct native_runner *native_start(void);
/* Ends the child. */
void native_stop(struct native_runner *runner);
/* One of the `NATIVE_BATCH` cases that parent and child share. */
struct native_case *native_case_at(struct native_runner *runner, uint32_t index);
/* Hands the first `count` cases to the child. */
void native_submit(struct native_runner *runner, uint32_t count);
/* Waits until they have run. If the child dies, that case is marked as lost, and a new child does the rest.
   Returns 0, or -errno where no child can be started. */
int native_wait(struct native_runner *runner);
/* Its windows: arrays of this size don't come through to Swift. */
static inline uint8_t *native_data_before(struct native_case *test) { return test->data_before; }
static inline uint8_t *native_data_after(struct native_case *test) { return test->data_after; }
/* The byte at `offset` of the read-only page. */
uint8_t native_constant(uint32_t offset);

#endif
