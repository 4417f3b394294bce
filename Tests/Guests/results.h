// Named checks, the console and the command line of the bare test guests, 64-bit and 32-bit.
//
// A guest's `test_main` runs its cases. Each failed case prints one line with its name; the last line is
// `name: PASS cases=N skipped=N` or `name: FAIL ...`, and the debug-exit port gets 0 or 1.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

extern const char test_name[];
void test_main(void);

void check(const char *name, bool ok);
void check_equal(const char *name, uint64_t got, uint64_t expected);
// The processor does not offer what the case needs, or QEMU's TCG is known to differ from the manuals.
void skip(const char *name);
void print(const char *text);
void print_hex(uint64_t value);
_Noreturn void finish(void);

// For checks of more than a value: each begins with the first, and the second comes before what is wrong.
void count_case(const char *name);
void print_failed(const char *name);

// The word after `key` on the guest's command line, or NULL.
const char *option(const char *key);

// Takes the command line, and looks at what runs the guest. The address may be that of no start info.
void begin_results(const uint32_t *start_info);
// True on QEMU's TCG, for cases in which it departs from the manuals.
extern bool on_tcg;

void *memset(void *to, int value, size_t count);
void *memcpy(void *restrict to, const void *restrict from, size_t count);
int memcmp(const void *a, const void *b, size_t count);
