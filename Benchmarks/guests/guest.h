// What one benchmark guest provides, and what the harness (guest.c) does with it.
#pragma once
#include <stddef.h>
#include <stdint.h>

// Printed with the result.
extern const char guest_name[];

// The checksum that `guest_run` must return. Found by running the same source natively: see `build --expect`.
extern const uint64_t guest_expected;

// The work. The same on every run: no input, no clock.
uint64_t guest_run(void);

// The next value of a 64-bit linear congruential generator (Knuth's MMIX constants), for made-up data.
static inline uint64_t guest_random(uint64_t *state) {
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state >> 33;
}
