// Memory copy, eight bytes at a time, at changing offsets.
#include "guest.h"

const char guest_name[] = "copy";
const uint64_t guest_expected = 0x0ac0ededc9db5a27;

#define WORDS 131072u
#define ROUNDS 420

static uint64_t from[WORDS + 16], to[WORDS + 16];

// Not inlined and opaque, or the compiler would turn the loop into a call of memcpy.
__attribute__((noinline)) static void copy(uint64_t *target, const uint64_t *source, uint64_t words) {
    for (uint64_t i = 0; i < words; i++) {
        target[i] = source[i];
        __asm__ volatile("" ::: "memory");
    }
}

uint64_t guest_run(void) {
    uint64_t state = 7, sum = 0;
    for (uint32_t i = 0; i < WORDS + 16; i++) from[i] = guest_random(&state);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        copy(to + (round & 15), from + (round * 5 & 15), WORDS);
        from[round & 1023] ^= to[(round * 77 & 65535) + 16];
        sum = sum * 31 + to[(round * 1021 & 65535) + 16];
    }
    return sum;
}
