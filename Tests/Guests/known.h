// Known answers by the thousand: each case runs one instruction on many operands and hashes what it does to registers,
// memory and flags. The expected hashes come from the same source run natively: `build --expect` writes them.
//
// To find out where a guest differs, run it with `trace=CASE` on its command line, natively or on QEMU's TCG as well
// (`build --native DIR` builds the native program, which takes the same word), and compare the lines printed.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct known_case {
    const char *name;
    void (*run)(void); // calls known_result for each set of operands
    // QEMU's TCG may differ: it does not set the denormal flag, chooses NaNs as the x87 does, and so on.
    bool tcg_differs;
};
extern const struct known_case known_cases[];
extern const unsigned known_count;
extern const uint64_t known_expected[];

// Folds the words of one result into the hash of the case; with `trace`, prints them.
void known_result(const uint64_t *words, unsigned count);

#define CF 0x001u
#define PF 0x004u
#define AF 0x010u
#define ZF 0x040u
#define SF 0x080u
#define OF 0x800u
#define FLAGS (CF | PF | AF | ZF | SF | OF)
