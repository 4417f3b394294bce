// Hash mixing: 64-bit multiplications, rotations and xors (MurmurHash3's finaliser) over an array.
#include "guest.h"

const char guest_name[] = "mix";
const uint64_t guest_expected = 0x2dd7194e93f75980;

#define WORDS 8192u
#define ROUNDS 50000

static uint64_t data[WORDS];

static inline uint64_t rotate(uint64_t value, int count) { return value << count | value >> (64 - count); }

uint64_t guest_run(void) {
    uint64_t state = 3, hash = 0x1234567;
    for (uint32_t i = 0; i < WORDS; i++) data[i] = guest_random(&state);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 0; i < WORDS; i++) {
            uint64_t k = data[i] ^ hash;
            k ^= k >> 33;
            k *= 0xff51afd7ed558ccdu;
            k ^= k >> 33;
            k *= 0xc4ceb9fe1a85ec53u;
            k ^= k >> 33;
            hash = rotate(hash, 27) * 5 + k;
        }
    }
    return hash;
}
